import { describe, expect, test } from "vitest";
import { ExchangeError } from "../../../core/errors.js";
import { createWorld, ISSUER, ORIGIN } from "./fakes.js";

describe("the login route", () => {
  test("redirects a navigation to the provider, and stores a transaction in a cookie of its own", async () => {
    const world = createWorld();
    const { status, headers, writer } = await world.visit("/auth/login?returnTo=/cart&ui_locales=de&prompt=none");
    const location = new URL(String(headers["location"]));
    expect([status, location.origin + location.pathname]).toEqual([302, `${ISSUER}/authorize`]);
    expect(Object.fromEntries(location.searchParams)).toMatchObject({
      client_id: "client",
      redirect_uri: `${ORIGIN}/auth/callback`,
      scope: "openid profile",
      code_challenge_method: "S256",
      ui_locales: "de",
    });
    expect(location.searchParams.has("prompt")).toBe(false);
    expect(writer.lines).toHaveLength(1);
    expect(writer.lines[0]).toMatch(/^__Host-latchkey\.tx\.[^=]+=./);
    for (const attribute of ["Max-Age=900", "HttpOnly", "Secure", "SameSite=Lax"])
      expect(writer.lines[0]?.split("; ")).toContain(attribute);
  });

  test.each<[string, object, number]>([
    ["a POST", { method: "POST" }, 405],
    ["a script", { headers: { "sec-fetch-mode": "cors" } }, 403],
    ["a prefetch", { headers: { "sec-purpose": "prefetch" } }, 403],
    ["a frame", { headers: { "sec-fetch-dest": "iframe" } }, 403],
  ])("starts no sign-in for %s", async (_what, request, status) => {
    const world = createWorld();
    const reply = await world.visit("/auth/login", request);
    expect([reply.status, reply.writer.lines, world.events]).toEqual([status, [], []]);
  });

  test("starts a sign-in in a frame if the app's cookies are SameSite=None", async () => {
    const secret = "a secret for tests of at least thirty-two characters";
    const world = createWorld({ session: { secret, cookie: { sameSite: "none" } } });
    const { status, writer } = await world.visit("/auth/login", { headers: { "sec-fetch-dest": "iframe" } });
    expect(status).toBe(302);
    expect(writer.lines[0]).toMatch(/SameSite=None/);
  });

  test("answers with an error page, and stores no transaction, if the provider cannot be reached", async () => {
    const world = createWorld();
    world.provider.authorizationUrl = () => Promise.reject(new ExchangeError("provider_unreachable"));
    const { status, body } = await world.visit("/auth/login");
    expect(status).toBe(503);
    expect(body).toContain("cannot be reached");
    expect(body).toContain('/auth/login?returnTo=%2F"');
    expect(world.cookies.size).toBe(0);
    expect(world.events.at(-1)).toMatchObject({ type: "failed", code: "provider_unreachable" });
  });
});

describe("the callback route", () => {
  test("signs in, deletes the transaction, and redirects to returnTo", async () => {
    const world = createWorld();
    const { status, headers } = await world.signIn("/auth/login?returnTo=/cart?x=1");
    expect([status, headers["location"]]).toEqual([302, `${ORIGIN}/cart?x=1`]);
    expect([...world.cookies.keys()].some((name) => name.includes(".tx."))).toBe(false);
    expect(world.typesOf()).toContain("signed_in");
    const { auth } = await world.open("/");
    expect(auth.session).toMatchObject({ user: { sub: "alice", name: "Alice" }, data: {} });
    expect(auth.session?.user).not.toHaveProperty("nonce");
  });

  test("accepts each callback once (S25)", async () => {
    const world = createWorld();
    const callback = await world.begin();
    world.provider.redeem = () => Promise.reject(new ExchangeError("code_rejected"));
    expect((await world.visit(callback)).status).toBe(400);
    expect((await world.visit(callback)).body).toContain("no_transaction");
  });

  test("redirects a user who is signed in already to the first page, if a callback is opened again", async () => {
    const world = createWorld();
    const callback = await world.begin("/auth/login?returnTo=/cart");
    await world.visit(callback);
    const { status, headers } = await world.visit(callback);
    expect([status, headers["location"]]).toEqual([302, `${ORIGIN}/`]);
  });

  test.each<[string, string, number]>([
    ["an unknown state", "?state=x&code=c", 400],
    ["two states", "?state=x&state=x&code=c", 400],
    ["no parameters", "", 400],
  ])("answers %s with an error page", async (_what, query, status) => {
    const world = createWorld();
    const reply = await world.visit(`/auth/callback${query}`);
    expect(reply.status).toBe(status);
    expect(reply.body).toContain("no_transaction");
  });

  test("redirects a posted response to itself, and refuses one that is too long", async () => {
    const world = createWorld();
    const post = (body: string) => world.visit("/auth/callback", { method: "POST", body });
    const { status, headers } = await post("state=s&code=c&iss=i&user=u&id_token=it&access_token=at");
    // Not tokens, which must not get into a URL.
    expect([status, headers["location"]]).toEqual([303, `${ORIGIN}/auth/callback?state=s&code=c&iss=i&user=u`]);
    expect((await post("state=a&state=b&code=c")).headers["location"]).toContain("state=a&state=&code=c");
    expect((await post(`state=s&code=${"c".repeat(8000)}`)).body).toContain("invalid_response");
    expect((await world.visit("/auth/callback", { method: "PUT" })).status).toBe(405);
  });

  test("gives the hook what came beside the code, and nothing of the response itself", async () => {
    const seen: unknown[] = [];
    const world = createWorld({
      onSignIn({ params }) {
        seen.push(params);
        return undefined;
      },
    });
    const callback = await world.begin();
    await world.visit(
      `${callback}&${new URLSearchParams({ user: '{"name":{"firstName":"Alice"}}', session_state: "x" })}`,
    );
    expect(seen).toEqual([{ user: '{"name":{"firstName":"Alice"}}', session_state: "x" }]);
  });

  test("fetches userinfo if that is configured, and does not let userinfo or the hook change the subject (S44)", async () => {
    const world = createWorld({
      userinfo: true,
      onSignIn: ({ user, appState }) => ({ user: { ...user, sub: "mallory", appState }, data: { cart: ["book"] } }),
    });
    await world.signIn();
    const { session } = (await world.open("/")).auth;
    expect(session?.user).toMatchObject({ sub: "alice", email: "alice@example.org" });
    expect(session?.data).toEqual({ cart: ["book"] });
  });

  test("a hook refuses a user by an ExchangeError, which the visitor sees as the error page; any other error is thrown on", async () => {
    const refusing = createWorld({
      onSignIn() {
        throw new ExchangeError("access_denied");
      },
    });
    expect(await refusing.signIn()).toMatchObject({ status: 403 });
    expect((await refusing.open("/")).auth.session).toBe(null);
    const failing = createWorld({
      onSignIn() {
        throw new RangeError("of the app");
      },
    });
    await expect(failing.signIn()).rejects.toThrow(RangeError);
  });

  test("keeps the app's data if the same user signs in again, and drops it for another user (S30)", async () => {
    const world = createWorld();
    await world.signIn();
    const { auth, writer } = await world.open("/");
    await auth.update({ cart: ["book"] });
    world.store(writer);
    const before = (await world.open("/")).auth.session;
    await world.signIn();
    const after = (await world.open("/")).auth.session;
    expect([after?.data, after?.id === before?.id]).toEqual([{ cart: ["book"] }, false]);
    const { verifyIdToken } = world.provider;
    world.provider.verifyIdToken = async (input) => ({ ...(await verifyIdToken(input)), sub: "bob" });
    await world.signIn();
    expect((await world.open("/")).auth.session).toMatchObject({ user: { sub: "bob" }, data: {} });
  });
});

