import { describe, expect, test, vi } from "vitest";
import { ExchangeError } from "../../../core/errors.js";
import { RelyingPartyRequest } from "../../../core/relying-party/relying-party-request.js";
import { rollAndRefresh } from "../../../core/relying-party/roll-and-refresh.js";
import type { LogoutOptions } from "../../../core/relying-party/sign-out.js";
import { createWorld, ISSUER, ORIGIN } from "./fakes.js";

async function signedIn(...args: Parameters<typeof createWorld>) {
  const world = createWorld(...args);
  await world.signIn();
  return world;
}

describe("the session of a request", () => {
  test("is the same object until it changes, and reading it marks the response as dependent on the session", async () => {
    const world = await signedIn();
    const { auth, writer } = await world.open("/");
    expect(writer.isRead).toBe(false);
    const { session } = auth;
    expect([auth.session === session, writer.isRead]).toEqual([true, true]);
    await auth.update({ cart: ["book"] });
    expect(auth.session).not.toBe(session);
    expect(auth.session?.data).toEqual({ cart: ["book"] });
  });

  test("expires at the earlier of the inactivity limit and the absolute limit", async () => {
    const { inactiveAt, endsAt, expiresAt } = (await (await signedIn()).open("/")).auth.session ?? {};
    expect([expiresAt, Number(inactiveAt) < Number(endsAt)]).toEqual([inactiveAt, true]);
    const secret = "a secret for tests of at least thirty-two characters";
    const fixed = (await (await signedIn({ session: { secret, rolling: false } })).open("/")).auth.session;
    expect([fixed?.inactiveAt, fixed?.expiresAt]).toEqual([Infinity, fixed?.endsAt]);
  });

  test("is null with a reason if its cookies are invalid", async () => {
    const world = await signedIn();
    for (const name of world.cookies.keys()) world.cookies.set(name, "1nonsense");
    const { auth } = await world.open("/");
    expect([auth.session, typeof auth.reason]).toEqual([null, "string"]);
    expect((await createWorld().open("/")).auth.reason).toBe(undefined);
  });

  test("is what logs and JSON of the request show, which RelyingPartyRequest.is recognises", async () => {
    const { auth } = await (await signedIn()).open("/");
    const { session, reason } = auth;
    expect([JSON.parse(JSON.stringify(auth)), Object.keys({ ...auth })]).toEqual([{ session, reason }, []]);
    expect([RelyingPartyRequest.is(auth), RelyingPartyRequest.is({})]).toEqual([true, false]);
  });
});

describe("update", () => {
  test("works without its object, and applies functions to a copy", async () => {
    const world = await signedIn();
    const { auth, writer } = await world.open("/");
    const { update } = auth;
    await Promise.all([update({ cart: ["a"] }), update(({ cart = [] }) => ({ cart: [...cart, "b"] }))]);
    world.store(writer);
    expect((await world.open("/")).auth.session?.data).toEqual({ cart: ["a", "b"] });
  });

  test("is refused without a session, and after the headers were sent", async () => {
    const anonymous = (await createWorld().open("/")).auth;
    await expect(anonymous.update({})).rejects.toMatchObject({ code: "no_session" });
    const { auth, writer } = await (await signedIn()).open("/");
    writer.isOpen = false;
    await expect(auth.update({ cart: [] })).rejects.toMatchObject({ code: "headers_sent" });
  });

  test("is refused after a concurrent sign-out, and does not sign the user in again", async () => {
    const world = await signedIn();
    const { auth, context, writer } = await world.open("/");
    const signOut = context.commit((draft) => draft.destroy());
    await expect(auth.update({ cart: [] })).rejects.toMatchObject({ code: "no_session" });
    await signOut;
    world.store(writer);
    expect([auth.session, (await world.open("/")).auth.session]).toEqual([null, null]);
  });

  test("is refused if the headers are sent while the session is sealed", async () => {
    const { auth, writer } = await (await signedIn()).open("/");
    const updating = auth.update({ cart: [] });
    writer.isOpen = false;
    await expect(updating).rejects.toMatchObject({ code: "headers_sent" });
  });

  test("is refused in a protocol upgrade", async () => {
    const { auth } = await (await signedIn()).open("/", { headers: { upgrade: "websocket" } });
    await expect(auth.update({})).rejects.toMatchObject({ code: "headers_sent" });
  });
});

