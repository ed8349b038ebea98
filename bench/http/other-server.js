// node:http and Hono, with and without us, in one process, each on a port of its own.
import { createServer } from "node:http";
import { serve } from "@hono/node-server";
import { Hono } from "hono";
import { createAuth } from "../../dist/edge.js";
import { auth } from "../../dist/express.js";
import { mintSession } from "../../dist/testing.js";
import { answerQuestions } from "../lib/child.js";
import { tokens, user } from "../reference.js";

const options = {
  issuer: "https://issuer.example",
  clientId: "bench",
  clientSecret: "bench",
  secret: "a secret for the bench of at least thirty-two characters",
  baseUrl: "http://127.0.0.1",
};

const answer = (res, name) => {
  res.setHeader("content-type", "application/json");
  res.end(JSON.stringify({ name }));
};

function nodeServers() {
  const middleware = auth(options);
  return {
    "node:http": createServer((_req, res) => answer(res, user.name)),
    "node:http, latchkey/express": createServer((req, res) =>
      middleware(req, res, () => answer(res, req.auth.session.user.name)),
    ),
  };
}

function honoApps() {
  const { wrap } = createAuth(options);
  const bare = new Hono().get("/", (context) => context.json({ name: user.name }));
  const ours = new Hono().get("/", (context) => read(context.req.raw));
  const read = wrap((_request, { session }) => Response.json({ name: session.user.name }));
  return { Hono: bare, "Hono, latchkey/edge": ours };
}

const portOf = (server) =>
  new Promise((resolve) => {
    if (server.listening) resolve(server.address().port);
    else server.once("listening", () => resolve(server.address().port));
  });

answerQuestions(async () => {
  const servers = { ...nodeServers() };
  for (const server of Object.values(servers)) server.listen(0, "127.0.0.1");
  for (const [name, { fetch }] of Object.entries(honoApps())) {
    servers[name] = serve({ fetch, hostname: "127.0.0.1", port: 0 });
  }
  const cookie = await mintSession({
    ...options,
    user,
    tokens: { ...tokens, expiresAt: tokens.expiresAt * 1000 },
  });
  const ready = [];
  for (const [name, server] of Object.entries(servers)) ready.push({ name, port: await portOf(server), cookie });
  return { ready };
});
