import {
  type Agent,
  createServer,
  request as httpRequest,
  type IncomingHttpHeaders,
  type RequestListener,
} from "node:http";
import type { AddressInfo } from "node:net";
import type { Express } from "express";
import type { AuthOptions } from "../../adapters/lib/auth-options.js";
import {
  type CookieJar,
  createClock,
  createCookieJar,
  createTestProvider,
  type FixedClock,
  type TestProvider,
  type TestProviderOptions,
} from "../../adapters/testing/index.js";
import type { Awaitable } from "../../core/awaitable.js";
import type { LatchkeyEvent } from "../../core/events.js";
import { expressApps } from "./express-app.js";

/** Serves the routes of the tests with an adapter; on Express, `extend` adds more routes. */
export type Framework = (
  options: AuthOptions,
  extend: (app: Express) => void,
) => Awaitable<RequestListener & { close?: () => void }>;

/** A real app on a real port, with a provider in this process that a test can make misbehave. */
export interface TestApp {
  readonly url: string;
  readonly provider: TestProvider;
  /** The second provider of an app with several. */
  readonly another: TestProvider;
  readonly clock: FixedClock;
  readonly events: LatchkeyEvent[];
  readonly options: AuthOptions;
  browser(): TestBrowser;
  /** Makes the app wait for the provider until the returned function is called. */
  holdProvider(): () => void;
  /** The same for one endpoint; `reached` resolves when the app's request has arrived there. */
  stall(endpoint: StalledEndpoint): { readonly reached: Promise<void>; end(): void };
  close(): Promise<void>;
}

/** The ends of the URLs of the test provider's endpoints. */
const PATHS = {
  discovery: "/.well-known/openid-configuration",
  jwks: "/jwks",
  token: "/token",
  userinfo: "/userinfo",
  revocation: "/revoke",
  par: "/par",
};
export type StalledEndpoint = keyof typeof PATHS;

/** The response to a request of the test browser. */
export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly setCookies: readonly string[];
  readonly body: string;
  /** The body in the pieces in which it arrived. */
  readonly pieces: readonly string[];
  /** Puts the Set-Cookie lines into the jar; needed only with `hold`. */
  deliver(): void;
}

export interface AnswerOptions {
  method?: string;
  /** A header with an empty value is not sent. */
  headers?: Record<string, string>;
  body?: string;
  /** The request fails after this many milliseconds without a response. @default 20000 */
  timeout?: number;
  /** For `abandon`: the request's body does not end. */
  unfinished?: boolean;
  /** Does not store the Set-Cookie lines until `deliver` is called. */
  hold?: boolean;
}

/** The browser of one user: a cookie jar, and the headers that Chromium sends. */
export interface TestBrowser {
  readonly jar: CookieJar;
  /** One request, as a navigation sends it; redirects are not followed. */
  navigate(path: string, options?: AnswerOptions): Promise<Answer>;
  /** One request, as a script sends it. */
  fetch(path: string, options?: AnswerOptions): Promise<Answer>;
  /** Sends a request and resets its connection (RST) once `when` resolves. */
  abandon(path: string, when: Promise<unknown>, options?: AnswerOptions): Promise<void>;
  /** Signs `user` in from start to end, and returns the response to the callback. */
  signIn(user?: Record<string, unknown>, loginPath?: string): Promise<Answer>;
}

const NAVIGATION = {
  "sec-fetch-mode": "navigate",
  "sec-fetch-dest": "document",
  "sec-fetch-site": "none",
  accept: "text/html",
};
const SCRIPT = { "sec-fetch-mode": "cors", "sec-fetch-dest": "empty", "sec-fetch-site": "same-origin", accept: "*/*" };

/** The options of the client of a test provider. */
const clientAt = ({ issuer, clientId, clientSecret }: TestProvider) => ({ issuer, clientId, clientSecret });

