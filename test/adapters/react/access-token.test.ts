// @vitest-environment jsdom
import { createElement } from "react";
import { beforeEach, describe, expect, test, vi } from "vitest";
import { stateOf } from "../../../adapters/browser/state.js";
import { type AccessTokenRequest, type AuthHandlers, AuthProvider, useAuth } from "../../../adapters/react/index.js";
import { ExchangeError } from "../../../core/errors.js";
import type { AccessToken } from "../../../core/exchange/token-set.js";
import { createFakeClient, type FakeClient } from "../../support/fake-client.js";
import { doing, probe, settle, show, strictly, underReact } from "../../support/react.js";

underReact();
beforeEach(() => void vi.useFakeTimers());

const alice = { sub: "alice" };
const shows = { audience: "https://shows.example", scope: "read" };
const pay = { audience: "https://pay.example" };
const MINUTE = 60_000;

/** Shows a component that requests an access token, with a request that the test can change. */
async function open(fake: FakeClient, first: AccessTokenRequest | undefined = shows, handlers: AuthHandlers = {}) {
  let request: AccessTokenRequest | undefined = first;
  const { Probe, ...seen } = probe(() => ({ ...useAuth(request), at: Date.now() }));
  const element = () => createElement(AuthProvider, { client: fake.client, ...handlers }, createElement(Probe));
  const place = await show(element());
  const requestToken = (other: AccessTokenRequest | undefined) => {
    request = other;
    return place.again(element());
  };
  return { ...place, ...seen, requestToken };
}

/** Makes the client issue issueNumbered tokens. `life`: milliseconds. */
function issueNumbered(fake: FakeClient, life: number, more: Partial<AccessToken> = {}) {
  let count = 0;
  fake.control.issue = async () => ({ accessToken: `token ${++count}`, expiresAt: Date.now() + life, ...more });
}

describe("an access token", () => {
  test("that the client has is in the first render with the user", async () => {
    const fake = createFakeClient({ user: alice });
    fake.hold(shows, { accessToken: "cached", expiresAt: Date.now() + 10 * MINUTE });
    const { renders } = await open(fake);
    expect(renders.find(({ isAuthenticated }) => isAuthenticated)).toMatchObject({
      accessToken: "cached",
      isLoading: false,
    });
    expect(fake.called("getAccessToken")).toEqual([]);
  });

  test("that the client does not have is fetched, and isLoading is true until then", async () => {
    const fake = createFakeClient({ user: alice });
    const { renders, last } = await open(fake);
    expect(renders.find(({ isAuthenticated }) => isAuthenticated)).toMatchObject({
      accessToken: null,
      isLoading: true,
    });
    expect(last()).toMatchObject({ accessToken: "token", isLoading: false, error: null });
    expect(fake.called("getAccessToken")).toEqual([["https://shows.example read"]]);
  });

  test("is not requested while no user is signed in", async () => {
    const fake = createFakeClient();
    const { last } = await open(fake);
    expect(last()).toMatchObject({ accessToken: null, isLoading: false });
    await doing(() => fake.tell(stateOf(alice)));
    expect(last().accessToken).toBe("token");
    await doing(() => fake.tell(stateOf(null)));
    expect(last()).toMatchObject({ accessToken: null, isLoading: false });
  });

  test("follows the request of the component", async () => {
    const fake = createFakeClient({ user: alice });
    fake.control.issue = async ({ audience }) => ({ accessToken: `for ${audience}` });
    const { last, requestToken } = await open(fake);
    expect(last().accessToken).toBe("for https://shows.example");
    await requestToken(pay);
    expect(last().accessToken).toBe("for https://pay.example");
    await requestToken({ ...pay });
    expect(fake.called("getAccessToken")).toHaveLength(2);
    // The same hooks run with and without a request for a token.
    await requestToken(undefined);
    expect(last()).not.toHaveProperty("accessToken", expect.anything());
    await requestToken(shows);
    expect(last().accessToken).toBe("for https://shows.example");
  });

  test("of an earlier, slower request is not shown for the current one", async () => {
    const fake = createFakeClient({ user: alice });
    const arrivals: Array<() => void> = [];
    fake.control.issue = ({ audience }) =>
      new Promise((resolve) => arrivals.push(() => resolve({ accessToken: `for ${audience}` })));
    const { last, requestToken, renders } = await open(fake);
    await requestToken(pay);
    await doing(() => arrivals[1]?.());
    await doing(() => arrivals[0]?.());
    expect(last().accessToken).toBe("for https://pay.example");
    expect(renders.map(({ accessToken }) => accessToken)).not.toContain("for https://shows.example");
  });

  test("of another user is not shown", async () => {
    const fake = createFakeClient({ user: alice });
    const onAccessTokenError = vi.fn();
    fake.control.issue = () => Promise.reject(new ExchangeError("login_required"));
    const { last } = await open(fake, shows, { onAccessTokenError });
    expect(last().error).toMatchObject({ code: "login_required" });
    fake.control.issue = async () => ({ accessToken: "bob's" });
    await doing(() => fake.tell(stateOf({ sub: "bob" })));
    expect(last()).toMatchObject({ accessToken: "bob's", error: null });
  });

  test("is requested once by a component under StrictMode", async () => {
    const fake = createFakeClient({ user: alice });
    const { Probe, last } = probe(() => useAuth(shows));
    await show(strictly(createElement(AuthProvider, { client: fake.client }, createElement(Probe))));
    expect(last().accessToken).toBe("token");
  });
});