describe("the guard", () => {
  test.each<[string, object, number, string | undefined]>([
    [
      "a page navigation with a redirect to sign in and back",
      {},
      302,
      `${ORIGIN}/auth/login?returnTo=%2Fprivate%3Fx%3D1`,
    ],
    ["any other request with 401", { headers: { "sec-fetch-mode": "cors" } }, 401, undefined],
  ])("answers %s", async (_what, request, status, location) => {
    const { auth, writer } = await createWorld().open("/private?x=1", request);
    const next = vi.fn();
    auth.passOrReply(next);
    expect(next).not.toHaveBeenCalled();
    expect(writer.sent[0]).toMatchObject({ status });
    expect(writer.sent[0]?.headers["location"]).toBe(location);
    expect(writer.isRead).toBe(true);
  });

  test("lets a signed-in request pass", async () => {
    const { auth, writer } = await (await signedIn()).open("/private");
    expect([auth.passOrReply(() => "passed"), writer.sent]).toEqual(["passed", []]);
  });
});

describe("activity", () => {
  const later = 86_400_000 / 5;

  test("is written when it is due, and not before", async () => {
    const world = await signedIn();
    const { auth, writer } = await world.open("/");
    expect([auth.roll(), writer.lines]).toEqual([undefined, []]);
    world.clock.now += later;
    const due = await world.open("/");
    await due.auth.roll();
    expect(due.writer.lines).toHaveLength(1);
    expect(due.writer.lines[0]).toContain(".seen=");
  });

  test.each<[string, object, boolean]>([
    ["for a prefetch", { headers: { "sec-purpose": "prefetch" } }, true],
    ["after the headers were sent", {}, false],
  ])("is not written %s", async (_what, request, isOpen) => {
    const world = await signedIn();
    world.clock.now += later;
    const { auth, writer } = await world.open("/", request);
    writer.isOpen = isOpen;
    await auth.roll();
    expect(writer.lines).toEqual([]);
  });
});

