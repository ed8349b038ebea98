import { IncomingMessage, ServerResponse } from "node:http";
import { Socket } from "node:net";
import express from "express";
import { describe, expect, test } from "vitest";
import { auth, requireSession } from "../../adapters/express.js";
import { mintSession } from "../../adapters/testing/index.js";
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
  expect([answer.status, answer.body]).toEqual([500, "invalid_config"]);
  server.close();
});

describe("node:http: what the app's callback does wrong is the app's, and it is called once", () => {
  const options = {
    issuer: "https://op.example/",
    clientId: "client",
    clientSecret: "secret",
    secret: "a secret of at least thirty-two characters",
    baseUrl: "http://localhost:3000",
  };
  const middleware = auth(options);
  /** Whether something is waited for before the callback: the first request with a session derives keys. */
  const headers: Record<string, () => Promise<Record<string, string>>> = {
    "at once": async () => ({}),
    "after opening a session": async () => ({ cookie: await mintSession({ ...options, user: { sub: "alice" } }) }),
  };

  test.each(Object.keys(headers))("%s", async (when) => {
    const calls: unknown[] = [];
    const fault = new Error("the app's own");
    const unhandled = new Promise((resolve) => {
      const others = process.listeners("unhandledRejection");
      process.removeAllListeners("unhandledRejection");
      process.once("unhandledRejection", (error) => {
        for (const other of others) process.on("unhandledRejection", other);
        resolve(error);
      });
    });
    const req = new IncomingMessage(new Socket());
    Object.assign(req, { method: "GET", url: "/", headers: { host: "localhost:3000", ...(await headers[when]?.()) } });
    middleware(req, new ServerResponse(req), async (error) => {
      calls.push(error);
      throw fault;
    });
    expect(await unhandled).toBe(fault);
    expect(calls).toEqual([undefined]);
  });

  test("thrown, it is thrown on", () => {
    const req = new IncomingMessage(new Socket());
    Object.assign(req, { method: "GET", url: "/", headers: { host: "localhost:3000" } });
    const calls: unknown[] = [];
    const call = () =>
      middleware(req, new ServerResponse(req), (error) => {
        calls.push(error);
        throw new Error("the app's own");
      });
    expect(call).toThrow("the app's own");
    expect(calls).toEqual([undefined]);
  });
});