describe("the end of a token", () => {
  test("is never reached in a render: the token is renewed a minute before", async () => {
    const fake = createFakeClient({ user: alice });
    issueNumbered(fake, 10 * MINUTE);
    const { last, renders } = await open(fake);
    await settle(9 * MINUTE - 1);
    expect(last().accessToken).toBe("token 1");
    await settle(1);
    expect(last()).toMatchObject({ accessToken: "token 2", isLoading: false });
    const tokens = renders.map(({ accessToken }) => accessToken);
    expect(tokens.slice(tokens.indexOf("token 1"))).not.toContain(null);
  });

  test("of a short-lived token comes after its renewal, at the time that the client sets", async () => {
    const fake = createFakeClient({ user: alice });
    fake.control.issue = async () => ({
      accessToken: `at ${Date.now()}`,
      expiresAt: Date.now() + 60_000,
      dueAt: Date.now() + 48_000,
    });
    const begun = Date.now();
    const { last } = await open(fake);
    await settle(47_999);
    expect(last().accessToken).toBe(`at ${begun}`);
    await settle(1);
    expect(last().accessToken).toBe(`at ${begun + 48_000}`);
  });

  test("removes the token at that moment if it cannot be renewed", async () => {
    const fake = createFakeClient({ user: alice });
    const expiresAt = Date.now() + 10 * MINUTE;
    fake.hold(shows, { accessToken: "cached", expiresAt, dueAt: expiresAt - MINUTE });
    fake.control.issue = () => Promise.reject(new ExchangeError("provider_unreachable"));
    const onAccessTokenError = vi.fn();
    const { last, renders } = await open(fake, shows, { onAccessTokenError });
    await settle(10 * MINUTE - 1);
    expect(last()).toMatchObject({ accessToken: "cached", error: null });
    expect(onAccessTokenError).not.toHaveBeenCalled();
    await settle(1);
    expect(last()).toMatchObject({ accessToken: null, isLoading: false, error: { code: "provider_unreachable" } });
    expect(renders.filter(({ at, accessToken }) => at >= expiresAt && accessToken)).toEqual([]);
    expect(onAccessTokenError).toHaveBeenCalledTimes(1);
  });

  test("counts for a render that comes late too", async () => {
    const fake = createFakeClient({ user: alice });
    fake.hold(shows, { accessToken: "cached", expiresAt: Date.now() + 10 * MINUTE });
    fake.control.issue = () => new Promise(() => {});
    const { last, requestToken } = await open(fake);
    // No timer runs while a machine sleeps.
    vi.setSystemTime(Date.now() + 11 * MINUTE);
    await requestToken({ ...shows });
    expect(last()).toMatchObject({ accessToken: null, isLoading: true });
  });

  test("does not cause a loop of requests while the provider returns no better token", async () => {
    const fake = createFakeClient({ user: alice });
    const expiresAt = Date.now() + 10 * MINUTE;
    fake.control.issue = async () => ({ accessToken: "same", expiresAt, dueAt: Date.now() });
    await open(fake);
    for (let second = 0; second < 60; second++) await settle(1000);
    expect(fake.called("getAccessToken").length).toBeLessThanOrEqual(3);
  });

  test("that has passed when the token arrives is an error, and not a loop of requests", async () => {
    const fake = createFakeClient({ user: alice });
    fake.control.issue = async () => ({ accessToken: "over", expiresAt: Date.now() });
    const onAccessTokenError = vi.fn();
    const { last } = await open(fake, shows, { onAccessTokenError });
    for (let second = 0; second < 60; second++) await settle(1000);
    expect(last()).toMatchObject({ accessToken: null, isLoading: false, error: { code: "no_access_token" } });
    expect(fake.called("getAccessToken")).toHaveLength(1);
    expect(onAccessTokenError).toHaveBeenCalledTimes(1);
  });

  test("that is further away than a timer can count does not fire at once", async () => {
    const fake = createFakeClient({ user: alice });
    issueNumbered(fake, 60 * 24 * 60 * MINUTE);
    const { last } = await open(fake);
    await settle(40 * 24 * 60 * MINUTE);
    expect([last().accessToken, fake.called("getAccessToken").length]).toEqual(["token 1", 1]);
  });

  test("leaves no timer behind", async () => {
    const fake = createFakeClient({ user: alice });
    issueNumbered(fake, 10 * MINUTE);
    const { unmount } = await open(fake);
    expect(vi.getTimerCount()).toBeGreaterThan(0);
    await unmount();
    expect(vi.getTimerCount()).toBe(0);
  });
});

