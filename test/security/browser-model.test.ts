import { Agent } from "node:http";
import fc from "fast-check";
import { CookieJar } from "tough-cookie";
import { afterAll, beforeAll, expect, test } from "vitest";
import { plainRequest, startApp, type TestApp } from "../support/app.js";
import { runs } from "../support/runs.js";

/**
 * Sends requests of a browser (tough-cookie, with its limit of 4,096 bytes) to a real app over HTTP. Requests overlap, and
 * their responses reach the browser in any order.
 */

let app: TestApp;
beforeAll(async () => {
  app = await startApp({
    provider: { rotateRefreshTokens: true },
    options: { session: { inactivityDuration: 3600, rollAfter: 30 } },
  });
});
/** Connections stay open, as a browser's do. */
const agent = new Agent({ keepAlive: true });
afterAll(() => {
  agent.destroy();
  return app.close();
});

const NAVIGATE = { "sec-fetch-mode": "navigate", "sec-fetch-site": "same-origin", accept: "text/html" };

type Action = "sign_in" | "sign_out" | "look" | "update" | "refresh" | "deliver" | "wait";
const schedules = fc.array(
  fc.record({
    action: fc.constantFrom<Action>(
      "sign_in",
      "sign_in",
      "sign_out",
      "look",
      "update",
      "refresh",
      "deliver",
      "deliver",
      "deliver",
      "wait",
    ),
    pick: fc.nat({ max: 12 }),
  }),
  { minLength: 5, maxLength: 18 },
);

interface Pending {
  readonly setCookies: readonly string[];
  readonly endedUser?: string;
  readonly signedInAs?: number;
}

async function play(schedule: ReadonlyArray<{ action: Action; pick: number }>): Promise<void> {
  const jar = new CookieJar(undefined, { prefixSecurity: "strict" });
  const inFlight: Pending[] = [];
  const ended = new Set<string>();
  /** Users whose sign-out the server has processed, so that the provider has revoked their tokens; the browser may not know yet. */
  const revoked = new Set<string>();
  let users = 0;
  let newestArrived = 0;
  let tokenRefused = false;

  const header = () => jar.getCookieStringSync(`${app.url}/`);
  const send = (target: string, options: { method?: string } = {}) =>
    plainRequest(app.url, target, { ...options, agent, headers: { ...NAVIGATE, cookie: header(), origin: app.url } });
  const store = (lines: readonly string[]) => {
    for (const line of lines) {
      const pair = line.split(";", 1)[0] ?? "";
      expect(pair.length).toBeLessThanOrEqual(4096);
      jar.setCookieSync(line, `${app.url}/`);
    }
  };

  /** Checks that the user whom the server sees as signed in is one who may be. */
  async function look() {
    const answer = await send("/");
    store(answer.setCookies);
    const { session } = JSON.parse(answer.body);
    if (session) {
      expect(ended.has(session.user.sub), `${session.user.sub} was signed out and is back`).toBe(false);
      expect(Number(session.user.sub.slice(5)), "an earlier user is back").toBeGreaterThanOrEqual(newestArrived);
      expect(session.data.owner ?? session.user.sub, "another user's data").toBe(session.user.sub);
    }
    return session;
  }

  const serve: Record<Exclude<Action, "deliver" | "wait">, () => Promise<void>> = {
    async sign_in() {
      // Four callbacks in flight are enough.
      if (inFlight.filter(({ signedInAs }) => signedInAs).length === 4) return;
      // The redirect to the provider is delivered at once; only the response to the callback stays in flight.
      const user = ++users;
      const login = await send("/auth/login");
      store(login.setCookies);
      const { url } = await app.provider.authorize(String(login.headers.location), { user: { sub: `user-${user}` } });
      const { pathname, search } = new URL(url);
      const callback = await send(pathname + search);
      expect(callback.status).toBe(302);
      app.clock.advance(0.001);
      inFlight.push({ setCookies: callback.setCookies, signedInAs: user });
    },
    async sign_out() {
      const session = JSON.parse((await send("/")).body).session;
      const answer = await send("/auth/logout", { method: "POST" });
      if (session) revoked.add(session.user.sub);
      inFlight.push({ setCookies: answer.setCookies, ...(session ? { endedUser: session.user.sub } : {}) });
    },
    async look() {
      inFlight.push({ setCookies: (await send("/")).setCookies });
    },
    async update() {
      const session = JSON.parse((await send("/")).body).session;
      if (session) inFlight.push({ setCookies: (await send(`/update?owner=${session.user.sub}`)).setCookies });
    },
    async refresh() {
      const session = JSON.parse((await send("/")).body).session;
      const answer = await send("/token?force");
      if (session && !revoked.has(session.user.sub) && answer.status !== 200) tokenRefused = true;
      inFlight.push({ setCookies: answer.setCookies });
    },
  };

  async function arrive(pick: number) {
    const [response] = inFlight.splice(pick % inFlight.length, 1);
    store(response?.setCookies ?? []);
    if (response?.endedUser) ended.add(response.endedUser);
    if (response?.signedInAs) newestArrived = Math.max(newestArrived, response.signedInAs);
    await look();
  }

  for (const { action, pick } of schedule) {
    if (action === "wait") app.clock.advance(pick);
    else if (action !== "deliver") await serve[action]();
    else if (inFlight.length > 0) await arrive(pick);
  }
  while (inFlight.length > 0) await arrive(0);
  await look();
  expect(tokenRefused, "a refresh token was spent twice").toBe(false);
}

test("in any order of responses, no ended session returns, no user gets another's data, and no refresh is undone", async () => {
  await fc.assert(fc.asyncProperty(schedules, play), runs(0.3));
}, 600_000);
