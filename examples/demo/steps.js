import assert from "node:assert/strict";
import {
  callApi,
  cookieNames,
  cookiesOfKind,
  fetchMe,
  finishSignIn,
  signOutAtProvider,
  startSignIn,
  submitForm,
} from "./actions.js";
import { location } from "./browser.js";

/**
 * @typedef {object} Step
 * @property {string} title
 * @property {(walk: import("./actions.js").Walk) => Promise<string>} run resolves to one line for the output: what the step saw
 */

const loginForm = /<h1>Sign in<\/h1>/;
const consentForm = /<h1>Allow access\?<\/h1>/;
const ada = { name: "ada", password: "demo", action: "sign-in" };

/** @type {Step[]} */
const signIn = [
  {
    title: "The user is not signed in",
    run: async (walk) => {
      assert.deepEqual(await fetchMe(walk), { user: null });
      const page = await walk.browser.open(walk.world.app);
      assert.match(page.body, /You are not signed in/);
      assert.equal((await callApi(walk)).status, 401, "the app does not call the API without a session");
      return "/auth/me responds with user: null, /api/shows with 401";
    },
  },
  {
    title: "Sign-in starts",
    run: async (walk) => {
      const { searchParams } = await startSignIn(walk);
      const pushed = searchParams.has("request_uri");
      if (!pushed) {
        assert.equal(searchParams.get("code_challenge_method"), "S256");
        for (const name of ["state", "nonce", "code_challenge"])
          assert.ok(searchParams.get(name), `the authorization request has ${name}`);
      }
      return `redirected to the provider, ${pushed ? "parameters pushed (PAR)" : "with state, nonce and a PKCE challenge"}`;
    },
  },
  {
    title: "The provider's sign-in form",
    run: async (walk) => {
      await submitForm(walk, loginForm, ada);
      return "signed in at the provider as ada";
    },
  },
  {
    title: "The provider's consent form",
    run: async (walk) => {
      await submitForm(walk, consentForm, { action: "allow" });
      return "access allowed, including offline access";
    },
  },
  {
    title: "The callback begins a session",
    run: async (walk) => {
      const { url } = await finishSignIn(walk);
      const names = cookieNames(walk);
      for (const ending of [".id.0", ".tok.0"])
        assert.ok(
          names.some((name) => name.endsWith(ending)),
          `the browser has a cookie that ends with ${ending}`,
        );
      assert.ok(!names.some((name) => name.startsWith("latchkey.tx.")), "the transaction cookie is deleted");
      const { user } = await fetchMe(walk);
      assert.equal(user.sub, "ada");
      assert.equal(user.name, "Ada Lovelace");
      assert.equal(user.email, "ada@example.org");
      assert.match((await walk.browser.open(`${walk.world.app}/`)).body, /<h1 id="name">Ada Lovelace<\/h1>/);
      walk.nextUrl = url;
      return "code redeemed, ID Token verified, Ada Lovelace is signed in";
    },
  },
  {
    title: "The callback is opened a second time",
    run: async (walk) => {
      assert.ok(walk.nextUrl);
      const { status } = await walk.browser.open(walk.nextUrl, "cross-site");
      assert.equal((await fetchMe(walk)).user?.sub, "ada", "Ada is still signed in");
      assert.equal(walk.world.grants.filter(({ grantType }) => grantType === "authorization_code").length, 1);
      return `${status}: the code is not redeemed again, and Ada is still signed in`;
    },
  },
];

