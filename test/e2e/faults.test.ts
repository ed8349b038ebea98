import { createServer, type Server } from "node:net";
import express, { type Response as Answer, type NextFunction, type Request } from "express";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { type AuthOptions, auth } from "../../adapters/express.js";
import {
  cookieNames,
  cookiesOfKind,
  fetchMe,
  finishSignIn,
  startSignIn,
  submitForm,
  type Walk,
} from "../../examples/demo/actions.js";
import { createBrowser, location } from "../../examples/demo/browser.js";
import { close, listen } from "../../examples/demo/listen.js";
import { startProvider } from "../../examples/demo/provider.js";

/**
 * What goes wrong between the app and the real provider, over a real socket: a refused connection, a connection on which
 * no response comes, or a response of 503.
 */
type Fault = "refused" | "silent" | "503";
/** The fault of each path of the provider. */
const faults = new Map<string, Fault>();
const API = "https://api.example";
const TIMEOUT = 1.5;

let provider: Awaited<ReturnType<typeof startProvider>>;
const grants: Array<{ grantType: string; rotated: boolean }> = [];
const stops: Array<() => Promise<unknown>> = [];
/** The origin that requests go to in place of the provider. */
const faultyOrigins: Record<Fault, string> = { refused: "", silent: "", 503: "" };
let redirectUris: string[];
/** The app's time minus the provider's, in milliseconds. */
let clockOffset = 0;
/** The same for the browser. */
let browserOffset = 0;

const listenTo = (server: Server) =>
  new Promise<string>((resolve) => {
    server.listen(0, "127.0.0.1", () => resolve(`http://127.0.0.1:${(server.address() as { port: number }).port}`));
  });
const stopOf = (server: Server) => () => new Promise((resolve) => server.close(resolve));

const clients = () => [
  {
    client_id: "app",
    client_secret: "a client secret for tests",
    grant_types: ["authorization_code", "refresh_token"],
    redirect_uris: redirectUris,
    post_logout_redirect_uris: redirectUris.map((uri) => uri.replace("auth/callback", "")),
  },
];

const startRealProvider = (port?: number) =>
  startProvider({
    ...(port === undefined ? {} : { port }),
    apis: { [API]: "read:shows" },
    onGrant: (grant) => grants.push(grant),
    clients: clients(),
  });

/** Starts an app that has not fetched the provider's discovery document or keys yet. */
async function startApp(options: AuthOptions = {}): Promise<Walk> {
  const { server, origin } = apps.pop() as Awaited<ReturnType<typeof listen>>;
  const app = express();
  app.use(
    auth({
      issuer: provider.issuer,
      clientId: "app",
      clientSecret: "a client secret for tests",
      secret: "a secret for tests of at least thirty-two characters",
      baseUrl: origin,
      scope: "openid profile offline_access read:shows",
      authorizationParams: { resource: API, prompt: "consent" },
      userinfo: false,
      httpTimeout: TIMEOUT,
      now: () => Date.now() + clockOffset,
      fetch: (url: string, init: unknown) => {
        const { pathname } = new URL(url);
        const fault = faults.get(pathname);
        return fetch(fault ? faultyOrigins[fault] + pathname : url, init as RequestInit);
      },
      ...options,
    }),
  );
  app.get("/token", async (req, res) => {
    res.json({ length: (await req.auth.getAccessToken({ refresh: true })).length });
  });
  app.use((error: { status?: number; code?: string }, _req: Request, res: Answer, _next: NextFunction) => {
    res.status(error.status ?? 500).json({ error: error.code });
  });
  server.on("request", app);
  stops.push(() => close(server));
  const world = { app: origin, issuer: provider.issuer, api: API, client: { id: "", secret: "" }, grants: [] };
  return { world: { ...world, revoked: () => 0 }, browser: createBrowser(() => Date.now() + browserOffset) };
}

/** The servers of the apps. They listen before the provider starts, because it registers their addresses as redirect URIs. */
let apps: Array<Awaited<ReturnType<typeof listen>>>;
beforeAll(async () => {
  apps = await Promise.all(Array.from({ length: 32 }, () => listen("127.0.0.1", 0)));
  redirectUris = apps.map(({ origin }) => `${origin}/auth/callback`);
  provider = await startRealProvider();
  const closed = createServer();
  const silent = createServer((socket) => socket.on("error", () => {}));
  const failing = createServer((socket) => {
    socket.on("error", () => {});
    socket.once("data", () => socket.end("HTTP/1.1 503 Unavailable\r\ncontent-length: 2\r\n\r\n{}"));
  });
  Object.assign(faultyOrigins, {
    refused: await listenTo(closed),
    silent: await listenTo(silent),
    503: await listenTo(failing),
  });
  await stopOf(closed)();
  stops.push(stopOf(failing), async () => void silent.close());
});
afterAll(async () => {
  await provider.close();
  await Promise.all([...stops.map((stop) => stop()), ...apps.map(({ server }) => close(server))]);
});
afterEach(() => {
  faults.clear();
  clockOffset = 0;
  browserOffset = 0;
});

