import { SignJWT } from "jose";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { installed, type Server, startRedis } from "../support/databases.js";
import { type Browser, pause, startWorld, type World } from "./world.js";

let redis: Server;
let world: World;
beforeAll(async () => {
  if (installed.redis) redis = await startRedis();
});
afterEach(() => world?.stop());
afterAll(() => redis?.stop());

/** Seconds for which a machine trusts its last look at a session in cookies. */
const CHECK_EVERY = 1;

const start = async (storage: "cookies" | "store") => {
  world = await startWorld({
    options: { store: { engine: "ioredis", port: redis.port }, storage, checkEvery: CHECK_EVERY },
  });
};

const storages = [["cookies"], ["store"]] as const;

/** Whether a browser is signed in, on each machine, once a look that is remembered is over. */
async function isSignedIn(browser: Browser): Promise<boolean[]> {
  const statuses: number[] = [];
  for (const machine of world.machines.keys()) statuses.push((await browser.get("/private", { machine })).status);
  return statuses.map((status) => status === 200);
}

describe.skipIf(!installed.redis).each(storages)("sessions in %s (needs redis-server)", (storage) => {
  const settle = () => pause(storage === "cookies" ? CHECK_EVERY * 1_000 + 100 : 0);

  test("a user is signed out everywhere, but for one session, and may sign in again", async () => {
    await start(storage);
    const [first, second, other] = [world.browser(), world.browser(), world.browser()];
    await first.signIn("ada", 0);
    await second.signIn("ada", 1);
    await other.signIn("bob", 0);
    const { id } = (await second.get("/private")).body as { id: string };
    const listed = (await first.get("/sessions?sub=ada", { machine: 1 })).body as unknown as Array<{ id: string }>;
    expect(listed).toHaveLength(2);
    expect(listed.map((session) => session.id)).toContain(id);
    await first.get(`/sign-out-everywhere?sub=ada&except=${id}`, { machine: 0 });
    await settle();
    expect(await isSignedIn(first)).toEqual([false, false]);
    expect((await first.get("/private")).body).toEqual({ reason: "revoked" });
    expect(await isSignedIn(second)).toEqual([true, true]);
    expect(await isSignedIn(other)).toEqual([true, true]);
    await pause(1_000);
    await first.signIn("ada");
    expect(await isSignedIn(first)).toEqual([true, true]);
  });

  test("many sign-ins of one user at once are all listed, and all signed out", async () => {
    const COUNT = Number(process.env["LATCHKEY_SIGN_INS"] ?? 60);
    await start(storage);
    const browsers = Array.from({ length: COUNT }, () => world.browser());
    for (let from = 0; from < COUNT; from += 20) {
      await Promise.all(browsers.slice(from, from + 20).map((browser) => browser.signIn("ada")));
    }
    const any = world.browser();
    expect((await any.get("/sessions?sub=ada")).body).toHaveLength(COUNT);
    await any.get("/sign-out-everywhere?sub=ada");
    await settle();
    expect((await any.get("/sessions?sub=ada")).body).toHaveLength(0);
    const left = await Promise.all(browsers.map(async (browser) => (await browser.get("/private")).status));
    expect(left.filter((status) => status !== 401)).toEqual([]);
  });

  test("a session that ended by a sign-out is not listed", async () => {
    await start(storage);
    const browser = world.browser();
    await browser.signIn("ada");
    await browser.get("/auth/logout", { method: "POST", headers: { "sec-fetch-site": "same-origin" } });
    expect((await browser.get("/sessions?sub=ada")).body).toHaveLength(0);
  });

  test("the provider signs out one of two browsers by its sid, and both by their sub", async () => {
    await start(storage);
    const [first, second] = [world.browser(), world.browser()];
    await first.signIn("ada");
    await second.signIn("ada");
    // The sign-out at the provider sends a logout token for the session of this browser there.
    const { provider } = world.provider;
    const sessions = [...(await sessionsAtProvider())];
    expect(sessions).toHaveLength(2);
    const client = await provider.Client.find(world.provider.clientId);
    await client.backchannelLogout("ada", sessions[0]);
    await settle();
    const states = [await isSignedIn(first), await isSignedIn(second)].map(String).sort();
    expect(states).toEqual(["false,false", "true,true"]);
    await post(await logoutToken({ sub: "ada" }));
    await settle();
    expect([await isSignedIn(first), await isSignedIn(second)]).toEqual([
      [false, false],
      [false, false],
    ]);
    await pause(1_000);
    await first.signIn("ada");
    expect(await isSignedIn(first)).toEqual([true, true]);
  });
});

