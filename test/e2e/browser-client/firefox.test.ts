import { afterEach, describe, expect, test } from "vitest";
import { firefoxIsMissing, openFirefox } from "../../support/firefox.js";
import { type SpaApp, startSpaApp } from "../../support/spa-app.js";
import { startSpaProvider } from "../../support/spa-provider.js";
import type { SpaProvider } from "../../support/spa-provider.types.js";

let app: SpaApp | undefined;
let provider: SpaProvider;
let close: (() => Promise<void>) | undefined;
afterEach(async () => {
  await close?.();
  await app?.stop();
  await provider?.stop();
});

/**
 * Scripts of a page that signs in and then plays a scenario without a driver. Its tabs are itself and iframes of its origin. The app
 * and the provider are two sites, so that Firefox withholds the provider's cookies from frames.
 */
const page = (
  scenario: string,
) => `<!doctype html><body><script type="module" src="/client.js"></script><script type="module">
  const report = (result) => fetch("/report?" + encodeURIComponent(JSON.stringify(result)));
  window.ahead = 0;
  window.intercept = undefined;
  /** A client with a clock and a network that the scenario changes. */
  const createClient = () => latchkey.createClient({
    issuer: ISSUER, clientId: "spa",
    redirectUri: location.origin + "/callback/", silentRedirectUri: location.origin + "/silent.html",
    now: () => Date.now() + top.ahead,
    fetch: (url, init) => (window.intercept ?? fetch)(url, init),
  });
  const client = window.client = createClient();
  const get = (request, by = client) => by.getAccessToken(request).catch((error) => error.code);
  const timed = async (call) => { const from = performance.now(); return [await call(), (performance.now() - from) / 1000]; };
  /** Another tab, whose client knows the user. */
  async function openTab() {
    const frame = document.createElement("iframe");
    frame.src = "/";
    document.body.append(frame);
    await new Promise((done) => { frame.onload = done; });
    while (!frame.contentWindow.client) await new Promise((done) => setTimeout(done, 50));
    const tab = frame.contentWindow;
    return { user: (await tab.client.getUser())?.sub ?? "no user", tab, close: () => frame.remove() };
  }
  if (window === top) {
    try {
      const signedIn = location.pathname === "/callback/" && await client.handleCallback();
      if (!signedIn) await client.login();
      else report(await (async () => { ${scenario} })());
    } catch (error) { report(String(error)); }
  }
</script>`;

/** Plays a scenario in Firefox. Returns what it reports. */
async function play(scenario: string): Promise<unknown> {
  app = await startSpaApp(() => ({}), "127.0.0.1");
  provider = await startSpaProvider({ origins: [app.origin], refreshTokens: true, autoSignIn: "alice" });
  const body = page(scenario).replaceAll("ISSUER", JSON.stringify(provider.issuer));
  for (const path of ["/", "/callback/"]) app.pages.set(path, { body });
  const reported = new Promise<string>((resolve) => {
    (app as SpaApp).before = (url) => {
      if (url.startsWith("/report?")) resolve(decodeURIComponent(url.slice("/report?".length)));
      return undefined;
    };
  });
  close = openFirefox(app.origin);
  return JSON.parse(await reported);
}

const hang = "() => new Promise(() => {})";

describe.skipIf(firefoxIsMissing)(`in Firefox${firefoxIsMissing ? ` (${firefoxIsMissing})` : ""}`, () => {
  test("a tab that is closed in its renewal signs nobody out: its refresh token was never sent", async () => {
    const result = await play(`
      const other = await openTab();
      await new Promise((isSent) => {
        other.tab.intercept = (url, init) => (url.endsWith("/token") ? (isSent(), new Promise(() => {})) : fetch(url, init));
        get({ refresh: true }, other.tab.client);
      });
      other.close();
      const third = await openTab();
      const before = await get();
      top.ahead = 605_000;
      const after = await get();
      return [other.user, third.user, after !== before && after === (await get({}, third.tab.client))];
    `);
    expect(result).toEqual(["alice", "alice", true]);
    expect(provider.grants).toEqual(["authorization_code", "refresh_token"]);
  });

  test("a gateway that fails after the provider has answered, and a wrong clock, send no refresh token twice", async () => {
    const result = await play(`
      const before = await get();
      top.ahead = 7_200_000;
      const wrongClock = await get();
      top.ahead = 0;
      const renewed = await get({ refresh: true });
      window.intercept = async (url, init) => {
        const response = await fetch(url, init);
        return url.endsWith("/token") ? new Response("", { status: 504 }) : response;
      };
      const failed = await get({ refresh: true });
      window.intercept = undefined;
      top.ahead = 550_000;
      return [wrongClock, renewed !== before, failed, (await get()) === renewed, (await client.getUser()).sub];
    `);
    expect(result).toEqual(["id_token_invalid", true, "provider_unreachable", true, "alice"]);
    expect(provider.grants).toEqual(["authorization_code", "refresh_token", "refresh_token", "refresh_token"]);
  });

  test("a provider that does not respond delays a caller with a valid token for a second", async () => {
    const result = (await play(`
      const before = await get();
      const tabs = [window, (await openTab()).tab, (await openTab()).tab];
      const expected = await Promise.all(tabs.map((tab) => get({}, tab.client)));
      for (const tab of tabs) tab.intercept = ${hang};
      top.ahead = 545_000;
      const calls = () => Promise.all(tabs.map((tab) => timed(() => get({}, tab.client))));
      const results = [...await calls(), ...await calls()];
      return results.map(([token, seconds]) => [token === before && expected.every((one) => one === token), seconds]);
    `)) as Array<[boolean, number]>;
    expect(result.map(([isValid]) => isValid)).toEqual(Array(6).fill(true));
    expect(Math.max(...result.slice(0, 3).map(([, seconds]) => seconds))).toBeLessThan(2);
    expect(Math.max(...result.slice(3).map(([, seconds]) => seconds))).toBeLessThan(1);
    expect(provider.grants).toEqual(["authorization_code"]);
  });

  test("a client with another scope, which finds no user, signs out all tabs, and their refresh token is revoked", async () => {
    const result = await play(`
      const other = await openTab();
      const plain = latchkey.createClient({ issuer: ISSUER, clientId: "spa", redirectUri: location.origin + "/callback/", scope: "openid" });
      const before = await plain.getUser();
      await plain.logout({ local: true });
      await new Promise((done) => setTimeout(done, 1_000));
      return [other.user, before, client.getState().isSignedOut, other.tab.client.getState().user];
    `);
    expect(result).toEqual(["alice", null, true, null]);
    expect(provider.urls.filter((url) => url.endsWith("/revocation"))).not.toEqual([]);
  });
});
