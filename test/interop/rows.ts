import { expect } from "vitest";
import { answerPages } from "./user.js";
import { callsTo, endpointOf, lastIdToken, requestsTo, SECRET, type ServerWorld, type World } from "./world.js";

/** A behaviour of an app at a provider. The rows run in order, and each begins where the one before it has ended. */
export interface Row<Kind extends World = World> {
  readonly name: string;
  run(world: Kind): Promise<void>;
}

const text = expect.stringMatching(/./);

/** Signs in, and returns what the provider asked the user for. */
export async function signIn({ app, page, provider }: World): Promise<string[]> {
  await app.login();
  const answered = await answerPages(page, provider, app.origin);
  expect((await app.session())?.user).toMatchObject({ sub: text });
  return answered;
}

/** Ends the session of the app alone, so that the next sign-in begins anew. */
export const forgetSession = ({ page, app }: World): Promise<void> =>
  page.context().clearCookies({ domain: new URL(app.origin).hostname });

/** Signs out, and comes back to the app. */
export async function signOut({ app, page, provider }: World, params?: Record<string, string>): Promise<void> {
  await app.logout(params);
  await answerPages(page, provider, app.origin);
  expect(new URL(page.url()).pathname).toBe("/");
  expect(await app.session()).toBe(null);
}

/** The status of a refresh with a refresh token that the app has revoked. */
async function spend(world: World, token: string): Promise<number> {
  const last = callsTo(world, "token")
    .filter(({ form }) => form.get("grant_type") === "refresh_token")
    .at(-1);
  const form = new URLSearchParams(last?.form);
  form.set("refresh_token", token);
  const authorization: Record<string, string> = last?.authorization ? { authorization: last.authorization } : {};
  const headers = { "content-type": "application/x-www-form-urlencoded", ...authorization };
  return (await fetch(endpointOf(world, "token"), { method: "POST", body: `${form}`, headers })).status;
}

/** What every app does. */
export const rows = {
  discovery: {
    name: "the discovery document is where the issuer says (OpenID Connect Discovery 1.0, 4)",
    async run({ provider }) {
      const response = await fetch(`${provider.issuer}/.well-known/openid-configuration`, { redirect: "manual" });
      expect([response.status, await response.json()]).toMatchObject([200, { issuer: provider.issuer }]);
    },
  },
  signIn: {
    name: "sign-in on the provider's pages; the session has the user's claims",
    async run(world) {
      expect(await signIn(world)).toContain("password");
      expect((await world.app.session())?.user).toMatchObject(world.description.user);
    },
  },
  iss: {
    name: "the authorization response names the issuer (RFC 9207)",
    async run(world) {
      const callback = world.app.received.find(({ url }) => url.searchParams.has("code"));
      expect(callback?.url.searchParams.get("iss")).toBe(world.provider.issuer);
    },
  },
  par: {
    name: "pushed authorization requests (RFC 9126)",
    async run(world) {
      const pushed = callsTo(world, "pushed_authorization_request").at(-1);
      expect(pushed).toMatchObject({ status: 201, answer: { request_uri: text } });
    },
  },
  rotation: {
    name: "a refresh brings another refresh token, which the next one spends",
    async run(world) {
      const [first, second] = [await world.app.refresh(), await world.app.refresh()];
      expect([first, second]).toEqual([text, text]);
      const [one, two] = callsTo(world, "token").slice(-2);
      expect(one?.answer?.["refresh_token"]).toEqual(text);
      expect(one?.answer?.["refresh_token"]).not.toBe(one?.form.get("refresh_token"));
      expect(two?.form.get("refresh_token")).toBe(one?.answer?.["refresh_token"]);
    },
  },
  fourAtOnce: {
    name: "four refreshes at once cost one token request",
    async run(world) {
      const before = callsTo(world, "token").length;
      const tokens = await Promise.all([1, 2, 3, 4].map(() => world.app.refresh()));
      expect(tokens[0]).toEqual(text);
      expect(new Set(tokens).size).toBe(1);
      expect(callsTo(world, "token").length - before).toBe(1);
      expect(await world.app.refresh()).toEqual(text);
    },
  },
  userinfo: {
    name: "the userinfo endpoint answers the access token",
    async run({ app, description }) {
      const sub = (await app.session())?.user["sub"];
      expect(await app.userinfo()).toMatchObject({ status: 200, said: { ...description.user, sub } });
    },
  },
  signOut: { name: "sign-out at the provider too, and back to the app", run: (world) => signOut(world) },
  revocation: {
    name: "a sign-out revokes the refresh token (RFC 7009)",
    async run(world) {
      await expect.poll(() => callsTo(world, "revocation").at(-1)?.status).toBe(200);
      const { form } = callsTo(world, "revocation").at(-1) ?? {};
      expect(await spend(world, form?.get("token") ?? "")).toBe(400);
    },
  },
  passwordAgain: {
    name: "the next sign-in asks for the password",
    run: async (world) => expect(await signIn(world)).toContain("password"),
  },
} satisfies Record<string, Row>;

