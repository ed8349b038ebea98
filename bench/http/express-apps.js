// One Express app for each way to keep a session: /read returns the user's name, /roll records activity (where the library
// does not do so at every request), /update changes the session. All hold the reference session.
import { createCipheriv, createDecipheriv, createSecretKey, randomBytes } from "node:crypto";
import { RedisStore } from "connect-redis";
import cookieSession from "cookie-session";
import express from "express";
import openid from "express-openid-connect";
import { encryptSync, getKeyStore } from "express-openid-connect/lib/crypto.js";
import expressSession, { MemoryStore } from "express-session";
import { getIronSession, sealData } from "iron-session";
import { createClient } from "redis";
import { auth } from "../../dist/express.js";
import { redisStore } from "../../dist/redis.js";
import { mintSession } from "../../dist/testing.js";
import { session, tokens, user } from "../reference.js";

/**
 * @typedef {object} ExpressApp
 * @property {string} name
 * @property {string} [note]
 * @property {boolean} [ours]
 * @property {string} cookie The Cookie header of a signed-in browser.
 * @property {import("express").Express} app
 * @property {import("express").Express} [rolling] The app for /roll, if it needs other middleware.
 * @property {string[]} [only] The paths to request; all by default.
 */

const SECRET = "a secret for the bench of at least thirty-two characters";

/** An app with its routes; each handler returns the user's name. */
function appOf(middleware, handlers) {
  const app = express();
  app.disable("x-powered-by");
  for (const one of middleware) app.use(one);
  for (const [path, handler] of Object.entries(handlers)) {
    app.get(`/${path}`, async (req, res) => res.json({ name: await handler(req, res) }));
  }
  return app;
}

let count = 0;

/** No session: the cost of Express and of the response alone. */
const bare = () => ({
  name: "Express, no session",
  note: "the same response without reading the request",
  app: appOf([], { read: () => user.name }),
  cookie: `session=${"x".repeat(3440)}`,
  only: ["read"],
});

/**
 * The simplest code that an app could use instead of a library: one encrypted cookie without chunks, expiry or a change of keys.
 * @param {{ caching: boolean }} choice `caching`: with the headers that keep the response out of shared caches, which
 *   latchkey sends with every response that is made from a session
 */
function byHand({ caching }) {
  const key = createSecretKey(randomBytes(32));
  const seal = (value) => {
    const iv = randomBytes(12);
    const cipher = createCipheriv("aes-256-gcm", key, iv);
    const body = Buffer.concat([cipher.update(JSON.stringify(value), "utf8"), cipher.final()]);
    return Buffer.concat([iv, cipher.getAuthTag(), body]).toString("base64url");
  };
  const open = (text) => {
    const bytes = Buffer.from(text, "base64url");
    const decipher = createDecipheriv("aes-256-gcm", key, bytes.subarray(0, 12));
    decipher.setAuthTag(bytes.subarray(12, 28));
    return JSON.parse(decipher.update(bytes.subarray(28), undefined, "utf8") + decipher.final("utf8"));
  };
  const read = (req, res, next) => {
    const pair = req.headers.cookie?.split("; ").find((one) => one.startsWith("session="));
    req.session = pair ? open(pair.slice(8)) : undefined;
    if (caching) res.setHeader("cache-control", "private").setHeader("vary", "Cookie");
    next();
  };
  const write = (req, res) => {
    res.setHeader("set-cookie", `session=${seal(req.session)}; Path=/; Max-Age=86400; HttpOnly; SameSite=Lax`);
    return req.session.user.name;
  };
  return {
    name: caching ? "by hand, with caching headers" : "by hand, node:crypto",
    note: caching
      ? "the fair limit: the same, and the headers that keep a session out of shared caches"
      : "the limit: one AES-256-GCM cookie, nothing checked but its tag",
    app: appOf([read], {
      read: (req) => req.session.user.name,
      roll: write,
      update: (req, res) => {
        req.session.data = { count: ++count };
        return write(req, res);
      },
    }),
    cookie: `session=${seal(session)}`,
    only: caching ? ["read"] : undefined,
  };
}

const LATCHKEY = {
  issuer: "https://issuer.example",
  clientId: "bench",
  clientSecret: "bench",
  secret: SECRET,
  baseUrl: "http://127.0.0.1",
};
/** An access token that is valid for a day, so that none is refreshed. */
const fresh = { ...tokens, expiresAt: Date.now() + 86_400_000 };

async function latchkey() {
  return {
    name: "latchkey/express",
    note: "opens tokens only when the app requests one; the others open the whole session",
    ours: true,
    ...(await latchkeyApps(LATCHKEY)),
  };
}

/** @param {{ redis: string }} settings the URL of a Redis server */
async function latchkeyInRedis({ redis }) {
  const client = createClient({ url: redis });
  await client.connect();
  return {
    name: "latchkey/express, Redis",
    note: "user and tokens sealed in Redis on the same machine; changes of one session wait for each other",
    ...(await latchkeyApps({ ...LATCHKEY, store: redisStore(client), session: { storage: "store" } })),
  };
}

async function latchkeyApps(options) {
  const read = (req) => req.auth.session.user.name;
  const update = async (req) => {
    await req.auth.update({ count: ++count });
    return read(req);
  };
  return {
    app: appOf([auth(options)], { read, update }),
    // Rolls at every request; by default once in 2.4 hours.
    rolling: appOf([auth({ ...options, session: { ...options.session, rollAfter: 0 } })], { roll: read }),
    cookie: await mintSession({ ...options, user, tokens: fresh }),
  };
}

