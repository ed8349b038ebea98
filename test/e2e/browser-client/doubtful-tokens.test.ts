import type { Page } from "playwright-core";
import { describe, expect, test } from "vitest";
import {
  context,
  inBrowser,
  isDone,
  open,
  page,
  provider,
  setForward,
  shows,
  signOutLocally,
  token,
  user,
} from "../../support/spa.js";
import {
  beginSignedIn,
  beginWithTwoTabs,
  closeWhileRenewing,
  refusedGrants,
  requestCount,
} from "../../support/spa-tabs.js";

inBrowser();

/** The host of the app that is another site than the provider's: the browser withholds the provider's cookies from frames. */
const OTHER_SITE = "127.0.0.1";
/** Seconds after which the access token has ended. */
const ENDED = 605;

/** Lets no request to a path of the provider leave the browser. Returns a function that waits for the first such request. */
async function stopRequests(path: string): Promise<() => Promise<void>> {
  let count = 0;
  await context.route(`${provider.issuer}${path}`, () => void count++);
  return () => expect.poll(() => count).toBeGreaterThan(0);
}

/** Starts a renewal in a tab, waits until it has sent the request, and reloads the tab. */
async function reloadInRenewal(on: Page, isSent: () => Promise<void>): Promise<void> {
  void token({ refresh: true }, on).catch(() => {});
  await isSent();
  await on.reload();
  await isDone(on);
}

const usersOf = (...tabs: Page[]) => Promise.all(tabs.map((tab) => user(tab)));

describe("a tab that is reloaded while it renews signs nobody out, in browsers that withhold cookies from frames", () => {
  test("if its request never left: at the end of the access token the refresh token is sent", async () => {
    const other = await beginWithTwoTabs({ refreshTokens: true }, OTHER_SITE);
    await reloadInRenewal(other, await stopRequests("/token"));
    await context.unroute(`${provider.issuer}/token`);
    const third = await open();
    expect(await usersOf(page, other, third)).toEqual(["alice", "alice", "alice"]);
    expect((await token()).code).toBe("");
    expect(provider.grants).toEqual(["authorization_code"]);
    for (const tab of [page, other, third]) await setForward(tab, ENDED);
    expect((await token()).code).toBe("");
    expect(provider.grants).toEqual(["authorization_code", "refresh_token"]);
    const tokens = new Set(
      (await Promise.all([page, other, third].map((tab) => token({}, tab)))).map((one) => one.token),
    );
    expect([tokens.size, tokens.has("")]).toEqual([1, false]);
  });

  test("if it only prepared its request: the refresh token is as good as before, and no frame is needed", async () => {
    const other = await beginWithTwoTabs({ refreshTokens: true }, OTHER_SITE);
    await reloadInRenewal(other, await stopRequests("/.well-known/openid-configuration"));
    await context.unroute(`${provider.issuer}/.well-known/openid-configuration`);
    expect(await usersOf(page, other)).toEqual(["alice", "alice"]);
    expect((await token({ refresh: true })).code).toBe("");
    expect(provider.grants).toEqual(["authorization_code", "refresh_token"]);
    expect(provider.authorizations).toEqual([""]);
  });

  test("while the access token is valid, even if the refresh token was used up; new tabs show the user too", async () => {
    const other = await beginWithTwoTabs({ refreshTokens: true }, OTHER_SITE);
    await closeWhileRenewing(other);
    await expect.poll(() => provider.grants).toEqual(["authorization_code", "refresh_token"]);
    await setForward(page, 550);
    expect((await token()).code).toBe("");
    const third = await open();
    expect(await usersOf(page, third)).toEqual(["alice", "alice"]);
    for (const tab of [page, third]) expect((await token({}, tab)).code).toBe("");
    // The refresh token waits for the end of the access token.
    expect(refusedGrants()).toEqual([]);
    expect(await signOutLocally(third)).toBeLessThan(5_000);
    await shows("no user");
  });
});

