import express from "express";
import { auth, requireSession } from "latchkey/express";
import next from "next";

const port = Number(process.env.PORT ?? 3000);
const dir = import.meta.dirname ?? new URL(".", import.meta.url).pathname;
const app = next({ dir, port, hostname: "127.0.0.1", dev: process.env.NODE_ENV !== "production" });
await app.prepare();
const handle = app.getRequestHandler();

const server = express();
server.use(auth());
server.use("/profile", requireSession());
server.use((req, res) => {
  // Next 15 assigns `req.query`, which is read-only in Express 5.
  Object.defineProperty(req, "query", { value: undefined, writable: true, configurable: true, enumerable: true });
  return handle(req, res);
});
server.listen(port, "127.0.0.1", () => console.log(`http://127.0.0.1:${port}`));
