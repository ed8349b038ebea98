import express from "express";
import { expect, test } from "vitest";
import { requireSession } from "../../adapters/express.js";
import { plainRequest } from "../support/app.js";

test("requireSession without auth() in front of it says so", async () => {
  const app = express();
  app.get("/", requireSession(), (_req, res) => void res.send("never"));
  app.use(
    (
      error: { code?: string },
      _req: unknown,
      res: { status(code: number): { send(text: string): void } },
      _next: unknown,
    ) => res.status(500).send(String(error.code)),
  );
  const server = app.listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const { port } = server.address() as { port: number };
  const answer = await plainRequest(`http://127.0.0.1:${port}`, "/", {});
  expect([answer.status, answer.body]).toEqual([500, "ERR_CONFIG"]);
  server.close();
});