describe("a gateway that fails after the provider has answered", () => {
  test.each([500, 502, 503, 504])(
    "with %i: the refresh token is not sent again while a frame finds the user",
    async (status) => {
      const other = await beginWithTwoTabs({ refreshTokens: true });
      await context.route(`${provider.issuer}/token`, async (route) => {
        await route.fetch();
        await route.fulfill({ status, headers: { "access-control-allow-origin": "*" } });
      });
      expect((await token({ refresh: true })).code).toBe("provider_unreachable");
      await context.unroute(`${provider.issuer}/token`);
      expect(provider.grants).toEqual(["authorization_code", "refresh_token"]);
      expect((await token({ refresh: true }, other)).code).toBe("");
      expect(provider.grants).toEqual(["authorization_code", "refresh_token", "authorization_code"]);
      expect(await usersOf(page, other)).toEqual(["alice", "alice"]);
    },
  );
});

describe("a clock that is wrong for a moment", () => {
  test("uses up no refresh token: the new one is stored although the ID Token is invalid", async () => {
    const other = await beginWithTwoTabs({ refreshTokens: true }, OTHER_SITE);
    await setForward(page, 7_200);
    expect((await token()).code).toBe("id_token_invalid");
    await setForward(page, 0);
    expect((await token({ refresh: true })).code).toBe("");
    expect((await token({ refresh: true }, other)).code).toBe("");
    expect(refusedGrants()).toEqual([]);
    expect(await usersOf(page, other)).toEqual(["alice", "alice"]);
  });

  test("that jumps to and fro in three tabs uses no refresh token twice", async () => {
    await beginSignedIn({ refreshTokens: true }, OTHER_SITE);
    const tabs = [page, await open(), await open()];
    for (let round = 0; round < 4; round++) {
      await Promise.all(
        tabs.map(async (tab, index) => {
          await setForward(tab, (round + index) % 3 === 0 ? 7_200 : 0);
          await token({ refresh: true }, tab);
        }),
      );
    }
    expect(refusedGrants()).toEqual([]);
    for (const tab of tabs) await setForward(tab, 0);
    expect((await token({ refresh: true })).code).toBe("");
    expect(await usersOf(...tabs)).toEqual(["alice", "alice", "alice"]);
  });
});

describe("a provider that does not respond, while a token is valid for 55 seconds", () => {
  /** The access token that a tab gets, and the seconds that it takes. */
  const timed = (on: Page) =>
    on.evaluate(async () => {
      const from = performance.now();
      return { token: await window.client.getAccessToken(), seconds: (performance.now() - from) / 1000 };
    });

  test.each([
    ["one tab", 1],
    ["three tabs", 3],
  ])(
    "%s: callers get that token after one second, and then at once; one tab at a time asks the provider",
    async (_what, count) => {
      await beginSignedIn({ refreshTokens: true });
      const { token: valid } = await token();
      const tabs = [page];
      while (tabs.length < count) tabs.push(await open());
      for (const tab of tabs) await setForward(tab, 545);
      for (const path of ["/token", "/auth"]) provider.delays.set(path, 30_000);
      const before = requestCount("/token");
      const first = await Promise.all(tabs.map((tab) => timed(tab)));
      const second = await Promise.all(tabs.map((tab) => timed(tab)));
      for (const result of [...first, ...second]) expect(result.token).toBe(valid);
      expect(Math.min(...first.map(({ seconds }) => seconds))).toBeGreaterThan(0.9);
      expect(Math.max(...first.map(({ seconds }) => seconds))).toBeLessThan(2);
      expect(Math.max(...second.map(({ seconds }) => seconds))).toBeLessThan(1);
      // The first attempt ends after five seconds. Then all tabs rest: no other tab asks, and no frame.
      await page.waitForTimeout(5_500);
      const third = await Promise.all(tabs.map((tab) => timed(tab)));
      expect(third.map((result) => result.token)).toEqual(tabs.map(() => valid));
      expect(Math.max(...third.map(({ seconds }) => seconds))).toBeLessThan(1);
      expect([requestCount("/token") - before, requestCount("/auth")]).toEqual([1, 1]);
      expect(await usersOf(...tabs)).toEqual(tabs.map(() => "alice"));
    },
  );
});