/** Submits the provider's forms, and stops at the redirect back to the app. */
async function answerProvider(walk: Walk, consent = "allow"): Promise<void> {
  const { browser } = walk;
  // The provider shows no sign-in form if the user is still signed in there.
  const page = await openNextPage(walk);
  if (/<h1>Sign in<\/h1>/.test(page)) {
    await submitForm(walk, /<h1>Sign in<\/h1>/, { name: "ada", password: "demo", action: "sign-in" });
  }
  await submitForm(walk, /<h1>Allow access\?<\/h1>/, { action: consent });
  const response = await browser.open(walk.nextUrl as URL, "cross-site");
  walk.nextUrl = location(response) as URL;
}

/** Follows redirects to the provider's next page. */
async function openNextPage(walk: Walk): Promise<string> {
  for (;;) {
    const response = await walk.browser.open(walk.nextUrl as URL, "cross-site");
    const next = location(response);
    if (!next) return response.body;
    walk.nextUrl = next;
  }
}

async function signIn(walk: Walk): Promise<void> {
  await startSignIn(walk);
  await answerProvider(walk);
  await finishSignIn(walk);
  expect(await fetchMe(walk)).toMatchObject({ user: { sub: "ada" } });
}

/** Opens the callback and returns the status and the error code of its page. */
async function openCallback(walk: Walk) {
  const { status, body } = await walk.browser.open(walk.nextUrl as URL, "cross-site");
  return { status, code: /<code>(\w+)<\/code>/.exec(body)?.[1] };
}

const refresh = async ({ browser, world }: Walk) => {
  const { status, body } = await browser.fetch(`${world.app}/token`);
  return { status, error: JSON.parse(body).error };
};

const UNREACHABLE = { status: 503, code: "provider_unreachable" };
const DISCOVERY = "/.well-known/openid-configuration";
const allFaults: Fault[] = ["refused", "silent", "503"];

describe("the provider is down", () => {
  test.each(allFaults)(
    "when a sign-in starts (%s): an error page is shown, and the next sign-in works",
    async (fault) => {
      const walk = await startApp();
      faults.set(DISCOVERY, fault);
      const began = Date.now();
      const response = await walk.browser.open(`${walk.world.app}/auth/login`, "same-origin");
      expect(Date.now() - began).toBeLessThan(5_000);
      expect(response.status).toBe(503);
      expect(response.body).toContain("<code>provider_unreachable</code>");
      expect(response.headers["cache-control"]).toBe("private, no-store");
      expect(cookieNames(walk).filter(Boolean)).toEqual([]);
      faults.clear();
      await signIn(walk);
    },
  );

  test.each(allFaults.flatMap((fault) => ["/token", "/jwks", "/me"].map((path) => [path, fault] as const)))(
    "when the callback requests %s (%s): an error page is shown, an earlier session stays, and the next sign-in works",
    async (path, fault) => {
      // An access token for an API is not accepted by the userinfo endpoint, so request none for an API.
      const forUserinfo = { userinfo: true, scope: "openid profile", authorizationParams: { prompt: "consent" } };
      const walk = await startApp(path === "/me" ? forUserinfo : {});
      if (path !== "/jwks") await signIn(walk);
      const before = await fetchMe(walk);
      await startSignIn(walk);
      await answerProvider(walk);
      faults.set(path, fault);
      expect(await openCallback(walk)).toEqual(UNREACHABLE);
      expect(await fetchMe(walk)).toEqual(before);
      expect(cookieNames(walk).filter((name) => name.startsWith("latchkey.tx."))).toEqual([]);
      faults.clear();
      // Opening the same callback again must not redeem its code again: the code may be spent.
      expect((await openCallback(walk)).code).toBe(before.user ? undefined : "no_transaction");
      await signIn(walk);
    },
  );

  test.each(allFaults)(
    "when tokens are refreshed (%s): the session stays, and the next refresh works",
    async (fault) => {
      const walk = await startApp();
      await signIn(walk);
      const tokens = cookiesOfKind(walk, "tok");
      faults.set("/token", fault);
      expect(await refresh(walk)).toEqual({ status: 503, error: "provider_unreachable" });
      expect(cookiesOfKind(walk, "tok")).toBe(tokens);
      expect(await fetchMe(walk)).toMatchObject({ user: { sub: "ada" } });
      faults.clear();
      expect(await refresh(walk)).toEqual({ status: 200 });
      expect(grants.at(-1)).toMatchObject({ grantType: "refresh_token", rotated: true });
      expect(cookiesOfKind(walk, "tok")).not.toBe(tokens);
    },
  );

  test.each(allFaults)("when a user signs out (%s): the session in the app ends", async (fault) => {
    const walk = await startApp();
    await signIn(walk);
    faults.set("/token/revocation", fault);
    faults.set(DISCOVERY, fault);
    const response = await walk.browser.submit(`${walk.world.app}/auth/logout`);
    expect(response.status).toBe(303);
    expect(await fetchMe(walk)).toEqual({ user: null });
  });

  test("after a restart with new keys and no grants: sign-ins work, and a session that cannot refresh ends", async () => {
    const walk = await startApp();
    await signIn(walk);
    await provider.close();
    expect(await refresh(walk)).toEqual({ status: 503, error: "provider_unreachable" });
    expect(await fetchMe(walk)).toMatchObject({ user: { sub: "ada" } });
    provider = await startRealProvider(Number(new URL(provider.issuer).port));
    expect(provider.issuer).toBe(walk.world.issuer);
    clockOffset = 6_000; // the app fetches the key set again for an unknown key, at most every 5 s
    const other: Walk = { ...walk, browser: createBrowser() };
    await signIn(other);
    expect(await refresh(other)).toEqual({ status: 200 });
    // Another machine might have the session's new tokens: for ten seconds the session stays.
    expect(await refresh(walk)).toEqual({ status: 503, error: "refresh_conflict" });
    browserOffset = 11_000;
    expect(await refresh(walk)).toEqual({ status: 401, error: "grant_ended" });
    expect(await fetchMe(walk)).toEqual({ user: null });
  });
});

