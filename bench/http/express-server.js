// Starts one of the Express apps, and reports its port to the parent.
import "./cpu.js";
import { expressApps } from "./express-apps.js";

const listen = (app) =>
  new Promise((resolve) => {
    const server = app.listen(0, "127.0.0.1", () => resolve(server.address().port));
  });

const [name, redis] = process.argv.slice(2);
const { app, rolling = app, ...row } = await expressApps[name]({ redis });
const port = await listen(app);
const rollingPort = rolling === app ? port : await listen(rolling);
process.send({ ...row, ports: { read: port, update: port, roll: rollingPort } });
