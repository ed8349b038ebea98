import { createServer, type IncomingMessage, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import type { Page } from "playwright-core";
import { backchannelLogout, privateKeyJwt } from "../../adapters/express.js";
import type { AuthOptions } from "../../adapters/lib/auth-options.js";
import { createStore } from "../../adapters/stores/create-store.js";
import { createMemoryPort } from "../../core/store/memory.js";
import type { Framework } from "../support/app.js";
import { expressApps } from "../support/express-app.js";
import { runtimes } from "../support/runtimes.js";
import { fetchJson, postForm } from "./user.js";
import type { App, Call, ClientKey, Received, ServerApp } from "./world.js";

/** The apps on servers: Express in the process of the test, and workerd in another process, which gets JSON alone. */
const frameworks = {
  Express: (options: AuthOptions, clientKey?: ClientKey) =>
    expressApps["Express 5"](
      {
        ...options,
        store: createStore(createMemoryPort(Date.now), { checkEvery: 0 }),
        backchannelLogout: backchannelLogout(),
        ...(clientKey ? { clientAuthentication: privateKeyJwt(...clientKey) } : {}),
      },
      () => {},
    ),
  workerd: (options: AuthOptions, clientKey?: ClientKey) =>
    runtimes.workerd(
      {
        ...options,
        session: { storage: "cookies" },
        clientKey,
        answersLogoutTokens: true,
        checkEvery: 0,
      } as AuthOptions,
      () => {},
    ),
} satisfies Record<string, (options: AuthOptions, clientKey?: ClientKey) => ReturnType<Framework>>;

export type ServerName = keyof typeof frameworks;

/** A server that an app is served by later. Its origin is known at once, so that a provider can register the app. */
export interface Server {
  readonly origin: string;
  /** The app, with these options in every `serve`. */
  app(options: AuthOptions, page: Page, userinfo: string): ServerApp;
  close(): Promise<void>;
}

/** Sends a request to the provider, and keeps it with its response. Follows no redirect, like latchkey. */
const recording =
  (calls: Call[]) =>
  async (input: string | URL | Request, init: RequestInit = {}): Promise<Response> => {
    const response = await fetch(input, { ...init, redirect: "manual" });
    const authorization = new Headers(init.headers).get("authorization") ?? "";
    const form = new URLSearchParams(`${init.body ?? ""}`);
    const answer = await response
      .clone()
      .json()
      .catch(() => undefined);
    calls.push({ url: String(input), authorization, form, status: response.status, answer });
    return response;
  };

/** Keeps what arrives of the body of a request, and leaves it for the app to read. */
function keepBody(req: IncomingMessage): () => string {
  const chunks: Buffer[] = [];
  const { push } = req;
  req.push = (chunk, encoding) => {
    if (chunk) chunks.push(chunk);
    return push.call(req, chunk, encoding);
  };
  return () => Buffer.concat(chunks).toString();
}

/** Starts the server of an app. */
export async function startServer(name: ServerName): Promise<Server> {
  let listener: (RequestListener & { close?: () => void }) | undefined;
  const [calls, received]: [Call[], Received[]] = [[], []];
  const server = createServer((req, res) => {
    const { method = "", url = "" } = req;
    // Requests of workerd to the provider pass through this server too.
    if (!url.startsWith("/relay?"))
      received.push({
        method,
        url: new URL(url, origin),
        body: keepBody(req),
        status: () => (res.writableFinished ? res.statusCode : 0),
      });
    listener?.(req, res);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const always = {
    secret: "a secret for tests of at least thirty-two characters",
    baseUrl: origin,
    now: () => Date.now(),
    fetch: recording(calls),
    onEvent: () => {},
  };
  const withOptions = (path: string, options: object) =>
    `${path}?${new URLSearchParams({ options: JSON.stringify(options) })}`;
  return {
    origin,
    app: (own, page, userinfo) => ({
      origin,
      calls,
      received,
      async serve(options = {}, clientKey) {
        listener?.close?.();
        listener = await frameworks[name]({ ...always, ...own, ...options }, clientKey);
      },
      login: async () => void (await page.goto(origin + withOptions("/enter", { returnTo: "/" }))),
      session: async () => (await fetchJson<{ session: Awaited<ReturnType<App["session"]>> }>(page, "/")).session,
      refresh: async () => (await fetchJson<{ token: string }>(page, "/token?force=")).token,
      userinfo: () => fetchJson(page, `/api?${new URLSearchParams({ to: userinfo })}`),
      logout: (params) => postForm(page, params ? withOptions("/leave", { params }) : "/auth/logout"),
    }),
    close() {
      listener?.close?.();
      return new Promise((resolve) => server.close(() => resolve()).closeAllConnections());
    },
  };
}