describe("the browser returns with something other than a good response of its sign-in", () => {
  test("refused consent: an error page is shown, and the next sign-in works", async () => {
    const walk = await startApp();
    await startSignIn(walk);
    await answerProvider(walk, "deny");
    expect(await openCallback(walk)).toEqual({ status: 403, code: "access_denied" });
    expect(await fetchMe(walk)).toEqual({ user: null });
    await signIn(walk);
  });

  test("a sign-in that took too long is refused, and leaves no cookie", async () => {
    const walk = await startApp();
    await startSignIn(walk);
    await answerProvider(walk);
    clockOffset = 15 * 60_000;
    expect(await openCallback(walk)).toEqual({ status: 400, code: "transaction_expired" });
    expect(cookieNames(walk).filter(Boolean)).toEqual([]);
    clockOffset = 0;
    await signIn(walk);
  });

  test("an unknown state is refused, and the sign-in in progress can still finish", async () => {
    const walk = await startApp();
    await startSignIn(walk);
    await answerProvider(walk);
    const goodCallback = walk.nextUrl as URL;
    walk.nextUrl = new URL(goodCallback);
    walk.nextUrl.searchParams.set("state", "x".repeat(43));
    expect(await openCallback(walk)).toEqual({ status: 400, code: "no_transaction" });
    walk.nextUrl = goodCallback;
    await finishSignIn(walk);
    expect(await fetchMe(walk)).toMatchObject({ user: { sub: "ada" } });
  });

  test("the code of one sign-in with the state of another is refused by the provider", async () => {
    const walk = await startApp();
    const tabs: URL[] = [];
    for (let tab = 0; tab < 2; tab++) {
      await startSignIn(walk);
      await answerProvider(walk);
      tabs.push(walk.nextUrl as URL);
    }
    const [first, second] = tabs as [URL, URL];
    walk.nextUrl = new URL(first);
    walk.nextUrl.searchParams.set("code", second.searchParams.get("code") as string);
    expect(await openCallback(walk)).toEqual({ status: 400, code: "code_rejected" });
    expect(await fetchMe(walk)).toEqual({ user: null });
  });

  test("sign-ins in several tabs all succeed, in whatever order they finish", async () => {
    const walk = await startApp();
    const tabs: URL[] = [];
    for (let tab = 0; tab < 3; tab++) tabs.push(await startSignIn(walk));
    for (const tab of [2, 0, 1]) {
      walk.nextUrl = tabs[tab] as URL;
      await answerProvider(walk);
      await finishSignIn(walk);
      expect(await fetchMe(walk)).toMatchObject({ user: { sub: "ada" } });
    }
    expect(cookieNames(walk).filter((name) => name.startsWith("latchkey.tx."))).toEqual([]);
  });
});

describe("the app's clock differs from the provider's", () => {
  test.each([-30, 30])("by %i s: users can sign in, refresh and sign out", async (seconds) => {
    clockOffset = seconds * 1000;
    const walk = await startApp();
    await signIn(walk);
    expect(await refresh(walk)).toEqual({ status: 200 });
    expect((await walk.browser.submit(`${walk.world.app}/auth/logout`)).status).toBe(303);
    expect(await fetchMe(walk)).toEqual({ user: null });
  });

  test.each([
    ["appears to be issued in the future", -45],
    ["has expired", 3600 + 45],
  ])("by more than the tolerance: an ID Token that %s is refused", async (_what, seconds) => {
    const walk = await startApp();
    clockOffset = seconds * 1000;
    await startSignIn(walk);
    await answerProvider(walk);
    expect(await openCallback(walk)).toEqual({ status: 502, code: "id_token_invalid" });
    expect(await fetchMe(walk)).toEqual({ user: null });
  });
});
