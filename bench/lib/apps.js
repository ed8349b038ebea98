import { randomBytes } from "node:crypto";
import { createBrowser, location } from "../../examples/demo/browser.js";
import { startChild } from "./child.js";

/**
 * An app that signs users in with one of the libraries.
 * @typedef {object} Kind
 * @property {string} name
 * @property {string} file in peers/sign-in
 * @property {string} login the route that leads to the provider
 * @property {string} callback
 * @property {string} token the route that returns `{ token }`, a valid access token; with `?refresh`, a new one
 * @property {string} [csrf] the route that returns the CSRF token for the form that posts to `login`
 * @property {string} [authentication] the client authentication method; client_secret_basic by default
 * @property {Record<string, unknown>} [options] further arguments of its `createApp`
 * @property {boolean} [ours]
 */

/** @type {Kind[]} */
export const KINDS = [
  {
    name: "latchkey",
    file: "latchkey.js",
    login: "/auth/login",
    callback: "/auth/callback",
    token: "/token",
    ours: true,
  },
  {
    name: "@auth0/nextjs-auth0",
    file: "nextjs-auth0.js",
    login: "/auth/login",
    callback: "/auth/callback",
    token: "/token",
    authentication: "client_secret_post",
  },
  {
    name: "express-openid-connect",
    file: "express-openid-connect.js",
    login: "/login",
    callback: "/callback",
    token: "/token",
  },
  {
    name: "@auth/express",
    file: "auth-express.js",
    login: "/auth/signin/bench",
    callback: "/auth/callback/bench",
    token: "/auth/session",
    csrf: "/auth/csrf",
  },
  {
    name: "openid-client, by hand",
    file: "openid-client.js",
    login: "/login",
    callback: "/callback",
    token: "/token",
  },
];

/**
 * Starts an app in a new process.
 * @param {Kind} kind @param {Awaited<ReturnType<typeof import("./provider.js").startProvider>>} provider
 */
export async function startApp(kind, provider) {
  const client = provider.clientOf(kind.authentication);
  const settings = {
    ...kind.options,
    file: kind.file,
    issuer: provider.issuer,
    clientId: client.id,
    clientSecret: client.secret,
    secret: randomBytes(32).toString("hex"),
  };
  const env = { NODE_ENV: "production" };
  const { ready, stop } = await startChild(new URL("app-process.js", import.meta.url), settings, env);
  return { ...kind, baseUrl: ready.baseUrl, stop };
}

/** @typedef {Awaited<ReturnType<typeof startApp>>} App */

/**
 * Starts several apps. An app that does not start is left out.
 * @param {Kind[]} kinds @param {(name: string, error: Error) => void} leaveOut
 * @returns {Promise<App[]>}
 */
export async function startApps(kinds, provider, leaveOut) {
  const started = await Promise.allSettled(kinds.map((kind) => startApp(kind, provider)));
  return started.flatMap(({ value, reason }, index) => {
    if (reason) leaveOut(kinds[index].name, reason);
    return value ?? [];
  });
}

async function timed(work) {
  const started = performance.now();
  const value = await work();
  return { value, milliseconds: performance.now() - started };
}

/** Requests a sign-in from the app. */
async function startLogin(browser, { baseUrl, login, csrf }) {
  const url = `${baseUrl}${login}`;
  if (!csrf) return timed(() => browser.open(url, "same-origin"));
  const { csrfToken } = JSON.parse((await browser.fetch(`${baseUrl}${csrf}`)).body);
  return timed(() => browser.submit(url, { csrfToken }));
}

const redirectTarget = (response) => {
  const next = location(response);
  if (next) return next;
  throw new Error(`${response.url.pathname} answered ${response.status}: ${response.body.slice(0, 200)}`);
};

/**
 * Signs in with a new browser.
 * @param {App} app
 * @returns {Promise<{ browser: ReturnType<typeof createBrowser>, milliseconds: number }>} the time of the app's two
 *   responses: the redirect to the provider, and the response to the callback
 */
export async function signIn(app) {
  const browser = createBrowser();
  const login = await startLogin(browser, app);
  let url = redirectTarget(login.value);
  for (let hops = 0; url.origin !== app.baseUrl; hops++) {
    if (hops === 10) throw new Error("too many redirects");
    url = redirectTarget(await browser.open(url, "cross-site"));
  }
  if (url.pathname !== app.callback) throw new Error(`the provider redirected to ${url.pathname}`);
  const callback = await timed(() => browser.open(url, "cross-site"));
  redirectTarget(callback.value);
  return { browser, milliseconds: login.milliseconds + callback.milliseconds };
}

/**
 * Requests an access token from the app.
 * @param {App} app @param {ReturnType<typeof createBrowser>} browser @param {{ refresh?: boolean }} [options]
 * @returns {Promise<string | undefined>} undefined if the app has none
 */
export async function requestToken({ baseUrl, token }, browser, { refresh = false } = {}) {
  const response = await browser.fetch(`${baseUrl}${token}${refresh ? "?refresh" : ""}`);
  return response.status === 200 ? (JSON.parse(response.body)?.token ?? undefined) : undefined;
}
