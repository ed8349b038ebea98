import { createServer, type Server } from "node:net";
import express, { type Response as Answer, type NextFunction, type Request } from "express";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { type AuthOptions, auth } from "../../adapters/express.js";
import { createBrowser, location } from "../../examples/demo/browser.js";
import { close, listen } from "../../examples/demo/listen.js";
import { answerForm, cookiesOf, finishSignIn, me, names, startSignIn, type Walk } from "../../examples/demo/moves.js";
import { startProvider } from "../../examples/demo/provider.js";

/**
 * The real provider, with faults between it and the app: connections that are refused, that are taken and never answered,
 * and answers of 503, each over a real socket, by the path that is asked for.
 */
type Fault = "refused" | "silent" | "503";
const faults = new Map<string, Fault>();
const API = "https://api.example";
const TIMEOUT = 1.5;

let provider: Awaited<ReturnType<typeof startProvider>>;
const grants: Array<{ grantType: string; rotated: boolean }> = [];
const stops: Array<() => Promise<unknown>> = [];
const instead: Record<Fault, string> = { refused: "", silent: "", 503: "" };
let redirectUris: string[];
/** Milliseconds by which the app's clock is ahead of the provider's. */
let ahead = 0;

const listenTo = (server: Server) =>
  new Promise<string>((resolve) => {
    server.listen(0, "127.0.0.1", () => resolve(`http://127.0.0.1:${(server.address() as { port: number }).port}`));
  });
const stopOf = (server: Server) => () => new Promise((resolve) => server.close(resolve));

const clients = () => [
  {
    client_id: "app",
    client_secret: "a secret that nobody knows",
    grant_types: ["authorization_code", "refresh_token"],
    redirect_uris: redirectUris,
    post_logout_redirect_uris: redirectUris.map((uri) => uri.replace("auth/callback", "")),
  },
];

const begin = (port?: number) =>
  startProvider({
    ...(port === undefined ? {} : { port }),
    apis: { [API]: "read:shows" },
    onGrant: (grant) => grants.push(grant),
    clients: clients(),
  });