describe("a token that is refused", () => {
  test("is an error, reported with its request", async () => {
    const fake = createFakeClient({ user: alice });
    const error = new ExchangeError("access_denied");
    fake.control.issue = () => Promise.reject(error);
    const onAccessTokenError = vi.fn();
    const { last } = await open(fake, shows, { onAccessTokenError });
    expect(last()).toMatchObject({ user: alice, isAuthenticated: true, accessToken: null, isLoading: false, error });
    expect(onAccessTokenError.mock.calls).toEqual([[error, shows]]);
    await settle(60 * MINUTE);
    expect(fake.called("getAccessToken")).toHaveLength(1);
  });

  test("for one request leaves another request alone", async () => {
    const fake = createFakeClient({ user: alice });
    fake.control.issue = async ({ audience }) => {
      if (audience === shows.audience) throw new ExchangeError("access_denied");
      return { accessToken: "token" };
    };
    const { last, requestToken } = await open(fake);
    await requestToken(pay);
    expect(last()).toMatchObject({ accessToken: "token", error: null });
    await requestToken(shows);
    expect(last().error).toMatchObject({ code: "access_denied" });
  });

  test("is not shown for a later request that is still waiting", async () => {
    const fake = createFakeClient({ user: alice });
    fake.control.issue = ({ audience }) =>
      audience === shows.audience ? Promise.reject(new ExchangeError("access_denied")) : new Promise(() => {});
    const { last, requestToken } = await open(fake);
    await requestToken(pay);
    expect(last()).toMatchObject({ accessToken: null, isLoading: true, error: null });
  });

  test("because the provider cannot be reached is requested again, and reported once", async () => {
    const fake = createFakeClient({ user: alice });
    fake.control.issue = () => Promise.reject(new ExchangeError("provider_unreachable"));
    const onAccessTokenError = vi.fn();
    const { last } = await open(fake, shows, { onAccessTokenError });
    await settle(30_000);
    await settle(30_000);
    expect(fake.called("getAccessToken")).toHaveLength(3);
    expect(onAccessTokenError).toHaveBeenCalledTimes(1);
    fake.control.issue = async () => ({ accessToken: "token" });
    await settle(30_000);
    expect(last()).toMatchObject({ accessToken: "token", error: null });
  });
});