describe("the access token", () => {
  const nearEnd = 570_000;

  test("is the session's token while that is fresh", async () => {
    const { auth, writer } = await (await signedIn()).open("/");
    expect([await auth.getAccessToken(), writer.lines]).toEqual(["at", []]);
  });

  test("is refreshed when it is due; the result is released when the response was sent", async () => {
    const world = await signedIn();
    world.clock.now += nearEnd;
    const { auth, writer, work } = await world.open("/");
    expect(await auth.getAccessToken()).toBe("at2");
    expect(work.length).toBe(1);
    expect(world.released).toEqual([]);
    for (const task of writer.tasks) task();
    expect(world.released).toEqual(["rt"]);
    world.store(writer);
    expect(world.typesOf()).toContain("refreshed");
    expect(await (await world.open("/")).context.tokens()).toMatchObject({ accessToken: "at2", refreshToken: "rt2" });
  });

  test("is not refreshed if its cookies cannot be sent (P8)", async () => {
    const world = await signedIn();
    world.clock.now += nearEnd;
    const { auth, writer } = await world.open("/");
    writer.isOpen = false;
    expect(await auth.getAccessToken()).toBe("at");
    await expect(auth.getAccessToken({ refresh: true })).rejects.toMatchObject({ code: "refresh_required" });
  });

  test("is returned even if the headers were sent during its refresh, and an event reports that its cookies are lost", async () => {
    const world = await signedIn();
    const { auth, writer } = await world.open("/");
    const { refresh } = world.provider;
    world.provider.refresh = async (input) => {
      writer.isOpen = false;
      return refresh(input);
    };
    expect(await auth.getAccessToken({ refresh: true })).toBe("at2");
    expect(world.events.at(-1)).toMatchObject({ type: "failed", code: "refresh_required" });
    expect(world.typesOf()).not.toContain("refreshed");
  });

  test("revokes the new refresh token when the session was ended while the provider answered", async () => {
    const world = await signedIn();
    const { auth } = await world.open("/");
    const { refresh } = world.provider;
    world.provider.refresh = async (input) => {
      await auth.logout();
      return refresh(input);
    };
    await expect(auth.getAccessToken({ refresh: true })).rejects.toMatchObject({ code: "no_session" });
    expect(world.revoked).toEqual(["rt", "rt2"]);
  });

  test("leaves the new refresh token alone when another session has begun: both may be of one grant", async () => {
    const world = await signedIn();
    const callback = await world.begin();
    const { auth, context } = await world.open(callback);
    const { refresh } = world.provider;
    world.provider.refresh = async (input) => {
      await auth.route();
      return refresh(input);
    };
    await expect(auth.getAccessToken({ refresh: true })).rejects.toMatchObject({ code: "no_session" });
    expect(context.reading.session).not.toBeNull();
    expect(world.revoked).toEqual([]);
  });

  test("ends the session when the provider has ended the grant", async () => {
    const world = await signedIn();
    world.provider.refresh = () => Promise.reject(new ExchangeError("grant_ended"));
    const { auth, writer } = await world.open("/");
    // Another machine may have refreshed the session a moment ago: it stays at first.
    await expect(auth.getAccessToken({ refresh: true })).rejects.toMatchObject({ code: "refresh_conflict" });
    expect(auth.session).not.toBe(null);
    world.store(writer);
    world.clock.now += 11_000;
    const later = await world.open("/");
    await expect(later.auth.getAccessToken({ refresh: true })).rejects.toMatchObject({ code: "grant_ended" });
    expect(later.auth.session).toBe(null);
    world.store(later.writer);
    expect((await world.open("/")).auth.session).toBe(null);
  });

  test("is not returned after a sign-out during its refresh", async () => {
    const world = await signedIn();
    const { auth } = await world.open("/");
    const { refresh } = world.provider;
    world.provider.refresh = async (input) => {
      await auth.logout();
      return refresh(input);
    };
    await expect(auth.getAccessToken({ refresh: true })).rejects.toMatchObject({ code: "no_session" });
    expect(auth.session).toBe(null);
  });

  test("is an error without a session, and with an expired token that cannot be refreshed", async () => {
    await expect((await createWorld().open("/")).auth.getAccessToken()).rejects.toMatchObject({ code: "no_session" });
    const world = createWorld();
    world.provider.redeem = async () => ({ accessToken: "at", idToken: "id", requestedAt: 0, expiresIn: 1 });
    await world.signIn();
    const { auth } = await world.open("/");
    await expect(auth.getAccessToken()).rejects.toMatchObject({ code: "no_access_token" });
  });
});

test("of two refreshes whose results are stored in the wrong order, the newer refresh token stays", async () => {
  const world = await signedIn();
  let finishFirst = () => {};
  const isSlow = new Promise<void>((resolve) => {
    finishFirst = resolve;
  });
  world.provider.refresh = async ({ audience }) => {
    const tokens = { requestedAt: world.clock.now, expiresIn: 600, release: () => {} };
    if (audience) return { ...tokens, accessToken: "api", refreshToken: "rt3", spent: ["rt", "rt2"] };
    await isSlow;
    return { ...tokens, accessToken: "at2", refreshToken: "rt2", spent: ["rt"] };
  };
  const { auth, context } = await world.open("/");
  const first = auth.getAccessToken({ refresh: true });
  expect(await auth.getAccessToken({ audience: "https://api.example" })).toBe("api");
  finishFirst();
  expect(await first).toBe("at2");
  expect(await context.tokens()).toMatchObject({
    accessToken: "at2",
    refreshToken: "rt3",
    otherTokens: [{ accessToken: "api" }],
  });
});

describe("fetch", () => {
  test("sends the token only to allow-listed origins", async () => {
    const world = await signedIn();
    const { auth } = await world.open("/");
    const requests: Array<[string, string | null]> = [];
    world.app.ports.fetch = async (url, init) => {
      requests.push([url, new Headers(init?.headers).get("authorization")]);
      return new Response("ok");
    };
    await auth.fetch("https://api.example/shows");
    for (const url of ["https://evil.example/", "https://u:p@api.example/", "https://api.example.evil.example/"])
      await expect(auth.fetch(url)).rejects.toMatchObject({ code: "origin_not_allowed" });
    expect(requests).toEqual([["https://api.example/shows", "Bearer at"]]);
  });

  test.each<[string, object, string[]]>([
    ["after a 401 sends the request once more with a new token", {}, ["Bearer at", "Bearer at2"]],
    ["does not send a stream twice", { body: new ReadableStream() }, ["Bearer at"]],
  ])("%s", async (_what, init, expected) => {
    const world = await signedIn();
    const { auth } = await world.open("/");
    const sent: Array<string | null> = [];
    world.app.ports.fetch = async (_url, options) => {
      sent.push(new Headers(options?.headers).get("authorization"));
      return new Response(null, { status: 401 });
    };
    expect((await auth.fetch("https://api.example/", init)).status).toBe(401);
    expect(sent).toEqual(expected);
  });
});

