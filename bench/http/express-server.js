// All the Express apps in one process, each on ports of its own: tells its parent where they are.
import { expressApps } from "./express-apps.js";

const listen = (app) =>
  new Promise((resolve) => {
    const server = app.listen(0, "127.0.0.1", () => resolve(server.address().port));
  });

const [redis] = process.argv.slice(2);
const rows = [];
for (const { app, rolling = app, ...row } of await expressApps({ redis })) {
  const port = await listen(app);
  const rollingPort = rolling === app ? port : await listen(rolling);
  rows.push({ ...row, ports: { read: port, update: port, roll: rollingPort } });
}
process.send(rows);
process.on("message", () => process.send(process.cpuUsage()));
process.on("disconnect", () => process.exit(0));
