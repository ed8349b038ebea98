import assert from "node:assert/strict";
import { location } from "./browser.js";
import { answerForm, callApi, cookiesOf, finishSignIn, me, names, signOutAtProvider, startSignIn } from "./moves.js";

/**
 * @typedef {object} Step
 * @property {string} title
 * @property {(walk: import("./moves.js").Walk) => Promise<string>} run what it resolves to is printed: one line of what was seen
 */

const loginForm = /<h1>Sign in<\/h1>/;
const consentForm = /<h1>Allow access\?<\/h1>/;
const ada = { name: "ada", password: "demo", action: "sign-in" };

/** @type {Step[]} */
const signIn = [
  {
    title: "Nobody is signed in",
    run: async (walk) => {
      assert.deepEqual(await me(walk), { user: null });
      const page = await walk.browser.open(walk.world.app);
      assert.match(page.body, /Nobody is signed in/);
      assert.equal((await callApi(walk)).status, 401, "the app calls no API for nobody");
      return "/auth/me says null, /api/shows answers 401";
    },
  },
  {
    title: "Sign-in starts",
    run: async (walk) => {
      const { searchParams } = await startSignIn(walk);
      const pushed = searchParams.has("request_uri");
      if (!pushed) {
        assert.equal(searchParams.get("code_challenge_method"), "S256");
        for (const name of ["state", "nonce", "code_challenge"]) assert.ok(searchParams.get(name), `${name} is sent`);
      }
      return `302 to the provider, ${pushed ? "parameters pushed (PAR)" : "with state, nonce and a PKCE challenge"}`;
    },
  },
  {
    title: "The provider's sign-in form",
    run: async (walk) => {
      await answerForm(walk, loginForm, ada);
      return "signed in there as ada";
    },
  },
  {
    title: "The provider's consent form",
    run: async (walk) => {
      await answerForm(walk, consentForm, { action: "allow" });
      return "allowed, offline access included";
    },
  },
  {
    title: "Callback: a session begins",
    run: async (walk) => {
      const { url } = await finishSignIn(walk);
      const kept = names(walk);
      for (const concern of [".id.0", ".tok.0"])
        assert.ok(
          kept.some((name) => name.endsWith(concern)),
          `a cookie ${concern}`,
        );
      assert.ok(!kept.some((name) => name.startsWith("latchkey.tx.")), "the transaction is gone");
      const { user } = await me(walk);
      assert.equal(user.sub, "ada");
      assert.equal(user.name, "Ada Lovelace");
      assert.equal(user.email, "ada@example.org");
      assert.match((await walk.browser.open(`${walk.world.app}/`)).body, /<h1 id="name">Ada Lovelace<\/h1>/);
      walk.at = url;
      return "code redeemed, ID Token verified, Ada Lovelace is signed in";
    },
  },
  {
    title: "The same callback once more",
    run: async (walk) => {
      assert.ok(walk.at);
      const answer = await walk.browser.open(walk.at, "cross-site");
      assert.equal((await me(walk)).user?.sub, "ada", "the session stands");
      assert.equal(walk.world.grants.filter(({ grantType }) => grantType === "authorization_code").length, 1);
      return `${answer.status}: no code is redeemed twice, and Ada stays signed in`;
    },
  },
];

/** @type {Step[]} */
const useSession = [
  {
    title: "The protected API",
    run: async (walk) => {
      const { world, browser } = walk;
      const bare = await browser.fetch(`${world.api}/shows`);
      assert.equal(bare.status, 401);
      assert.match(bare.headers["www-authenticate"] ?? "", /^Bearer/);
      const { status, json } = await callApi(walk);
      assert.equal(status, 200);
      assert.equal(json.sub, "ada", "the API sees the same person");
      return `401 without a token; ${json.shows.length} shows for ${json.sub} with it`;
    },
  },
  {
    title: "A refresh, and the refresh token rotates",
    run: async (walk) => {
      const { world, browser } = walk;
      const before = { id: cookiesOf(walk, "id"), tok: cookiesOf(walk, "tok") };
      assert.equal((await browser.fetch(`${world.app}/refresh`, "POST")).status, 200);
      const grant = world.grants.at(-1);
      assert.equal(grant?.grantType, "refresh_token", "the provider saw a refresh");
      assert.equal(grant?.rotated, true, "the provider rotated the refresh token");
      assert.notEqual(cookiesOf(walk, "tok"), before.tok, "new tokens are in the cookies");
      assert.equal(cookiesOf(walk, "id"), before.id, "the identity was not written");
      const { status } = await callApi(walk);
      assert.equal(status, 200, "the new access token works");
      return "new tokens written, the identity untouched, the API takes the new one";
    },
  },
  {
    title: "Sign-out",
    run: async (walk) => {
      const { world, browser } = walk;
      const revoked = world.revoked();
      const next = location(await browser.submit(`${world.app}/auth/logout`));
      assert.ok(next, "POST /auth/logout redirects");
      assert.deepEqual(await me(walk), { user: null }, "signed out here before the provider is asked");
      assert.equal(world.revoked(), revoked + 1, "the grant is revoked at the provider");
      await signOutAtProvider(walk, next);
      assert.equal((await callApi(walk)).status, 401);
      assert.equal(
        cookiesOf(walk, "id") + cookiesOf(walk, "tok") + cookiesOf(walk, "seen"),
        "",
        "no session cookie is left",
      );
      return "tokens revoked, signed out at the provider too, no session cookie is left";
    },
  },
];

/** @type {Step[]} */
const theft = [
  {
    title: "A second sign-in, and a refresh",
    run: async (walk) => {
      await startSignIn(walk);
      await answerForm(walk, loginForm, ada);
      await answerForm(walk, consentForm, { action: "allow" });
      await finishSignIn(walk);
      assert.equal((await me(walk)).user?.sub, "ada");
      assert.equal((await walk.browser.fetch(`${walk.world.app}/refresh`, "POST")).status, 200);
      return "a new session, a refresh token spent";
    },
  },
  {
    title: "A thief brings the spent refresh token",
    run: async ({ world }) => {
      const presented = world.grants.at(-1)?.presented;
      assert.ok(presented, "the spent token is known to this test");
      const body = new URLSearchParams({ grant_type: "refresh_token", refresh_token: presented });
      const basic = Buffer.from(`${world.client.id}:${world.client.secret}`).toString("base64");
      const answer = await fetch(`${world.issuer}/token`, {
        method: "POST",
        body,
        headers: { authorization: `Basic ${basic}` },
      });
      const { error } = /** @type {{ error?: string }} */ (await answer.json());
      assert.equal(answer.status, 400);
      assert.equal(error, "invalid_grant");
      return "the provider answers invalid_grant and revokes the whole grant";
    },
  },
  {
    title: "The app's next refresh ends the session",
    run: async (walk) => {
      const { world, browser } = walk;
      const answer = await browser.fetch(`${world.app}/refresh`, "POST");
      assert.equal(answer.status, 401);
      assert.deepEqual(await me(walk), { user: null });
      return `401 ${JSON.parse(answer.body).error}: nobody is signed in`;
    },
  },
];

/** The walk, in order. */
export const steps = [...signIn, ...useSession, ...theft];
