import assert from "node:assert/strict";
import { location } from "./browser.js";

/**
 * @typedef {object} World
 * @property {string} app the app's origin
 * @property {string} issuer
 * @property {string} api the API's origin
 * @property {{ id: string, secret: string }} client
 * @property {import("./provider.js").Grant[]} grants what the token endpoint has granted, oldest first
 * @property {() => number} revoked how many grants the provider has revoked
 */

/** @typedef {ReturnType<typeof import("./browser.js").createBrowser>} Browser */
/** @typedef {{ world: World, browser: Browser, at?: URL }} Walk `at`: where the browser stands between two steps */

/** The names of a browser's cookies for the app. @param {Walk} walk */
export const names = ({ browser, world }) =>
  browser
    .cookies(world.app)
    .split("; ")
    .map((pair) => pair.slice(0, pair.indexOf("=")));

/** The cookies of one concern, as text to compare. @param {Walk} walk @param {string} concern */
export const cookiesOf = ({ browser, world }, concern) =>
  browser
    .cookies(world.app)
    .split("; ")
    .filter((pair) => pair.slice(0, pair.indexOf("=")).split(".")[2] === concern)
    .join("; ");

/** @param {Walk} walk */
export const me = async ({ browser, world }) => {
  const answer = await browser.fetch(`${world.app}/auth/me`);
  assert.equal(answer.status, 200, "GET /auth/me answers 200");
  assert.match(answer.headers["cache-control"] ?? "", /private/, "GET /auth/me must not be cached by others");
  return JSON.parse(answer.body);
};

/** Follows redirects until a page, or until a redirect leaves for the app's callback. @param {Walk} walk @param {URL} from */
const follow = async ({ browser, world }, from) => {
  let url = from;
  for (let hops = 0; hops < 10; hops += 1) {
    if (url.href.startsWith(`${world.app}/auth/callback`)) return { url, page: undefined };
    const answer = await browser.open(url, "cross-site");
    const next = location(answer);
    if (!next) return { url, page: answer };
    url = next;
  }
  throw new Error(`redirects without end at ${url.origin}${url.pathname}`);
};

/** Starts a sign-in at the app; the browser then stands at the redirect to the provider. @param {Walk} walk */
export async function startSignIn(walk) {
  const { browser, world } = walk;
  const answer = await browser.open(`${world.app}/auth/login?returnTo=/%3Ffrom=walk`, "same-origin");
  const to = location(answer);
  assert.ok(to, `GET /auth/login redirects (it answered ${answer.status})`);
  assert.equal(to.origin, world.issuer, "to the provider");
  assert.ok(
    names(walk).some((name) => name.startsWith("latchkey.tx.")),
    "with a transaction cookie",
  );
  assert.ok(
    answer.setCookies.every((line) => /; *httponly/i.test(line) && /; *samesite=lax/i.test(line)),
    "HttpOnly and SameSite=Lax on every cookie",
  );
  assert.match(answer.headers["cache-control"] ?? "", /no-store/, "Cache-Control: no-store where a cookie is set");
  walk.at = to;
  return to;
}

/** Opens the provider's page and submits its form; the browser then stands wherever that leads. @param {Walk} walk @param {RegExp} heading @param {Record<string, string>} fields */
export async function answerForm(walk, heading, fields) {
  assert.ok(walk.at);
  const { url, page } = await follow(walk, walk.at);
  assert.match(page?.body ?? "", heading, "the provider shows its form");
  const next = location(await walk.browser.submit(url, fields));
  assert.ok(next, "the provider takes the form and goes on");
  walk.at = next;
}

/** Goes back to the app with the code. @param {Walk} walk */
export async function finishSignIn(walk) {
  assert.ok(walk.at);
  const { url } = await follow(walk, walk.at);
  for (const name of ["code", "state", "iss"]) assert.ok(url.searchParams.has(name), `the callback brings ${name}`);
  const answer = await walk.browser.open(url, "cross-site");
  assert.equal(location(answer)?.href, `${walk.world.app}/?from=walk`, "the callback leads to returnTo");
  return { url, answer };
}

/** @param {Walk} walk */
export const callApi = async ({ browser, world }) => {
  const answer = await browser.fetch(`${world.app}/api/shows`);
  return { ...answer, json: JSON.parse(answer.body) };
};

/** RP-Initiated Logout: the provider asks, and leads back to the app. @param {Walk} walk @param {URL} from */
export async function signOutAtProvider(walk, from) {
  assert.equal(from.origin, walk.world.issuer, "sign-out goes on at the provider");
  const { url, page } = await follow(walk, from);
  const action = /action="([^"]+)"/.exec(page?.body ?? "")?.[1];
  const xsrf = /name="xsrf" value="([^"]+)"/.exec(page?.body ?? "")?.[1];
  assert.ok(action && xsrf, "the provider asks whether to sign out there as well");
  const next = location(await walk.browser.submit(new URL(action, url), { xsrf, logout: "yes" }));
  assert.equal(next?.href, `${walk.world.app}/`, "the provider leads back to the app");
}