describe("the logout route", () => {
  test("ends the session in the app and at the provider", async () => {
    const world = createWorld();
    await world.signIn();
    const { status, headers } = await world.visit("/auth/logout", { method: "POST" });
    expect([status, headers["location"], world.revoked]).toEqual([303, `${ISSUER}/logout`, ["rt"]]);
    expect((await world.open("/")).auth.session).toBe(null);
    expect(world.typesOf()).toContain("signed_out");
  });

  test('with the option `logout: "local"` does not end the provider\'s session, and redirects to returnTo', async () => {
    const world = createWorld({ logout: "local" });
    await world.signIn();
    const { headers } = await world.visit("/auth/logout?returnTo=/bye", { method: "POST" });
    expect([headers["location"], world.revoked]).toEqual([`${ORIGIN}/bye`, ["rt"]]);
  });

  test("ends the session in the app if the provider cannot be reached", async () => {
    const world = createWorld();
    await world.signIn();
    world.provider.endSessionUrl = () => Promise.reject(new ExchangeError("provider_unreachable"));
    const { status, headers } = await world.visit("/auth/logout", { method: "POST" });
    expect([status, headers["location"]]).toEqual([303, `${ORIGIN}/`]);
    expect((await world.open("/")).auth.session).toBe(null);
    expect(world.events.at(-1)).toMatchObject({ type: "failed", code: "provider_unreachable" });
  });

  test("does not redirect a browser without a session to the provider", async () => {
    const world = createWorld();
    expect((await world.visit("/auth/logout", { method: "POST" })).headers["location"]).toBe(`${ORIGIN}/`);
  });

  test.each<[string, string, Record<string, string>, number]>([
    ["a POST of another site", "POST", { "sec-fetch-site": "cross-site" }, 403],
    ["a navigation from another site", "GET", { "sec-fetch-site": "cross-site" }, 405],
    ["a script's GET", "GET", { "sec-fetch-mode": "cors" }, 403],
    ["a PUT", "PUT", {}, 405],
  ])("does not end the session for %s", async (_what, method, headers, status) => {
    const world = createWorld();
    await world.signIn();
    const reply = await world.visit("/auth/logout", { method, headers });
    expect([reply.status, reply.writer.lines]).toEqual([status, []]);
    expect((await world.open("/")).auth.session).not.toBe(null);
  });

  test("accepts a navigation within the app", async () => {
    const world = createWorld();
    await world.signIn();
    const reply = await world.visit("/auth/logout", { headers: { "sec-fetch-site": "same-origin" } });
    expect([reply.status, reply.headers["location"]]).toEqual([302, `${ISSUER}/logout`]);
  });
});

describe("the me route", () => {
  test("returns the user and the time of expiry, but no token (S43)", async () => {
    const world = createWorld();
    expect(JSON.parse(String((await world.visit("/auth/me")).body))).toEqual({ user: null });
    await world.signIn();
    const { status, body, writer } = await world.visit("/auth/me");
    const { session } = (await world.open("/")).auth;
    expect([status, JSON.parse(String(body))]).toEqual([200, { user: session?.user, expiresAt: session?.expiresAt }]);
    expect(body).not.toMatch(/"(at|rt|id)"/);
    expect(writer.lines).toEqual([]);
  });

  test("refuses other methods", async () => {
    expect((await createWorld().visit("/auth/me", { method: "POST" })).status).toBe(405);
  });
});

test.each(["/", "/auth", "/auth/", "/auth/login/x", "/AUTH/login", "/other/auth/login"])(
  "%s is not a route",
  async (url) => {
    const { auth } = await createWorld().open(url);
    expect(await auth.route()).toBe(undefined);
  },
);