/** The `sid` of each session of the client at the provider. */
async function sessionsAtProvider(): Promise<Set<string>> {
  const sids = new Set<string>();
  for (const value of world.provider.storage.values()) {
    const { authorizations } = (value ?? {}) as { authorizations?: Record<string, { sid: string }> };
    for (const { sid } of Object.values(authorizations ?? {})) sids.add(sid);
  }
  return sids;
}

const EVENTS = { "http://schemas.openid.net/event/backchannel-logout": {} };

/** A logout token of the provider; members that are undefined are left out. */
function logoutToken(change: Record<string, unknown> = {}, header: Record<string, unknown> = {}, key?: unknown) {
  const now = Math.floor(Date.now() / 1_000);
  const { issuer, clientId } = world.provider;
  const claims = {
    iss: issuer,
    aud: clientId,
    iat: now,
    exp: now + 120,
    jti: `${Math.random()}`,
    events: EVENTS,
    ...change,
  };
  return new SignJWT(JSON.parse(JSON.stringify(claims)))
    .setProtectedHeader({ alg: "RS256", kid: "key", typ: "logout+jwt", ...header })
    .sign((key ?? world.provider.key) as CryptoKey);
}

const post = (token: string) =>
  world.browser().get("/auth/backchannel-logout", {
    method: "POST",
    headers: { "content-type": "application/x-www-form-urlencoded" },
    body: `${new URLSearchParams({ logout_token: token })}`,
  });

test.skipIf(!installed.redis)(
  "logout tokens that are not valid are refused, each with its reason (needs redis-server)",
  async () => {
    await start("store");
    const browser = world.browser();
    await browser.signIn("ada");
    const now = Math.floor(Date.now() / 1_000);
    const unsigned = (await logoutToken({ sub: "ada" })).replace(
      /^[^.]+/,
      Buffer.from('{"alg":"none"}').toString("base64url"),
    );
    const hmac = new TextEncoder().encode(world.provider.clientSecret.padEnd(32, "x"));
    const cases: ReadonlyArray<readonly [string, string, string | RegExp]> = [
      ["nothing", "", "logout_token_invalid"],
      ["no JWT", "text", "logout_token_invalid"],
      ["alg none", unsigned, "logout_token_invalid"],
      ["HS256", await logoutToken({ sub: "ada" }, { alg: "HS256" }, hmac), "logout_token_invalid"],
      ["a nonce", await logoutToken({ sub: "ada", nonce: "n" }), "logout_token_invalid: nonce"],
      ["another audience", await logoutToken({ sub: "ada", aud: "other" }), "logout_token_invalid: aud"],
      ["another issuer", await logoutToken({ sub: "ada", iss: "https://other.example" }), "logout_token_invalid: iss"],
      ["expired", await logoutToken({ sub: "ada", iat: now - 600, exp: now - 300 }), "logout_token_invalid: exp"],
      ["from the future", await logoutToken({ sub: "ada", iat: now + 300 }), "logout_token_invalid: iat"],
      ["no event", await logoutToken({ sub: "ada", events: undefined }), "logout_token_invalid: events"],
      [
        "another event",
        await logoutToken({ sub: "ada", events: { "https://other": {} } }),
        "logout_token_invalid: events",
      ],
      ["neither sub nor sid", await logoutToken({}), "logout_token_invalid: sub"],
      ["no jti", await logoutToken({ sub: "ada", jti: undefined }), "logout_token_invalid: jti"],
      ["an ID Token's type", await logoutToken({ sub: "ada" }, { typ: "at+jwt" }), "logout_token_invalid: typ"],
    ];
    for (const [name, token, description] of cases) {
      const { status, body, headers } = await post(token);
      expect([name, status, body]).toEqual([name, 400, { error: "invalid_request", error_description: description }]);
      expect(headers["cache-control"]).toContain("no-store");
    }
    expect(await isSignedIn(browser)).toEqual([true, true]);

    const good = await logoutToken({ sub: "ada" });
    expect((await post(good)).status).toBe(200);
    expect(await isSignedIn(browser)).toEqual([false, false]);
    await pause(1_000);
    await browser.signIn("ada");
    expect((await post(good)).body).toEqual({
      error: "invalid_request",
      error_description: "logout_token_invalid: jti",
    });
    expect(await isSignedIn(browser)).toEqual([true, true]);
    // Delivered late: of a sign-out before this sign-in.
    const late = await logoutToken({ sub: "ada", iat: now - 5 });
    expect((await post(late)).status).toBe(200);
    expect(await isSignedIn(browser)).toEqual([true, true]);
  },
);
