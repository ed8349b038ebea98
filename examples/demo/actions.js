import assert from "node:assert/strict";
import { location } from "./browser.js";

/**
 * @typedef {object} World
 * @property {string} app the app's origin
 * @property {string} issuer
 * @property {string} api the API's origin
 * @property {{ id: string, secret: string }} client
 * @property {import("./provider.js").Grant[]} grants the successful token requests, oldest first
 * @property {() => number} revoked how many grants the provider has revoked
 */

/** @typedef {ReturnType<typeof import("./browser.js").createBrowser>} Browser */
/** @typedef {{ world: World, browser: Browser, nextUrl?: URL }} Walk `nextUrl`: the URL that the browser opens next */

/** The names of the browser's cookies for the app. @param {Walk} walk */
export const cookieNames = ({ browser, world }) =>
  browser
    .cookies(world.app)
    .split("; ")
    .map((pair) => pair.slice(0, pair.indexOf("=")));

/** The cookies of one kind, as text to compare. @param {Walk} walk @param {string} kind */
export const cookiesOfKind = ({ browser, world }, kind) =>
  browser
    .cookies(world.app)
    .split("; ")
    .filter((pair) => pair.slice(0, pair.indexOf("=")).split(".")[2] === kind)
    .join("; ");

/** What the app responds at /auth/me: `{ user }`. @param {Walk} walk */
export const fetchMe = async ({ browser, world }) => {
  const response = await browser.fetch(`${world.app}/auth/me`);
  assert.equal(response.status, 200, "GET /auth/me responds with 200");
  assert.match(response.headers["cache-control"] ?? "", /private/, "shared caches must not store GET /auth/me");
  return JSON.parse(response.body);
};

/** Follows redirects to the next page, or up to the redirect to the app's callback. @param {Walk} walk @param {URL} from */
const follow = async ({ browser, world }, from) => {
  let url = from;
  for (let hops = 0; hops < 10; hops += 1) {
    if (url.href.startsWith(`${world.app}/auth/callback`)) return { url, page: undefined };
    const response = await browser.open(url, "cross-site");
    const next = location(response);
    if (!next) return { url, page: response };
    url = next;
  }
  throw new Error(`too many redirects; the last one led to ${url.origin}${url.pathname}`);
};

/** Starts a sign-in at the app, and stops at the redirect to the provider. @param {Walk} walk */
export async function startSignIn(walk) {
  const { browser, world } = walk;
  const response = await browser.open(`${world.app}/auth/login?returnTo=/%3Ffrom=walk`, "same-origin");
  const to = location(response);
  assert.ok(to, `GET /auth/login redirects (it responded with ${response.status})`);
  assert.equal(to.origin, world.issuer, "to the provider");
  assert.ok(
    cookieNames(walk).some((name) => name.startsWith("latchkey.tx.")),
    "with a transaction cookie",
  );
  assert.ok(
    response.setCookies.every((line) => /; *httponly/i.test(line) && /; *samesite=lax/i.test(line)),
    "HttpOnly and SameSite=Lax on every cookie",
  );
  assert.match(response.headers["cache-control"] ?? "", /no-store/, "a response that sets cookies has no-store");
  walk.nextUrl = to;
  return to;
}

/**
 * Opens the provider's page, submits its form, and stops at the redirect that follows.
 * @param {Walk} walk @param {RegExp} heading the heading that the page must have @param {Record<string, string>} fields
 */
export async function submitForm(walk, heading, fields) {
  assert.ok(walk.nextUrl);
  const { url, page } = await follow(walk, walk.nextUrl);
  assert.match(page?.body ?? "", heading, "the provider shows its form");
  const next = location(await walk.browser.submit(url, fields));
  assert.ok(next, "the provider accepts the form and redirects");
  walk.nextUrl = next;
}

/** Opens the app's callback with the code, and checks where it leads. @param {Walk} walk */
export async function finishSignIn(walk) {
  assert.ok(walk.nextUrl);
  const { url } = await follow(walk, walk.nextUrl);
  for (const name of ["code", "state", "iss"]) assert.ok(url.searchParams.has(name), `the callback has ${name}`);
  const response = await walk.browser.open(url, "cross-site");
  assert.equal(location(response)?.href, `${walk.world.app}/?from=walk`, "the callback leads to returnTo");
  return { url, response };
}

/** @param {Walk} walk */
export const callApi = async ({ browser, world }) => {
  const response = await browser.fetch(`${world.app}/api/shows`);
  return { ...response, json: JSON.parse(response.body) };
};

/** Confirms the sign-out at the provider (RP-Initiated Logout), which redirects back to the app. @param {Walk} walk @param {URL} from */
export async function signOutAtProvider(walk, from) {
  assert.equal(from.origin, walk.world.issuer, "sign-out continues at the provider");
  const { url, page } = await follow(walk, from);
  const action = /action="([^"]+)"/.exec(page?.body ?? "")?.[1];
  const xsrf = /name="xsrf" value="([^"]+)"/.exec(page?.body ?? "")?.[1];
  assert.ok(action && xsrf, "the provider asks whether to sign out there too");
  const next = location(await walk.browser.submit(new URL(action, url), { xsrf, logout: "yes" }));
  assert.equal(next?.href, `${walk.world.app}/`, "the provider redirects back to the app");
}
