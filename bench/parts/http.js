// The cost of a request in whole apps: Express with several ways to keep a session, node:http, Hono and Next.
import { generateSessionCookie } from "@auth0/nextjs-auth0/testing";
import { mintSession } from "../../dist/testing.js";
import { COLUMNS, compare } from "../http/load.js";
import { startNext, startRedis, startServers } from "../http/servers.js";
import { tokens, user } from "../reference.js";

const HOW =
  "16 connections without pipelining, from another process; the rows take turns in every round, and the first round is discarded. Processor time is that of the server's process, garbage collection included.";

const ALONE = `Each app has a process of its own. ${HOW}`;

const isName = (body) => JSON.parse(body).name === user.name;

/** @param {string} path @param {(response: Response) => boolean} sets whether the response's cookies are right */
const rowsOf = (path, apps, sets) =>
  apps
    .filter(({ only }) => !only || only.includes(path))
    .map(({ name, note, ours, server, cookie, ports }) => ({
      name,
      note,
      ours,
      server,
      target: {
        url: `http://127.0.0.1:${ports[path]}/${path}`,
        cookie,
        isRight: (body, response) => isName(body) && sets(response),
      },
    }));

const setsCookie = (response) => response.headers.getSetCookie().length > 0;

const CHECKED = [
  "latchkey",
  "latchkey-tokens",
  "bare",
  "by-hand",
  "by-hand-caching",
  "iron-session",
  "express-openid-connect",
  "cookie-session",
];
/** Apps that no check compares with latchkey; a quick run leaves them out. */
const OTHERS = ["express-openid-connect-still", "memory"];

const stopAll = (apps) => {
  for (const { server } of apps) server.stop();
};

/** The tables of Express; without an extent for writing, only the table of reading. */
async function expressTables({ express, writing }, skipped) {
  const redis = writing && (await startRedis());
  if (writing && !redis) skipped.push("express-session with Redis: needs redis-server on the PATH");
  const names = [...CHECKED, ...(writing ? OTHERS : []), ...(redis ? ["redis", "latchkey-redis"] : [])];
  let apps = [];
  const table = async (title, text, path, sets, extent) => ({
    title,
    text: `${text} ${ALONE}`,
    columns: COLUMNS,
    rows: await compare(rowsOf(path, apps, sets), extent),
    chart: "rate",
  });
  try {
    apps = await startServers("express-server.js", names, redis ? [redis.url] : []);
    const read = "The cookie holds the reference session or its id, and the response is the user's name as JSON.";
    const tables = [await table("Express reads the session", read, "read", () => true, express)];
    if (!writing) return tables;
    const roll = "Each response records that the user was active; by default latchkey does so once in 2.4 hours.";
    tables.push(await table("Express rolls the session", roll, "roll", setsCookie, writing));
    const update = "Each request changes a number in the session, which is stored before the response is sent.";
    tables.push(await table("Express updates the session", update, "update", () => true, writing));
    return tables;
  } finally {
    stopAll(apps);
    redis?.stop();
  }
}

/** Adds to each framework with latchkey its share of the bare framework's rate. */
function withShares(rows) {
  const rateOf = (name) => rows.find((row) => row.name === name).rate.median;
  return rows.map((row) => {
    const [bare, adapter] = row.name.split(", ");
    return adapter ? { ...row, share: (100 * row.rate.median) / rateOf(bare) } : row;
  });
}

const NODE = ["node:http", "node:http, latchkey/express", "Hono", "Hono, latchkey/edge"];

async function nodeTable(extent) {
  const apps = await startServers("node-server.js", NODE);
  try {
    const rows = rowsOf("read", apps, () => true);
    return {
      title: "node:http and Hono read the session",
      text: `latchkey's Express middleware around a bare listener, and its edge adapter around Hono on @hono/node-server. ${ALONE}`,
      columns: [...COLUMNS, { key: "share", name: "of the bare rate", unit: "%" }],
      rows: withShares(await compare(rows, extent)),
    };
  } finally {
    stopAll(apps);
  }
}

const SECRET = "a secret for the bench of at least thirty-two characters";
const ISSUER = "https://issuer.example/";