/** `latchkey` with the access token, so that the whole session is opened, as the others always do. */
async function latchkeyTokens() {
  return {
    name: "latchkey/express, with the access token",
    note: "opens user and tokens, as the others do",
    app: appOf([auth(LATCHKEY)], {
      read: async (req) => {
        const token = await req.auth.getAccessToken();
        return token === fresh.accessToken && req.auth.session.user.name;
      },
    }),
    cookie: await mintSession({ ...LATCHKEY, user, tokens: fresh }),
    only: ["read"],
  };
}

async function ironSession() {
  const options = { password: SECRET, cookieName: "session", cookieOptions: { secure: false } };
  const openSession = (req, res) => getIronSession(req, res, options);
  return {
    name: "iron-session",
    app: appOf([], {
      read: async (req, res) => (await openSession(req, res)).user.name,
      roll: async (req, res) => {
        const current = await openSession(req, res);
        await current.save();
        return current.user.name;
      },
      update: async (req, res) => {
        const current = await openSession(req, res);
        current.count = ++count;
        await current.save();
        return current.user.name;
      },
    }),
    cookie: `session=${await sealData(session, { password: SECRET })}`,
  };
}

function openidConnect({ rolling }) {
  const [key] = getKeyStore(SECRET, true);
  const now = Math.floor(Date.now() / 1000);
  const stored = {
    id_token: tokens.idToken,
    access_token: tokens.accessToken,
    refresh_token: tokens.refreshToken,
    token_type: "Bearer",
    expires_at: tokens.expiresAt,
  };
  const value = encryptSync(JSON.stringify(stored), key, { iat: now, uat: now, exp: now + 86_400 });
  const middleware = openid.auth({
    secret: SECRET,
    baseURL: "http://127.0.0.1",
    issuerBaseURL: "https://issuer.example",
    clientID: "bench",
    clientSecret: "bench",
    authRequired: false,
    idpLogout: false,
    authorizationParams: { response_type: "code" },
    session: rolling ? {} : { rolling: false },
  });
  return {
    name: rolling ? "express-openid-connect" : "express-openid-connect, not rolling",
    note: rolling ? "its default: seals and sends the session with every response" : undefined,
    app: appOf([middleware], {
      read: (req) => req.oidc.user.name,
      roll: (req) => req.oidc.user.name,
      update: (req) => {
        req.appSession.count = ++count;
        return req.oidc.user.name;
      },
    }),
    cookie: chunked("appSession", value),
    only: rolling ? undefined : ["read"],
  };
}

/** Splits a value into cookies as express-openid-connect does. */
function chunked(name, value) {
  const size = 4096 - 150;
  if (value.length <= size) return `${name}=${value}`;
  const parts = Array.from({ length: Math.ceil(value.length / size) }, (_, index) =>
    value.slice(index * size, (index + 1) * size),
  );
  return parts.map((part, index) => `${name}.${index}=${part}`).join("; ");
}

/** The cookies that an app sets at /sign-in, for libraries that cannot create them otherwise. */
async function cookiesOf(app) {
  const server = app.listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const response = await fetch(`http://127.0.0.1:${server.address().port}/sign-in`);
  server.close();
  return response.headers
    .getSetCookie()
    .map((line) => line.split(";", 1)[0])
    .join("; ");
}

async function signedCookie() {
  const app = appOf([cookieSession({ name: "session", keys: [SECRET], maxAge: 86_400_000 })], {
    "sign-in": (req) => {
      Object.assign(req.session, session);
      return user.name;
    },
    read: (req) => req.session.user.name,
    roll: (req) => {
      req.session.rolled = Math.random();
      return req.session.user.name;
    },
    update: (req) => {
      req.session.count = ++count;
      return req.session.user.name;
    },
  });
  return {
    name: "cookie-session",
    note: "signs only: anyone with the cookie can read it",
    app,
    cookie: await cookiesOf(app),
  };
}

async function serverSession(name, note, store) {
  const options = { secret: SECRET, resave: false, saveUninitialized: false, store };
  const read = (req) => req.session.user.name;
  const app = appOf([expressSession(options)], {
    read,
    "sign-in": (req) => {
      Object.assign(req.session, session);
      return user.name;
    },
    update: (req) => {
      req.session.count = ++count;
      return read(req);
    },
  });
  const rolling = appOf([expressSession({ ...options, rolling: true })], { roll: read });
  return { name, note, app, rolling, cookie: await cookiesOf(app) };
}

const inMemory = () =>
  serverSession("express-session, memory", "an id in the cookie; the data in this process", new MemoryStore());

/** @param {{ redis: string }} settings the URL of a Redis server */
async function inRedis({ redis }) {
  const client = createClient({ url: redis });
  await client.connect();
  return serverSession(
    "express-session, Redis",
    "an id in the cookie; Redis on the same machine",
    new RedisStore({ client }),
  );
}

/** @type {Record<string, (settings: { redis?: string }) => ExpressApp | Promise<ExpressApp>>} */
export const expressApps = {
  latchkey,
  "latchkey-tokens": latchkeyTokens,
  bare,
  "by-hand": () => byHand({ caching: false }),
  "by-hand-caching": () => byHand({ caching: true }),
  "iron-session": ironSession,
  "express-openid-connect": () => openidConnect({ rolling: true }),
  "express-openid-connect-still": () => openidConnect({ rolling: false }),
  "cookie-session": signedCookie,
  memory: inMemory,
  redis: inRedis,
  "latchkey-redis": latchkeyInRedis,
};