/** An app of its own, which knows nothing of the provider yet. */
async function startApp(options: AuthOptions = {}): Promise<Walk> {
  const { server, origin } = apps.pop() as Awaited<ReturnType<typeof listen>>;
  const app = express();
  app.use(
    auth({
      issuer: provider.issuer,
      clientId: "app",
      clientSecret: "a secret that nobody knows",
      secret: "a secret for tests of at least thirty-two characters",
      baseUrl: origin,
      scope: "openid profile offline_access read:shows",
      authorizationParams: { resource: API, prompt: "consent" },
      userinfo: false,
      httpTimeout: TIMEOUT,
      now: () => Date.now() + ahead,
      fetch: (url: string, init: unknown) => {
        const { pathname } = new URL(url);
        const fault = faults.get(pathname);
        return fetch(fault ? instead[fault] + pathname : url, init as RequestInit);
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
  return { world: { ...world, revoked: () => 0 }, browser: createBrowser() };
}

/** Their addresses are registered with the provider before it starts. */
let apps: Array<Awaited<ReturnType<typeof listen>>>;
beforeAll(async () => {
  apps = await Promise.all(Array.from({ length: 32 }, () => listen("127.0.0.1", 0)));
  redirectUris = apps.map(({ origin }) => `${origin}/auth/callback`);
  provider = await begin();
  const gone = createServer();
  const silent = createServer((socket) => socket.on("error", () => {}));
  const failing = createServer((socket) => {
    socket.on("error", () => {});
    socket.once("data", () => socket.end("HTTP/1.1 503 Unavailable\r\ncontent-length: 2\r\n\r\n{}"));
  });
  Object.assign(instead, {
    refused: await listenTo(gone),
    silent: await listenTo(silent),
    503: await listenTo(failing),
  });
  await stopOf(gone)();
  stops.push(stopOf(failing), async () => void silent.close());
});
afterAll(async () => {
  await provider.close();
  await Promise.all(
    [
      ...stops,
      ...apps.map(
        ({ server }) =>
          () =>
            close(server),
      ),
    ].map((stop) => stop()),
  );
});
afterEach(() => {
  faults.clear();
  ahead = 0;
});

/** The provider's forms, up to the redirect that leads back to the app. */
async function atProvider(walk: Walk, consent = "allow"): Promise<void> {
  // The session at the provider may still stand.
  const { browser } = walk;
  const page = await followTo(walk);
  if (/<h1>Sign in<\/h1>/.test(page)) {
    await answerForm(walk, /<h1>Sign in<\/h1>/, { name: "ada", password: "demo", action: "sign-in" });
  }
  await answerForm(walk, /<h1>Allow access\?<\/h1>/, { action: consent });
  const answer = await browser.open(walk.at as URL, "cross-site");
  walk.at = location(answer) as URL;
}

/** Goes on to the provider's next page, and stands there. */
async function followTo(walk: Walk): Promise<string> {
  for (;;) {
    const answer = await walk.browser.open(walk.at as URL, "cross-site");
    const next = location(answer);
    if (!next) return answer.body;
    walk.at = next;
  }
}

async function signIn(walk: Walk): Promise<void> {
  await startSignIn(walk);
  await atProvider(walk);
  await finishSignIn(walk);
  expect(await me(walk)).toMatchObject({ user: { sub: "ada" } });
}

/** What the callback answers, where it is no redirect to the app. */
async function failingCallback(walk: Walk) {
  const { status, body } = await walk.browser.open(walk.at as URL, "cross-site");
  return { status, code: /<code>(\w+)<\/code>/.exec(body)?.[1] };
}

const refresh = async ({ browser, world }: Walk) => {
  const { status, body } = await browser.fetch(`${world.app}/token`);
  return { status, error: JSON.parse(body).error };
};

const UNREACHABLE = { status: 503, code: "provider_unreachable" };
const DISCOVERY = "/.well-known/openid-configuration";
const kinds: Fault[] = ["refused", "silent", "503"];

describe("the provider is down", () => {
  test.each(kinds)("when the sign-in starts (%s): a page says so, and the next one works", async (fault) => {
    const walk = await startApp();
    faults.set(DISCOVERY, fault);
    const began = Date.now();
    const answer = await walk.browser.open(`${walk.world.app}/auth/login`, "same-origin");
    expect(Date.now() - began).toBeLessThan(5_000);
    expect(answer.status).toBe(503);
    expect(answer.body).toContain("<code>provider_unreachable</code>");
    expect(answer.headers["cache-control"]).toBe("private, no-store");
    expect(names(walk).filter(Boolean)).toEqual([]);
    faults.clear();
    await signIn(walk);
  });

  test.each(kinds.flatMap((fault) => ["/token", "/jwks", "/me"].map((path) => [path, fault] as const)))(
    "when the callback asks for %s (%s): a page says so, who was signed in stays so, and the next one works",
    async (path, fault) => {
      // An access token that names an API is not one for the userinfo endpoint.
      const own = { userinfo: true, scope: "openid profile", authorizationParams: { prompt: "consent" } };
      const walk = await startApp(path === "/me" ? own : {});
      if (path !== "/jwks") await signIn(walk);
      const before = await me(walk);
      await startSignIn(walk);
      await atProvider(walk);
      faults.set(path, fault);
      expect(await failingCallback(walk)).toEqual(UNREACHABLE);
      expect(await me(walk)).toEqual(before);
      expect(names(walk).filter((name) => name.startsWith("latchkey.tx."))).toEqual([]);
      faults.clear();
      // The same callback is no second try: its code may be spent.
      expect((await failingCallback(walk)).code).toBe(before.user ? undefined : "no_transaction");
      await signIn(walk);
    },
  );

  test.each(kinds)("when tokens are refreshed (%s): nothing is lost, and the next refresh works", async (fault) => {
    const walk = await startApp();
    await signIn(walk);
    const tokens = cookiesOf(walk, "tok");
    faults.set("/token", fault);
    expect(await refresh(walk)).toEqual({ status: 503, error: "provider_unreachable" });
    expect(cookiesOf(walk, "tok")).toBe(tokens);
    expect(await me(walk)).toMatchObject({ user: { sub: "ada" } });
    faults.clear();
    expect(await refresh(walk)).toEqual({ status: 200 });
    expect(grants.at(-1)).toMatchObject({ grantType: "refresh_token", rotated: true });
    expect(cookiesOf(walk, "tok")).not.toBe(tokens);
  });

  test.each(kinds)("when someone signs out (%s): they are signed out here", async (fault) => {
    const walk = await startApp();
    await signIn(walk);
    faults.set("/token/revocation", fault);
    faults.set(DISCOVERY, fault);
    const answer = await walk.browser.submit(`${walk.world.app}/auth/logout`);
    expect(answer.status).toBe(303);
    expect(await me(walk)).toEqual({ user: null });
  });

  test("it comes back with new keys and no memory: the app goes on, and who cannot refresh has to sign in", async () => {
    const walk = await startApp();
    await signIn(walk);
    await provider.close();
    expect(await refresh(walk)).toEqual({ status: 503, error: "provider_unreachable" });
    expect(await me(walk)).toMatchObject({ user: { sub: "ada" } });
    provider = await begin(Number(new URL(provider.issuer).port));
    expect(provider.issuer).toBe(walk.world.issuer);
    ahead = 6_000; // a key that is not known is asked for again, at most every 5 s
    const other: Walk = { ...walk, browser: createBrowser() };
    await signIn(other);
    expect(await refresh(other)).toEqual({ status: 200 });
    expect(await refresh(walk)).toEqual({ status: 401, error: "grant_ended" });
    expect(await me(walk)).toEqual({ user: null });
  });
});

describe("the browser comes back with something else", () => {
  test("refused consent: a page says so, and the next sign-in works", async () => {
    const walk = await startApp();
    await startSignIn(walk);
    await atProvider(walk, "deny");
    expect(await failingCallback(walk)).toEqual({ status: 403, code: "access_denied" });
    expect(await me(walk)).toEqual({ user: null });
    await signIn(walk);
  });

  test("a sign-in that took too long is refused, and leaves nothing", async () => {
    const walk = await startApp();
    await startSignIn(walk);
    await atProvider(walk);
    ahead = 15 * 60_000;
    expect(await failingCallback(walk)).toEqual({ status: 400, code: "transaction_expired" });
    expect(names(walk).filter(Boolean)).toEqual([]);
    ahead = 0;
    await signIn(walk);
  });

  test("a state that is not ours is refused, and the sign-in in progress goes on", async () => {
    const walk = await startApp();
    await startSignIn(walk);
    await atProvider(walk);
    const right = walk.at as URL;
    walk.at = new URL(right);
    walk.at.searchParams.set("state", "x".repeat(43));
    expect(await failingCallback(walk)).toEqual({ status: 400, code: "no_transaction" });
    walk.at = right;
    await finishSignIn(walk);
    expect(await me(walk)).toMatchObject({ user: { sub: "ada" } });
  });

  test("the code of one sign-in with the state of another is refused by the provider", async () => {
    const walk = await startApp();
    const tabs: URL[] = [];
    for (let tab = 0; tab < 2; tab++) {
      await startSignIn(walk);
      await atProvider(walk);
      tabs.push(walk.at as URL);
    }
    const [first, second] = tabs as [URL, URL];
    walk.at = new URL(first);
    walk.at.searchParams.set("code", second.searchParams.get("code") as string);
    expect(await failingCallback(walk)).toEqual({ status: 400, code: "code_rejected" });
    expect(await me(walk)).toEqual({ user: null });
  });

  test("several tabs sign in side by side, and end in another order than they began", async () => {
    const walk = await startApp();
    const tabs: URL[] = [];
    for (let tab = 0; tab < 3; tab++) tabs.push(await startSignIn(walk));
    for (const tab of [2, 0, 1]) {
      walk.at = tabs[tab] as URL;
      await atProvider(walk);
      await finishSignIn(walk);
      expect(await me(walk)).toMatchObject({ user: { sub: "ada" } });
    }
    expect(names(walk).filter((name) => name.startsWith("latchkey.tx."))).toEqual([]);
  });
});

describe("clocks differ", () => {
  test.each([-30, 30])("by %i s: people sign in, refresh and sign out", async (seconds) => {
    ahead = seconds * 1000;
    const walk = await startApp();
    await signIn(walk);
    expect(await refresh(walk)).toEqual({ status: 200 });
    expect((await walk.browser.submit(`${walk.world.app}/auth/logout`)).status).toBe(303);
    expect(await me(walk)).toEqual({ user: null });
  });

  test.each([
    ["the ID Token is from the future", -45],
    ["the ID Token is over", 3600 + 45],
  ])("by more: %s", async (_what, seconds) => {
    const walk = await startApp();
    ahead = seconds * 1000;
    await startSignIn(walk);
    await atProvider(walk);
    expect(await failingCallback(walk)).toEqual({ status: 502, code: "id_token_invalid" });
    expect(await me(walk)).toEqual({ user: null });
  });
});
