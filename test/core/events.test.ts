import { inspect } from "node:util";
import { beforeEach, describe, expect, test } from "vitest";
import { createAuth } from "../../adapters/edge.js";
import { createSessions } from "../../adapters/index.js";
import type { FaultName } from "../../adapters/testing/faults.js";
import { createClock, createCookieJar, createTestProvider, type TestProvider } from "../../adapters/testing/index.js";
import type { LatchkeyEvent } from "../../core/events.js";

const BASE = "https://app.example";
const SECRET = "a secret for tests of at least thirty-two characters";

describe("sessions alone", () => {
  let events: LatchkeyEvent[];
  const types = () => events.splice(0).map(({ type }) => type);
  const sessions = createSessions<{ cart: string[] }>({ secret: SECRET, onEvent: (event) => events.push(event) });
  /** The Cookie header after these Set-Cookie lines. */
  const cookies = (lines: readonly string[]) => lines.map((line) => line.split(";", 1)[0]).join("; ");
  beforeEach(() => {
    events = [];
  });

  test("the beginning and the end of a session emit one event each", async () => {
    const first = await sessions.load(null);
    first.begin({ cart: ["book"] });
    const header = cookies(await first.commit());
    expect(types()).toEqual(["session_began", "cookies_written"]);
    const second = await sessions.load(header);
    second.update({ cart: [] });
    await second.commit();
    expect(types()).toEqual(["session_opened", "cookies_written"]);
    second.destroy();
    await second.commit();
    await second.commit();
    expect(types()).toEqual(["session_ended", "cookies_written"]);
  });

  test("a session that replaces another ends the other", async () => {
    const session = await sessions.load(null);
    session.begin({ cart: ["book"] });
    await session.commit();
    session.begin({ cart: ["pen"] });
    await session.commit();
    expect(types()).toEqual(["session_began", "cookies_written", "session_ended", "session_began", "cookies_written"]);
  });

  test("a session that begins and ends before it is written emits no event", async () => {
    const session = await sessions.load(null);
    session.begin({ cart: ["book"] });
    session.destroy();
    await session.commit();
    expect(types()).not.toContain("session_began");
    expect(types()).not.toContain("session_ended");
  });

  test("a session that could not be written emits no event", async () => {
    const session = await sessions.load(null);
    session.begin({ cart: ["x".repeat(9000)] });
    await expect(session.commit()).rejects.toMatchObject({ code: "cookie_too_large" });
    expect(types()).toEqual([]);
  });
});

const FAULTS: FaultName[] = [
  ...(["invalid_client", "invalid_grant", "no_id_token", "other_token_type", "wrong_issuer_in_discovery"] as const),
  ...(["wrong_iss_in_response", "wrong_state_in_response", "missing_code_in_response"] as const),
  ...(["invalid_iss", "invalid_aud", "expired_id_token", "invalid_nonce", "wrong_at_hash", "empty_sub"] as const),
  ...(["other_subject_on_refresh", "alg_none", "invalid_signature", "unknown_kid", "logout_typ"] as const),
  ...(["unreachable", "slow", "html", "huge_body", "redirect", "status_429", "status_500"] as const),
];

/** An app with a browser, and all events that it emitted. */
async function start() {
  const clock = createClock();
  const provider = await createTestProvider({ clock, accessTokenLifetime: 3600 });
  const events: LatchkeyEvent[] = [];
  const { issuer, clientId, clientSecret, fetch } = provider;
  const auth = createAuth({
    ...{ issuer, clientId, clientSecret, fetch, secret: SECRET, baseUrl: BASE },
    scope: "openid profile email offline_access",
    now: clock.now,
    httpTimeout: 0.3,
    onEvent: (event) => events.push(event),
  });
  const jar = createCookieJar({ clock });
  const handle = auth.wrap(async (_request, { getAccessToken, logout }) => {
    if (_request.url.endsWith("/out")) return logout();
    return getAccessToken().then(
      (token) => new Response(token),
      (error) => new Response(error.code, { status: error.status }),
    );
  });
  const open = async (url: string, init?: RequestInit) => {
    const response = await handle(new Request(url, { ...init, headers: { cookie: jar.header(url) } }));
    jar.store(response, url);
    return response;
  };
  const begin = async () => (await open(`${BASE}/auth/login`)).headers.get("location") ?? "";
  const signIn = async () => open((await provider.authorize(await begin())).url);
  return { provider, clock, events, open, begin, signIn, cookieHeader: () => jar.header(BASE) };
}

