// All the Express apps in one process, each on ports of its own.
import { answerQuestions } from "../lib/child.js";
import { expressApps } from "./express-apps.js";

const listen = (app) =>
  new Promise((resolve) => {
    const server = app.listen(0, "127.0.0.1", () => resolve(server.address().port));
  });

answerQuestions(async ({ redis }) => {
  const ready = [];
  for (const { app, rolling = app, ...row } of await expressApps({ redis })) {
    const port = await listen(app);
    ready.push({ ...row, ports: { read: port, update: port, roll: rolling === app ? port : await listen(rolling) } });
  }
  return { ready };
});
