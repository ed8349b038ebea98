import { randomBytes } from "node:crypto";
import cookieSession from "cookie-session";
import express from "express";
import expressSession from "express-session";
import createFastify from "fastify";
import { H3, useSession } from "h3";
import { getIronSession } from "iron-session";
import { tokens, user } from "../../reference.js";
import { overHttp } from "./http.js";

const secret = "a secret for the bench of at least thirty-two characters";

/** The session of an app that signs users in by itself. The granted scope is omitted if it is the requested one (RFC 6749 5.1). */
const { scope: _sameAsRequested, ...otherTokens } = tokens;
const content = { user, tokens: otherTokens };

const subOf = (session) => session?.user?.sub ?? "no user";

/** Express with a middleware that puts the session into `req.session`. */
async function expressWith(middleware) {
  const app = express().set("trust proxy", true).use(middleware);
  app.get("/sign-in", (req, res) => {
    Object.assign(req.session, content);
    res.send(subOf(req.session));
  });
  app.get("/", (req, res) => res.send(subOf(req.session)));
  return overHttp(app);
}

export const cookieSessions = () => expressWith(cookieSession({ keys: [secret] }));

export const expressSessions = () => expressWith(expressSession({ secret, resave: false, saveUninitialized: false }));

export function ironSession() {
  const options = { password: secret, cookieName: "session" };
  async function handle(request) {
    const response = new Response(null);
    const session = await getIronSession(request, response, options);
    if (new URL(request.url).pathname === "/sign-in") {
      Object.assign(session, content);
      await session.save();
    }
    return new Response(subOf(session), response);
  }
  return { handle };
}

/** With `touch()` before each page, which is how this library keeps a session alive. */
export async function fastifySecureSession() {
  // A native addon, which is not available on every machine.
  const { default: secureSession } = await import("@fastify/secure-session");
  const fastify = createFastify();
  await fastify.register(secureSession, { key: randomBytes(32), cookie: { path: "/" } });
  fastify.get("/sign-in", async ({ session }) => {
    for (const [name, value] of Object.entries(content)) session.set(name, value);
    return subOf(session.data());
  });
  fastify.get("/", async ({ session }) => {
    session.touch();
    return subOf(session.data());
  });
  async function handle(request) {
    const { pathname } = new URL(request.url);
    const response = await fastify.inject({ url: pathname, headers: Object.fromEntries(request.headers) });
    const lines = [response.headers["set-cookie"] ?? []].flat();
    return new Response(response.body, {
      status: response.statusCode,
      headers: lines.map((line) => ["set-cookie", line]),
    });
  }
  return { handle, close: () => fastify.close() };
}

/** With the library's idle timeout of a day; it writes the session again after half of that time. */
export function h3Sessions() {
  const app = new H3();
  const config = { password: secret, idleTimeout: 86_400 };
  app.get("/sign-in", async (event) => {
    const session = await useSession(event, config);
    await session.update(content);
    return subOf(session.data);
  });
  app.get("/", async (event) => subOf((await useSession(event, config)).data));
  return { handle: async (request) => app.fetch(request) };
}
