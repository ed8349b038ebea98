import { user } from "../reference.js";
import { createBrowser } from "./wire/browser.js";
import { standStill } from "./wire/clock.js";
import { createProvider, ISSUED_AT } from "./wire/provider.js";
import * as sessions from "./wire/sessions.js";
import * as signIns from "./wire/sign-in.js";

const REQUESTS = 500;
const DAY = 8 * 3600 * 1000;
/** For libraries that do the same at every request, `--quick` makes every fifth request. */
const QUICK = 5;

/**
 * `protection`: how the library protects the session in the cookie, if it keeps the session there.
 * `writes`: when it writes the session again. `steady`: all requests are alike at any time, so that a few represent all.
 * `step`: the number of requests that one request represents, even in a full run.
 */
const PEERS = [
  {
    name: "latchkey",
    ours: true,
    create: signIns.latchkey,
    protection: "encrypted",
    writes: "after a tenth of the idle limit",
    note: "no scope, because it is the requested one",
  },
  {
    name: "@auth0/nextjs-auth0",
    create: signIns.nextjsAuth0,
    protection: "encrypted",
    writes: "each response",
    steady: true,
    note: "without `updated_at`, scope twice; each write deletes all possible parts",
  },
  {
    name: "express-openid-connect",
    create: signIns.expressOpenidConnect,
    protection: "encrypted",
    writes: "each response",
    steady: true,
    note: "the user only as claims inside the ID Token; no scope",
  },
  {
    name: "@auth/core",
    create: signIns.authCore,
    protection: "encrypted",
    writes: "each `/session`",
    steady: true,
    note: "tokens and claims kept by a `jwt` callback; with its cookies `csrf-token` and `callback-url`",
  },
  {
    name: "better-auth",
    create: signIns.betterAuthStateless,
    protection: "encrypted",
    writes: "after four fifths of its week",
    note: "stateless (no database); claims as far as its schema and four more fields allow; session, user and account in three cookies",
  },
  {
    name: "iron-session",
    create: sessions.ironSession,
    protection: "encrypted",
    writes: "when the app calls it",
    steady: true,
    note: "does not roll",
  },
  {
    name: "cookie-session",
    create: sessions.cookieSessions,
    protection: "signed",
    writes: "when changed",
    steady: true,
    note: "does not roll; anyone with the cookie can read the tokens",
  },
  {
    name: "@fastify/secure-session",
    create: sessions.fastifySecureSession,
    protection: "encrypted",
    writes: "each `touch()`",
    steady: true,
    note: "with `touch()` at each request; otherwise it does not roll",
  },
  {
    name: "h3",
    create: sessions.h3Sessions,
    protection: "encrypted",
    writes: "after half of the idle limit",
    step: 25,
    note: "with `idleTimeout` of a day",
  },
  {
    name: "express-session",
    create: sessions.expressSessions,
    writes: "when new",
    steady: true,
    note: "for orientation: the cookie is an id, the session is on the server",
  },
];

/** Signs in and makes the requests of a working day. @param {number} step the number of requests that each one represents */
async function measure({ create }, { provider, clock, step }) {
  clock.set(ISSUED_AT);
  const app = await create(provider);
  try {
    const browser = createBrowser(app, provider);
    const signedIn = await browser.signIn();
    const day = { sent: 0, set: 0, writes: 0 };
    for (let count = 1; count <= REQUESTS / step; count++) {
      clock.set(ISSUED_AT + (count * step * DAY) / REQUESTS);
      const { sent, set } = await browser.visit(count, user.sub);
      day.sent += sent * step;
      day.set += set * step;
      if (set > 0) day.writes += step;
    }
    return { signedIn, day };
  } finally {
    await app.close?.();
  }
}

/** Measures every peer in turn, with one provider. A peer that fails is left out, with its error. */
async function measureAll(quick) {
  const provider = createProvider();
  const { fetch } = globalThis;
  const clock = standStill(ISSUED_AT);
  const [measured, skipped] = [[], []];
  globalThis.fetch = provider.fetch;
  try {
    for (const peer of PEERS) {
      const step = peer.step ?? (quick && peer.steady ? QUICK : 1);
      try {
        measured.push({ ...peer, ...(await measure(peer, { provider, clock, step })) });
      } catch (error) {
        if (peer.ours) throw error;
        skipped.push(`${peer.name}: ${error.message}`);
      }
    }
  } finally {
    globalThis.fetch = fetch;
    clock.restore();
  }
  return { measured, skipped };
}

const row = ({ name, ours, protection, writes, note }, figures) => ({
  name,
  ours,
  note,
  protection: protection ?? "on the server",
  writes,
  ...figures,
});

const sizes = (measured) => ({
  title: "The cookies of one session",
  text: "The reference session (nine claims, three tokens) as each library stores it. Libraries with a sign-in got it by their own sign-in at one provider; an app gave the others user and tokens. Cookie: the value of the header at the next page. Set-Cookie: all header lines of the response that signed in, from their name to the end of the line.",
  columns: [
    { key: "protection", name: "in the cookie", unit: "" },
    { key: "cookie", name: "Cookie", unit: "bytes", better: "less" },
    { key: "cookies", name: "cookies", unit: "" },
    { key: "setCookie", name: "Set-Cookie", unit: "bytes", better: "less" },
  ],
  rows: measured.map((peer) =>
    row(peer, { cookie: peer.signedIn.sent, cookies: peer.signedIn.cookies, setCookie: peer.signedIn.set }),
  ),
  chart: "cookie",
});

const days = (measured) => ({
  title: "A working day of 500 requests",
  text: "Eight hours by a simulated clock, with rolling enabled where a library has it, otherwise with its defaults. Bytes of all received Set-Cookie lines and all sent Cookie headers after the sign-in. @auth/core: one request in ten is assumed to be `/session`, one for each page. Real requests to the real library; for h3 every 25th, because its key derivation is slow on purpose.",
  columns: [
    { key: "writes", name: "written again", unit: "" },
    { key: "responses", name: "responses that write", unit: "" },
    { key: "setCookie", name: "Set-Cookie", unit: "kB", better: "less" },
    { key: "cookie", name: "Cookie", unit: "kB", better: "less" },
  ],
  rows: measured.map((peer) =>
    row(peer, { responses: peer.day.writes, setCookie: peer.day.set / 1000, cookie: peer.day.sent / 1000 }),
  ),
  chart: "setCookie",
});

function checksOf(measured) {
  const ours = measured.find((peer) => peer.ours);
  const nextjsAuth0 = measured.find(({ name }) => name === "@auth0/nextjs-auth0");
  const [best] = measured
    .filter((peer) => !peer.ours && peer.protection)
    .sort((left, right) => left.signedIn.sent - right.signedIn.sent);
  const checks = [];
  if (ours && best) {
    const what = `Cookie bytes against the best peer with the same content (${best.name})`;
    checks.push({ what, atMost: 0.85, got: ours.signedIn.sent / best.signedIn.sent });
  }
  if (ours && nextjsAuth0) {
    const what = "Set-Cookie bytes over the day against nextjs-auth0";
    checks.push({ what, atMost: 0.05, got: ours.day.set / nextjsAuth0.day.set });
  }
  return checks;
}

/** @returns {Promise<import("../lib/report.js").Part>} */
export async function run({ quick }) {
  const { measured, skipped } = await measureAll(quick);
  return {
    title: "Bytes on the wire",
    tables: [sizes(measured), days(measured)],
    checks: checksOf(measured),
    skipped,
  };
}