/** The environment variables of the Next app. */
const settingsOf = (baseUrl) => ({
  LATCHKEY_ISSUER: ISSUER,
  LATCHKEY_CLIENT_ID: "bench",
  LATCHKEY_CLIENT_SECRET: "bench",
  LATCHKEY_SECRET: SECRET,
  LATCHKEY_BASE_URL: baseUrl,
  AUTH0_DOMAIN: new URL(ISSUER).host,
  AUTH0_CLIENT_ID: "bench",
  AUTH0_CLIENT_SECRET: "bench",
  AUTH0_SECRET: SECRET,
  APP_BASE_URL: baseUrl,
});

const latchkeyCookie = (baseUrl) =>
  mintSession({
    issuer: ISSUER,
    clientId: "bench",
    secret: SECRET,
    baseUrl,
    user,
    tokens: { ...tokens, expiresAt: tokens.expiresAt * 1000 },
  });

/** The cookies of nextjs-auth0, which splits a session into parts of 3,500 characters. */
async function auth0Cookie() {
  const value = await generateSessionCookie({ user, tokenSet: tokens }, { secret: SECRET });
  if (value.length <= 3500) return `__session=${value}`;
  return value
    .match(/.{1,3500}/g)
    .map((part, index) => `__session__${index}=${part}`)
    .join("; ");
}

/** A page and a route handler, each bare, with latchkey and with nextjs-auth0. */
async function nextTables(extent) {
  const server = await startNext(settingsOf);
  try {
    const cookie = await latchkeyCookie(server.baseUrl);
    const kinds = [
      { name: "latchkey/next", ours: true, folder: "latchkey", cookie },
      { name: "Next, no session", note: "rendered at each request, by `headers()`", folder: "bare", cookie },
      { name: "@auth0/nextjs-auth0", folder: "auth0", cookie: await auth0Cookie() },
    ];
    const table = async (title, path, isRight) => {
      const rows = kinds.map(({ folder, cookie, ...row }) => ({
        ...row,
        server,
        target: { url: `${server.baseUrl}/${path}/${folder}`, cookie, isRight },
      }));
      const text = `\`getSession()\`, and the user's name in the response; one app for all, built by \`next build\`, without a proxy. ${HOW}`;
      return { title, text, columns: COLUMNS, rows: await compare(rows, extent) };
    };
    return [
      await table("A page of Next's App Router reads the session", "page", (body) => body.includes(user.name)),
      await table("A route handler of Next reads the session", "api", isName),
    ];
  } finally {
    server.stop();
  }
}

/** @param {import("../lib/report.js").Table} reading */
function checksOf(reading) {
  const rowOf = (name) => reading.rows.find((row) => row.name === name);
  const rateOf = (name) => rowOf(name).rate.median;
  const ours = reading.rows.find((row) => row.ours).rate.median;
  const [stored, peer] = [rowOf("latchkey/express, Redis"), rowOf("express-session, Redis")];
  const against = (what, name, atLeast) => ({
    what: `Express reading a session, against ${what}`,
    atLeast,
    got: ours / rateOf(name),
  });
  return [
    against("the fair limit", "by hand, with caching headers", 0.95),
    against("express-openid-connect", "express-openid-connect", 2),
    against("iron-session", "iron-session", 3.5),
    against("cookie-session", "cookie-session", 1.5),
    ...(stored
      ? [
          {
            what: "Processor time of Express reading a session in Redis, against express-session",
            atMost: 0.75,
            got: stored.cpu / peer.cpu,
          },
        ]
      : []),
  ];
}

const WITH_QUICK =
  "with --quick: express-session, express-openid-connect without rolling; the tables of rolling, updating and Next";

const QUICK = {
  express: { rounds: 3, milliseconds: 250, warm: 750 },
  node: { rounds: 3, milliseconds: 200, warm: 400 },
};
const FULL = {
  express: { rounds: 7, milliseconds: 280, warm: 1600 },
  writing: { rounds: 5, milliseconds: 250, warm: 600 },
  node: { rounds: 5, milliseconds: 250, warm: 600 },
  next: { rounds: 3, milliseconds: 500, warm: 1500 },
};

/** @param {{ quick: boolean }} extent @returns {Promise<import("../lib/report.js").Part>} */
export async function run({ quick }) {
  const extent = quick ? QUICK : FULL;
  const skipped = quick ? [WITH_QUICK] : [];
  const express = await expressTables(extent, skipped);
  const tables = [...express, await nodeTable(extent.node), ...(extent.next ? await nextTables(extent.next) : [])];
  return { title: "Requests to whole apps", tables, checks: checksOf(express[0]), skipped };
}
