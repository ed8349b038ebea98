import { expect, test } from "vitest";
import { backchannelLogout } from "../../adapters/edge.js";
import { createMemoryStore } from "../../adapters/index.js";
import { mintSession, type TestProvider } from "../../adapters/testing/index.js";
import { startApp, type TestApp } from "../support/app.js";

const another = { issuer: "https://code.example", clientId: "code-client", clientSecret: "code-secret" };

/** A browser in which alice signed in at the provider of this name: each provider has a user with this subject. */
async function signedIn(app: TestApp, name: "work" | "code") {
  const browser = app.browser();
  const { headers } = await browser.navigate(`/auth/login/${name}`);
  const provider = name === "work" ? app.provider : app.another;
  const { url } = await provider.authorize(String(headers.location), { user: { sub: "alice", sid: "one" } });
  await browser.navigate(url);
  return browser;
}

const userOf = async (browser: Awaited<ReturnType<typeof signedIn>>) =>
  JSON.parse((await browser.fetch("/auth/me")).body).user?.sub ?? null;

/** An app whose sessions are in cookies beside a store, or in the store. */
async function startWithStore(storage: "cookies" | "store") {
  let app: TestApp | undefined;
  const store = createMemoryStore({ now: () => app?.clock.now() ?? 0 });
  app = await startApp({ another, options: { store, session: { storage }, backchannelLogout: backchannelLogout() } });
  return { app, store };
}

for (const storage of ["cookies", "store"] as const) {
  test(`signing a user out everywhere leaves the user with the same subject at another provider, sessions in ${storage}`, async () => {
    const { app, store } = await startWithStore(storage);
    const [work, code] = [await signedIn(app, "work"), await signedIn(app, "code")];
    expect(await store.sessionsOf("alice", { issuer: app.provider.issuer })).toHaveLength(1);
    await expect(store.signOutEverywhere("alice")).rejects.toMatchObject({ code: "invalid_config" });
    await store.signOutEverywhere("alice", { issuer: app.another.issuer });
    app.clock.advance(60);
    expect([await userOf(work), await userOf(code)]).toEqual(["alice", null]);
    expect(await store.sessionsOf("alice", { issuer: another.issuer })).toEqual([]);
    await app.close();
  });

  test(`a logout token ends the sessions of its issuer alone, sessions in ${storage}`, async () => {
    const { app } = await startWithStore(storage);
    const [work, code] = [await signedIn(app, "work"), await signedIn(app, "code")];
    const post = async (token: string) =>
      app.browser().fetch("/auth/backchannel-logout", {
        method: "POST",
        headers: { "content-type": "application/x-www-form-urlencoded" },
        body: `${new URLSearchParams({ logout_token: token })}`,
      });
    const tokenOf = (provider: TestProvider, change: object = {}) => {
      const now = Math.floor(app.clock.now() / 1000);
      const events = { "http://schemas.openid.net/event/backchannel-logout": {} };
      const { issuer: iss, clientId: aud } = provider;
      const claims = { iss, aud, iat: now, exp: now + 60, jti: "1", sub: "alice", events, ...change };
      return provider.sign(claims, { typ: "logout+jwt" });
    };
    // A token that names one provider, and that another signed.
    const forged = await tokenOf(app.provider, { iss: another.issuer, aud: another.clientId });
    expect((await post(forged)).status).toBe(400);
    expect([await userOf(work), await userOf(code)]).toEqual(["alice", "alice"]);
    expect((await post(await tokenOf(app.another))).status).toBe(200);
    app.clock.advance(60);
    expect([await userOf(work), await userOf(code)]).toEqual(["alice", null]);
    // The same `jti` at another provider is another token.
    expect((await post(await tokenOf(app.provider, { sub: undefined, sid: "one" }))).status).toBe(200);
    app.clock.advance(60);
    expect(await userOf(work)).toBeNull();
    await app.close();
  });
}

test("a session without an ID Token, as of a provider that issues none, is among the user's sessions", async () => {
  const { app, store } = await startWithStore("cookies");
  const { providers, secret, baseUrl, now } = app.options as Required<typeof app.options>;
  const user = { sub: "alice" };
  const cookie = await mintSession({ providers, secret, baseUrl, now, store, user, providerName: "code" });
  expect(await store.sessionsOf("alice", { issuer: another.issuer })).toHaveLength(1);
  expect(await store.sessionsOf("alice", { issuer: app.provider.issuer })).toEqual([]);
  await store.signOutEverywhere("alice", { issuer: another.issuer });
  app.clock.advance(60);
  const me = await app.browser().fetch("/auth/me", { headers: { cookie } });
  expect(JSON.parse(me.body).user).toBeNull();
  await app.close();
});

test("a test mints a session of one of several providers", async () => {
  const app = await startApp({ another });
  const { providers, secret, baseUrl, now } = app.options as Required<typeof app.options>;
  const options = { providers, secret, baseUrl, now, user: { sub: "alice" } };
  const cookie = await mintSession({ ...options, providerName: "code" });
  const me = await app.browser().fetch("/auth/me", { headers: { cookie } });
  expect(JSON.parse(me.body)).toMatchObject({ user: { sub: "alice" }, provider: "code" });
  for (const providerName of [undefined, "constructor"])
    await expect(mintSession({ ...options, ...(providerName && { providerName }) })).rejects.toThrow(
      /mintSession: set/,
    );
  await app.close();
});
