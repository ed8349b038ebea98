import { createServer, type IncomingMessage, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, test } from "vitest";
import { auth, getAuth } from "../../adapters/node.js";
import { plainRequest, startApp } from "../support/app.js";
import { createEdgeAuth } from "../support/edge-auth.js";
import { runtimes } from "../support/runtimes.js";

// The response to an upgrade request cannot set cookies, so a refresh there would lose the session.

test.each(["workerd", "Deno"] as const)(
  "%s: a WebSocket handler that asks for a token causes no refresh",
  async (name) => {
    const app = await startApp({ framework: runtimes[name] });
    try {
      const browser = app.browser();
      await browser.signIn();
      const before = app.provider.requests.length;
      const headers = {
        connection: "Upgrade",
        upgrade: "websocket",
        "sec-websocket-version": "13",
        "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==",
      };
      expect((await browser.fetch("/socket", { headers })).headers["x-test-status"]).toBe("101");
      expect(app.provider.requests.length).toBe(before);
      app.clock.advance(60);
      expect(JSON.parse((await browser.fetch("/token?force")).body)).toEqual({ token: expect.stringMatching(/./) });
    } finally {
      await app.close();
    }
  },
);

test("Node: with a ServerResponse made for the upgrade, the session can be read and no token is refreshed", async () => {
  const edge = await createEdgeAuth();
  await edge.signIn();
  const middleware = auth(edge.options);
  const results: unknown[] = [];
  const server = createServer().on("upgrade", (req: IncomingMessage, socket) => {
    const res = new ServerResponse(req);
    res.assignSocket(socket as never);
    middleware(req, res, async () => {
      const { session, getAccessToken } = getAuth(req);
      results.push(session?.user.sub, await getAccessToken({ refresh: true }).catch(({ code }) => code));
      socket.destroy();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const before = edge.tokenRequests();
  const { port } = server.address() as AddressInfo;
  const headers = { host: "app.example", cookie: edge.cookieHeader(), connection: "Upgrade", upgrade: "WebSocket" };
  await plainRequest(`http://127.0.0.1:${port}`, "/page", { headers }).catch(() => {});
  server.close();
  expect([results, edge.tokenRequests()]).toEqual([["alice", "refresh_required"], before]);
  const refresh = edge.auth.wrap(async (request) => {
    return new Response(await edge.auth.getAccessToken(request, { refresh: true }));
  });
  expect((await edge.send(refresh)).status).toBe(200);
});