/** Starts an app with the routes of the tests. @default on Express 5 */
export async function startApp({
  framework = expressApps["Express 5"],
  options = {},
  provider: providerOptions = {},
  another: anotherOptions,
  extend = () => {},
}: {
  framework?: Framework;
  options?: AuthOptions | ((url: string) => AuthOptions);
  provider?: TestProviderOptions;
  /** The app has two providers, `work` and `code`. */
  another?: TestProviderOptions;
  extend?: (app: Express) => void;
} = {}): Promise<TestApp> {
  const clock = createClock();
  const provider = await createTestProvider({ clock, ...providerOptions });
  const another = anotherOptions ? await createTestProvider({ clock, ...anotherOptions }) : provider;
  const events: LatchkeyEvent[] = [];
  let providerHeld: Promise<void> | undefined;
  let stalled: { path: string; reach(): void; released: Promise<void> } | undefined;
  const server = createServer((req, res) => listener(req, res));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const complete: AuthOptions = {
    ...(anotherOptions
      ? { providers: { work: clientAt(provider), code: { ...clientAt(another), label: "Code & Co" } } }
      : clientAt(provider)),
    secret: "a secret for tests of at least thirty-two characters",
    baseUrl: url,
    fetch: async (input: string | URL | Request, init?: RequestInit) => {
      await providerHeld;
      if (stalled && new URL(String(input)).pathname.endsWith(stalled.path)) {
        stalled.reach();
        await stalled.released;
      }
      return (String(input).startsWith(`${another.issuer}/`) ? another : provider).fetch(input, init);
    },
    now: clock.now,
    onEvent: (event) => events.push(event),
    ...(typeof options === "function" ? options(url) : options),
  };
  const listener = await framework(complete, extend);
  return {
    url,
    provider,
    another,
    clock,
    events,
    options: complete,
    browser: () => createTestBrowser(url, provider, clock),
    holdProvider() {
      let release = () => {};
      providerHeld = new Promise((resolve) => {
        release = resolve;
      });
      return () => {
        providerHeld = undefined;
        release();
      };
    },
    stall(endpoint) {
      let release = () => {};
      let reach = () => {};
      const reached = new Promise<void>((resolve) => {
        reach = resolve;
      });
      const released = new Promise<void>((resolve) => {
        release = resolve;
      });
      stalled = { path: PATHS[endpoint], reach, released };
      return {
        reached,
        end() {
          stalled = undefined;
          release();
        },
      };
    },
    close: () => {
      listener.close?.();
      return new Promise((resolve) => server.close(() => resolve()).closeAllConnections());
    },
  };
}

function createTestBrowser(base: string, provider: TestProvider, clock: FixedClock): TestBrowser {
  const jar = createCookieJar({ clock });

  async function send(path: string, defaults: Record<string, string>, options: AnswerOptions): Promise<Answer> {
    const target = path.startsWith("http") ? path.slice(new URL(path).origin.length) : path;
    const cookie = jar.header(base + target);
    const headers = { ...defaults, ...(cookie ? { cookie } : {}), ...options.headers };
    const answer = await plainRequest(base, target, { ...options, headers });
    const deliver = () => jar.store(answer.setCookies, base + target);
    if (!options.hold) deliver();
    return { ...answer, deliver };
  }

  const browser: TestBrowser = {
    jar,
    navigate: (path, options = {}) => send(path, NAVIGATION, options),
    fetch: (path, options = {}) => send(path, SCRIPT, options),
    async abandon(path, when, { method = "GET", ...options } = {}) {
      const target = path.startsWith("http") ? path.slice(new URL(path).origin.length) : path;
      const cookie = jar.header(base + target);
      const headers = { ...NAVIGATION, ...(cookie ? { cookie } : {}), ...options.headers };
      const { hostname, port } = new URL(base);
      const outgoing = httpRequest({ hostname, port, path: target, method, headers, agent: false });
      const closed = new Promise<void>((resolve) => outgoing.on("close", resolve).on("error", () => {}));
      if (options.unfinished) outgoing.write(options.body ?? "");
      else outgoing.end(options.body);
      await when;
      outgoing.socket?.resetAndDestroy();
      await closed;
    },
    async signIn(user = { sub: "alice", name: "Alice" }, loginPath = "/auth/login") {
      const login = await browser.navigate(loginPath);
      const back = await provider.authorize(String(login.headers.location), { user });
      if (back.method === "GET") return browser.navigate(back.url);
      const headers = { "content-type": "application/x-www-form-urlencoded", origin: provider.issuer };
      return browser.navigate(back.url, { method: "POST", headers, body: back.body ?? "" });
    },
  };
  return browser;
}

/** Sends a request with exactly these headers and this request target; without an agent, on a new socket. */
export function plainRequest(
  base: string,
  target: string,
  options: AnswerOptions & { agent?: Agent },
): Promise<Omit<Answer, "deliver">> {
  const { hostname, port } = new URL(base);
  return new Promise((resolve, reject) => {
    const { method = "GET", agent = false, timeout = 20_000 } = options;
    const headers = Object.fromEntries(Object.entries(options.headers ?? {}).filter(([, value]) => value !== ""));
    const outgoing = httpRequest({ hostname, port, path: target, method, headers, agent }, (incoming) => {
      const pieces: string[] = [];
      incoming.setEncoding("utf8");
      incoming.on("data", (piece: string) => pieces.push(piece));
      incoming.on("error", reject);
      incoming.on("end", () => {
        const { statusCode = 0, headers: received } = incoming;
        const setCookies = received["set-cookie"] ?? [];
        resolve({ status: statusCode, headers: received, setCookies, body: pieces.join(""), pieces });
      });
    });
    outgoing.on("error", reject);
    const late = () => outgoing.destroy(new Error(`no answer to ${method} ${target} within ${timeout} ms`));
    outgoing.setTimeout(timeout, late);
    outgoing.end(options.body);
  });
}
