// node:http or Hono, bare or with latchkey; reports its port to the parent. /read returns the user's name.
import { createServer } from "node:http";
import { getRequestListener } from "@hono/node-server";
import { Hono } from "hono";
import { createAuth } from "../../dist/edge.js";
import { auth } from "../../dist/express.js";
import { mintSession } from "../../dist/testing.js";
import { tokens, user } from "../reference.js";
import "./cpu.js";

const options = {
  issuer: "https://issuer.example",
  clientId: "bench",
  clientSecret: "bench",
  secret: "a secret for the bench of at least thirty-two characters",
  baseUrl: "http://127.0.0.1",
};

/** The app's response, with the same headers in every app. */
function respond(res, name) {
  res.setHeader("content-type", "application/json");
  res.end(JSON.stringify({ name }));
}

function nodeWithLatchkey() {
  const signIn = auth(options);
  return (req, res) =>
    signIn(req, res, (error) => {
      if (error) res.writeHead(500).end();
      else respond(res, req.auth.session.user.name);
    });
}

/** @param {(c: import("hono").Context) => string} nameOf */
function hono(nameOf) {
  const app = new Hono();
  app.get("/read", (c) => c.json({ name: nameOf(c) }));
  return app;
}

function honoWithLatchkey() {
  const app = hono((c) => c.env.session.user.name);
  return getRequestListener(createAuth(options).wrap((request, { session }) => app.fetch(request, { session })));
}

const listeners = {
  "node:http": () => (_req, res) => respond(res, user.name),
  "node:http, latchkey/express": nodeWithLatchkey,
  Hono: () => getRequestListener(hono(() => user.name).fetch),
  "Hono, latchkey/edge": honoWithLatchkey,
};

const [name] = process.argv.slice(2);
const cookie = await mintSession({ ...options, user, tokens: { ...tokens, expiresAt: tokens.expiresAt * 1000 } });
const server = createServer(listeners[name]());
server.listen(0, "127.0.0.1", () => process.send({ name, cookie, ports: { read: server.address().port } }));