/** @type {Step[]} */
const useSession = [
  {
    title: "The protected API",
    run: async (walk) => {
      const { world, browser } = walk;
      const withoutToken = await browser.fetch(`${world.api}/shows`);
      assert.equal(withoutToken.status, 401);
      assert.match(withoutToken.headers["www-authenticate"] ?? "", /^Bearer/);
      const { status, json } = await callApi(walk);
      assert.equal(status, 200);
      assert.equal(json.sub, "ada", "the API sees the same user");
      return `without a token 401; with the access token ${json.shows.length} shows for ${json.sub}`;
    },
  },
  {
    title: "The app refreshes the tokens",
    run: async (walk) => {
      const { world, browser } = walk;
      const before = { id: cookiesOfKind(walk, "id"), tok: cookiesOfKind(walk, "tok") };
      assert.equal((await browser.fetch(`${world.app}/refresh`, "POST")).status, 200);
      const grant = world.grants.at(-1);
      assert.equal(grant?.grantType, "refresh_token", "the provider received a refresh token");
      assert.equal(grant?.rotated, true, "the provider rotated the refresh token");
      assert.notEqual(cookiesOfKind(walk, "tok"), before.tok, "the cookies have the new tokens");
      assert.equal(cookiesOfKind(walk, "id"), before.id, "the identity cookie is unchanged");
      const { status } = await callApi(walk);
      assert.equal(status, 200, "the new access token works");
      return "the refresh token was rotated, and the API accepts the new access token";
    },
  },
  {
    title: "The user signs out",
    run: async (walk) => {
      const { world, browser } = walk;
      const revoked = world.revoked();
      const next = location(await browser.submit(`${world.app}/auth/logout`));
      assert.ok(next, "POST /auth/logout redirects");
      assert.deepEqual(await fetchMe(walk), { user: null }, "the app ends its session before the provider's");
      assert.equal(world.revoked(), revoked + 1, "the grant is revoked at the provider");
      await signOutAtProvider(walk, next);
      assert.equal((await callApi(walk)).status, 401);
      assert.equal(
        cookiesOfKind(walk, "id") + cookiesOfKind(walk, "tok") + cookiesOfKind(walk, "seen"),
        "",
        "no session cookie is left",
      );
      return "tokens revoked, signed out of the app and of the provider, no session cookie left";
    },
  },
];

/** @type {Step[]} */
const theft = [
  {
    title: "The user signs in again, and the app refreshes the tokens",
    run: async (walk) => {
      await startSignIn(walk);
      await submitForm(walk, loginForm, ada);
      await submitForm(walk, consentForm, { action: "allow" });
      await finishSignIn(walk);
      assert.equal((await fetchMe(walk)).user?.sub, "ada");
      assert.equal((await walk.browser.fetch(`${walk.world.app}/refresh`, "POST")).status, 200);
      return "a new session, whose first refresh token is spent";
    },
  },
  {
    title: "A thief uses the spent refresh token",
    run: async ({ world }) => {
      const presented = world.grants.at(-1)?.presented;
      assert.ok(presented, "the provider recorded the spent refresh token");
      const body = new URLSearchParams({ grant_type: "refresh_token", refresh_token: presented });
      const basic = Buffer.from(`${world.client.id}:${world.client.secret}`).toString("base64");
      const response = await fetch(`${world.issuer}/token`, {
        method: "POST",
        body,
        headers: { authorization: `Basic ${basic}` },
      });
      const { error } = /** @type {{ error?: string }} */ (await response.json());
      assert.equal(response.status, 400);
      assert.equal(error, "invalid_grant");
      return "the provider responds with invalid_grant and revokes the whole grant";
    },
  },
  {
    title: "The app's refreshes are refused, and end the session",
    run: async (walk) => {
      const { world, browser } = walk;
      const first = await browser.fetch(`${world.app}/refresh`, "POST");
      // Another machine might have spent the token a moment ago: its response would bring the new one.
      assert.deepEqual([first.status, JSON.parse(first.body).error], [503, "refresh_conflict"]);
      await new Promise((resolve) => setTimeout(resolve, 10_500));
      const response = await browser.fetch(`${world.app}/refresh`, "POST");
      assert.equal(response.status, 401);
      assert.deepEqual(await fetchMe(walk), { user: null });
      return `401 ${JSON.parse(response.body).error}: the user is signed out`;
    },
  },
];

/** All steps, in order. */
export const steps = [...signIn, ...useSession, ...theft];