describe("login and logout by the app", () => {
  test("answer with redirects, and return to the page of the request", async () => {
    const world = createWorld();
    const { auth, writer } = await world.open("/cart?x=1");
    expect((await auth.login()).status).toBe(302);
    expect(writer.sent).toHaveLength(1);
    writer.isOpen = false;
    await expect(auth.login()).rejects.toMatchObject({ code: "headers_sent" });
    await expect(auth.logout()).rejects.toMatchObject({ code: "headers_sent" });
  });

  test.each<[string, LogoutOptions, string]>([
    [
      "the provider's session ends with the parameters of the app",
      { params: { federated: "" } },
      `${ISSUER}/logout?federated=`,
    ],
    ["the provider's session stays with local: true", { local: true, returnTo: "/bye" }, `${ORIGIN}/bye`],
  ])("logout: %s, and the refresh token is revoked", async (_case, options, location) => {
    const world = await signedIn();
    const { auth } = await world.open("/");
    const { headers } = await auth.logout(options);
    expect([headers["location"], world.revoked, auth.session]).toEqual([location, ["rt"], null]);
  });

  test("a store that fails meanwhile keeps no session alive in the browser: it is an event", async () => {
    const world = await signedIn();
    const { auth, context, writer } = await world.open("/");
    const failed = new ExchangeError("store_unavailable");
    context.sessions.storage.tokens = () => Promise.reject(failed);
    const { status } = await auth.logout();
    world.store(writer);
    expect([status, auth.session, (await world.open("/")).auth.session]).toEqual([302, null, null]);
    expect(world.events).toContainEqual({ type: "failed", code: "store_unavailable", error: failed });
  });

  test("refuse an appState that does not fit into a cookie, and ignore options that they do not have", async () => {
    const { auth } = await createWorld().open("/");
    const tooLarge = await auth.login({ appState: "x".repeat(3000) });
    expect([tooLarge.status, tooLarge.body]).toEqual([400, expect.stringContaining("sign_in_too_large")]);
    const options: object = { scope: "openid admin", audience: "x", subject: "x" };
    const { headers } = await auth.login(options);
    expect(new URL(String(headers["location"])).searchParams.get("scope")).toBe("openid profile");
  });
});

describe("before a page renders", () => {
  test("activity is written and the token refreshed, and the response is not marked as dependent on the session", async () => {
    const world = await signedIn();
    world.clock.now += 86_400_000 / 5;
    const { context, writer } = await world.open("/");
    await rollAndRefresh(context);
    expect([writer.lines.length > 1, writer.isRead]).toEqual([true, false]);
    expect(await context.tokens()).toMatchObject({ accessToken: "at2" });
  });

  test.each<[string, string, object]>([
    ["for a route", "/auth/me", {}],
    ["for a prefetch", "/", { headers: { "next-router-prefetch": "1" } }],
  ])("nothing is written %s", async (_what, url, request) => {
    const world = await signedIn();
    world.clock.now += 86_400_000 / 5;
    const { context, writer } = await world.open(url, request);
    await rollAndRefresh(context);
    expect(writer.lines).toEqual([]);
  });

  test("a provider that cannot be reached causes no error in the page", async () => {
    const world = await signedIn();
    world.clock.now += 570_000;
    world.provider.refresh = () => Promise.reject(new ExchangeError("provider_unreachable"));
    await expect(rollAndRefresh((await world.open("/")).context)).resolves.toBe(undefined);
    world.provider.refresh = () => Promise.reject(new TypeError("a bug"));
    await expect(rollAndRefresh((await world.open("/")).context)).rejects.toThrow("a bug");
  });
});
