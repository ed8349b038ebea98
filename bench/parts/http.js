// Requests a second of servers that read, roll and update the reference session.
import { COLUMNS, loadSideBySide } from "../http/load.js";
import { nextCookies, startNext } from "../http/next.js";
import { startRedis } from "../http/redis.js";
import { startChild } from "../lib/child.js";
import { user } from "../reference.js";

const HOW =
  "All of them in one process, asked in turn by autocannon from another: 16 connections, one request at a time each; the first round is not counted.";

/** What is asked of the Express apps, and what that means. */
const TASKS = {
  read: "The answer names who is signed in: the session is read, with whatever each does by default. ",
  roll: "The session is read and activity written down: latchkey with a stamp due at each request (by default it is once in 2.4 hours), express-openid-connect by its default, express-session with `rolling`, the others by saving the session. ",
  update: "A number in the session changes, and is kept. ",
};

/** One table of the Express apps. */
async function expressTable(task, apps, extent) {
  const rows = apps.filter(({ only = [task] }) => only.includes(task));
  const measured = await loadSideBySide(
    rows.map(({ name, cookie, ports }) => ({
      name,
      cookie,
      url: `http://127.0.0.1:${ports[task]}/${task}`,
      expects: user.name,
    })),
    extent,
  );
  return {
    title: { read: "Express reads the session", roll: "Express rolls it", update: "Express updates it" }[task],
    text: TASKS[task] + HOW,
    columns: COLUMNS,
    rows: rows.map(({ name, note, ours }) => ({ name, note, ours, ...measured[name] })),
    chart: "rate",
  };
}

async function expressTables(tasks, extent, skipped) {
  const redis = await startRedis();
  if (!redis) skipped.push("express-session with Redis: it needs redis-server on the PATH");
  const server = await startChild(new URL("../http/express-server.js", import.meta.url), { redis: redis?.url });
  try {
    const tables = [];
    for (const task of tasks) tables.push(await expressTable(task, server.ready, extent));
    return tables;
  } finally {
    server.stop();
    redis?.stop();
  }
}

async function otherTable(extent) {
  const server = await startChild(new URL("../http/other-server.js", import.meta.url), {});
  try {
    const targets = server.ready.map(({ port, ...row }) => ({
      ...row,
      url: `http://127.0.0.1:${port}/`,
      expects: user.name,
    }));
    const measured = await loadSideBySide(targets, extent);
    return {
      title: "node:http and Hono",
      text: `The same answer without a session, and with it. ${HOW}`,
      columns: COLUMNS,
      rows: targets.map(({ name }) => ({ name, ...measured[name] })),
      chart: "rate",
    };
  } finally {
    server.stop();
  }
}

const NEXT_ROWS = {
  latchkey: { name: "latchkey/next", ours: true },
  bare: { name: "Next, no session", note: "dynamic, by `headers()`" },
  auth0: { name: "@auth0/nextjs-auth0" },
};

/** A page or a route handler of one Next app, which reads the session with `getSession()`. */
async function nextTable(title, folder, origin, extent) {
  const cookies = await nextCookies();
  const targets = Object.entries(NEXT_ROWS).map(([kind, row]) => ({
    ...row,
    url: `${origin}/${folder}${kind}`,
    cookie: cookies[kind],
    expects: user.name,
  }));
  const measured = await loadSideBySide(targets, extent);
  return {
    title,
    text: `\`next start\` of Next 16, no middleware: what \`getSession()\` costs. ${HOW}`,
    columns: COLUMNS,
    rows: targets.map(({ name, note, ours }) => ({ name, note, ours, ...measured[name] })),
    chart: "rate",
  };
}

async function nextTables(extent) {
  const server = await startNext();
  try {
    return [
      await nextTable("Next: a page of the App Router", "", server.origin, extent),
      await nextTable("Next: a route handler", "api/", server.origin, extent),
    ];
  } finally {
    server.stop();
  }
}

/** What reading a session was promised, by the name of the row and how many times its requests. */
const PROMISES = {
  "by hand, node:crypto": 0.95,
  "express-openid-connect": 2,
  "iron-session": 3.5,
  "cookie-session": 1.5,
};

function checksOf({ rows }) {
  const rateOf = (wanted) => rows.find(({ name }) => name === wanted).rate.median;
  return Object.entries(PROMISES).map(([name, atLeast]) => ({
    what: `Express reading a session: requests a second, times those of ${name}`,
    atLeast,
    got: rateOf("latchkey/express") / rateOf(name),
  }));
}

/** @returns {Promise<import("../lib/report.js").Part>} */
export async function run({ quick }) {
  const skipped = [];
  const extent = quick ? { rounds: 1, seconds: 0.5 } : { rounds: 5, seconds: 1 };
  if (quick) skipped.push("rolling and updating in Express: not with --quick");
  const tables = await expressTables(quick ? ["read"] : Object.keys(TASKS), extent, skipped);
  tables.push(await otherTable({ ...extent, rounds: Math.min(extent.rounds, 3) }));
  if (quick) skipped.push("Next, which must be built first: not with --quick");
  else tables.push(...(await nextTables({ ...extent, rounds: 4 })));
  return { title: "HTTP", tables, checks: checksOf(tables[0]), skipped };
}