const typesOf = (events: readonly LatchkeyEvent[]) =>
  events.map(({ type }) => type).filter((type) => type !== "transition" && type !== "cookies_written");

describe("sign-in", () => {
  test("a session begins at sign-in and ends at sign-out, once each", async () => {
    const { events, signIn, open } = await start();
    await signIn();
    await open(`${BASE}/out`);
    expect(typesOf(events)).toEqual(["session_began", "signed_in", "session_opened", "session_ended", "signed_out"]);
  });

  test("a session that ends because the provider refuses a refresh emits one event of its end", async () => {
    const { events, signIn, open, provider, clock } = await start();
    await signIn();
    events.length = 0;
    clock.advance(3600);
    provider.misbehave("invalid_grant");
    await open(`${BASE}/shows`);
    expect(typesOf(events)).toEqual(["session_opened", "failed"]);
    // Ten seconds later no other machine can have the session's new tokens.
    clock.advance(11);
    events.length = 0;
    provider.misbehave("invalid_grant");
    await open(`${BASE}/shows`);
    expect(typesOf(events)).toEqual(["session_opened", "session_ended", "failed"]);
  });
});

/** Values that must not be in an event: those sent, received or set as a cookie, of 8 characters or more. */
function secretsOf(provider: TestProvider, cookieHeader: string): string[] {
  const names = ["code", "code_verifier", "refresh_token", "client_secret", "token", "state", "nonce"];
  const sent = provider.requests.flatMap(({ parameters, authorization }) => [
    ...names.map((name) => parameters[name]),
    authorization?.replace(/^\w+ /, ""),
  ]);
  // The cookies `used` and `wait` say in plain digits when a token expires, which is no secret.
  const cookies = cookieHeader.split("; ").flatMap((pair) => {
    const value = pair.slice(pair.indexOf("=") + 1);
    return /^\d+$/.test(value) ? [] : [value];
  });
  return [SECRET, ...sent, ...cookies].filter((value): value is string => (value?.length ?? 0) >= 8);
}

describe("an event of a failure", () => {
  test("has the error, with the provider's error code as its cause", async () => {
    const { events, begin, open, provider } = await start();
    const { url } = await provider.authorize(await begin());
    provider.misbehave("invalid_client");
    const response = await open(url);
    const failed = events.find((event) => event.type === "failed");
    expect([response.status, failed]).toMatchObject([
      500,
      { code: "client_rejected", error: { name: "ExchangeError", cause: { error: "invalid_client" } } },
    ]);
  });

  test("no event of any failure has a secret, a token, a code or the value of a cookie", async () => {
    for (const fault of FAULTS) {
      const { events, begin, signIn, open, provider, clock, cookieHeader } = await start();
      await signIn();
      clock.advance(3600);
      const token = await (await open(`${BASE}/shows`)).text();
      const { url } = await provider.authorize(await begin());
      const code = new URL(url).searchParams.get("code") ?? "none issued";
      const stop = provider.misbehave(fault);
      await open(url);
      clock.advance(3600);
      await open(`${BASE}/shows`);
      stop();
      const text = inspect(events, { depth: Infinity, maxStringLength: Infinity, maxArrayLength: Infinity });
      for (const secret of [token, code, ...secretsOf(provider, cookieHeader())])
        expect(text.includes(secret), `${fault}: ${secret}`).toBe(false);
    }
  });
});
