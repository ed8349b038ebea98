import { IncomingMessage, ServerResponse } from "node:http";
import { Socket } from "node:net";
import express, { type NextFunction, type Request, type Response } from "express";
import { describe, expect, test } from "vitest";
import { auth, requireSession } from "../../adapters/express.js";
import { mintSession } from "../../adapters/testing/index.js";
import { plainRequest } from "../support/app.js";

test("requireSession without auth() before it is a configuration error", async () => {
  const app = express();
  app.get("/", requireSession(), (_req, res) => void res.send("never"));
  app.use((error: { code?: string }, _req: Request, res: Response, _next: NextFunction) => {
    res.status(500).send(String(error.code));
  });
  const server = app.listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const { port } = server.address() as { port: number };
  const response = await plainRequest(`http://127.0.0.1:${port}`, "/", {});
  expect([response.status, response.body]).toEqual([500, "invalid_config"]);
  server.close();
});

describe("node:http: an error of the app's callback is not caught, and the callback is called once", () => {
  const options = {
    issuer: "https://op.example/",
    clientId: "client",
    clientSecret: "secret",
    secret: "a secret of at least thirty-two characters",
    baseUrl: "http://localhost:3000",
  };
  const middleware = auth(options);
  /** Without a session the callback runs at once; the first request with a session waits for the derived keys. */
  const headers: Record<string, () => Promise<Record<string, string>>> = {
    "without a session": async () => ({}),
    "with a session": async () => ({ cookie: await mintSession({ ...options, user: { sub: "alice" } }) }),
  };

  test.each(Object.keys(headers))("%s: a rejection is an unhandled rejection", async (when) => {
    const calls: unknown[] = [];
    const appError = new Error("the app's own");
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
      throw appError;
    });
    expect(await unhandled).toBe(appError);
    expect(calls).toEqual([undefined]);
  });

  test("a synchronous error is thrown to the caller", () => {
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