/** What apps on servers do besides. */
export const serverRows = {
  basic: {
    name: "a client secret of any characters (`client_secret_basic`)",
    async run(world) {
      expect(SECRET).not.toBe(encodeURIComponent(SECRET));
      expect(callsTo(world, "token").at(-1)).toMatchObject({
        status: 200,
        authorization: expect.stringMatching(/^Basic /),
      });
    },
  },
  backchannel: {
    name: "a sign-out at the provider ends the app's session (back-channel logout)",
    async run(world) {
      expect(await leaveAtProvider(world)).toBe(200);
      expect(await world.app.session()).toBe(null);
    },
  },
  formPost: {
    name: "the provider posts its response (`form_post`)",
    async run(world) {
      await signInWith(world, { responseMode: "form_post" });
      const posted = world.app.received.filter(
        ({ method, url }) => method === "POST" && url.pathname === "/auth/callback",
      );
      expect(posted.some(({ body }) => new URLSearchParams(body()).has("code"))).toBe(true);
    },
  },
  maxAge: {
    name: "the ID Token says when the user authenticated (`max_age`)",
    run: (world) => signInWith(world, { authorizationParams: { max_age: "3600" } }),
  },
  privateKeyJwt: {
    name: "a client with a key signs in, refreshes and signs out (`private_key_jwt`)",
    async run(world) {
      const { app, clients, key, metadata, description } = world;
      expect(metadata["token_endpoint_auth_methods_supported"]).toContain("private_key_jwt");
      await forgetSession(world);
      const noSecret = { clientSecret: undefined, clientAuthentication: undefined } as object;
      await app.serve({ ...noSecret, clientId: clients.key.id }, [key, description.keyOptions ?? {}]);
      await signIn(world);
      expect(await app.refresh()).toEqual(text);
      await signOut(world, description.logoutParams);
      for (const endpoint of ["token", "revocation"]) {
        const { status, form, authorization } = callsTo(world, endpoint).at(-1) ?? {};
        expect([status, form?.get("client_assertion"), authorization]).toEqual([200, text, ""]);
      }
    },
  },
} satisfies Record<string, Row<ServerWorld>>;

/** Signs the user out at the provider, as in another app. Returns the status of the app's response to the logout token. */
export async function leaveAtProvider(world: ServerWorld): Promise<number | undefined> {
  const { app, page, provider } = world;
  const before = requestsTo(world, "/auth/backchannel-logout").length;
  const query = { id_token_hint: lastIdToken(world), post_logout_redirect_uri: `${app.origin}/`, state: "any" };
  await page.goto(`${endpointOf(world, "end_session")}?${new URLSearchParams(query)}`);
  await answerPages(page, provider, app.origin);
  await expect.poll(() => requestsTo(world, "/auth/backchannel-logout")[before]?.status()).toBeGreaterThan(0);
  return requestsTo(world, "/auth/backchannel-logout")[before]?.status();
}

/** Serves the app with further options, and signs in. */
async function signInWith(world: ServerWorld, options: object): Promise<void> {
  await forgetSession(world);
  await world.app.serve(options);
  await signIn(world);
}

export type RowId = keyof typeof rows | keyof typeof serverRows;
