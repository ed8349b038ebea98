import { decodeJwt } from "jose";
import { expect } from "vitest";
import { forgetSession, leaveAtProvider, signIn, signOut } from "./rows.js";
import { answerPages } from "./user.js";
import { callsTo, endpointOf, lastIdToken, requestsTo, SECRET, type ServerWorld, type World } from "./world.js";

/** A row that an app cannot pass at a provider. */
export interface Exception<in Kind extends World = World> {
  /** What the table says. */
  readonly reason: string;
  /** Whether the provider breaks a specification. Otherwise the provider does not offer what the row needs. */
  readonly isFault: boolean;
  /** Expects the provider's own answer that the reason speaks of: once the provider is mended, the exception must go. */
  proof(world: Kind): Promise<void>;
}

/** The discovery document does not have `member`, or not with `value`. */
const notOffered = (reason: string, member: string, value?: string): Exception => ({
  reason,
  isFault: false,
  async proof({ metadata }) {
    if (value === undefined) expect(metadata).not.toHaveProperty(member);
    else expect(metadata[member] ?? []).not.toContain(value);
  },
});

export const noPar = notOffered("has no PAR", "pushed_authorization_request_endpoint");
export const noRevocation = notOffered("announces no revocation endpoint", "revocation_endpoint");
export const noKeys = notOffered(
  "has no `private_key_jwt`",
  "token_endpoint_auth_methods_supported",
  "private_key_jwt",
);
export const noFormPost = notOffered("announces no `form_post`", "response_modes_supported", "form_post");

export const noIss: Exception = {
  reason: "sends no `iss`, and announces none",
  isFault: false,
  async proof({ metadata, app }) {
    expect(metadata).not.toHaveProperty("authorization_response_iss_parameter_supported");
    const callback = app.received.find(({ url }) => url.searchParams.has("code"));
    expect(callback?.url.searchParams.has("iss")).toBe(false);
  },
};

export const noBackchannel: Exception = {
  reason: "announces no back-channel logout",
  isFault: false,
  async proof({ metadata }) {
    expect(metadata["backchannel_logout_supported"] ?? false).toBe(false);
  },
};

export const noEndSession: Exception = {
  reason: "announces no endpoint for sign-outs; only the session of the app ends",
  isFault: false,
  async proof(world) {
    expect(world.metadata).not.toHaveProperty("end_session_endpoint");
    await signOut(world);
  },
};

export const staysSignedIn: Exception = {
  reason: "does not let the app end its session, so that the next sign-in needs no password",
  isFault: false,
  async proof(world) {
    expect(world.metadata).not.toHaveProperty("end_session_endpoint");
    expect(await signIn(world)).not.toContain("password");
  },
};

/** The refresh still works; the refresh token stays the same. */
export const noRotation: Exception = {
  reason: "lets a refresh token be used again, and rotates none; refreshes work",
  isFault: false,
  async proof(world) {
    expect(await world.app.refresh()).not.toBe(await world.app.refresh());
    const [one, two] = callsTo(world, "token").slice(-2);
    expect(one?.answer).not.toHaveProperty("refresh_token");
    expect(two?.form.get("refresh_token")).toBe(one?.form.get("refresh_token"));
  },
};

/** The status and the body of a request to the token endpoint with a code that does not exist. */
async function redeem(world: ServerWorld, headers: Record<string, string>, form: Record<string, string> = {}) {
  const code = { grant_type: "authorization_code", code: "none", redirect_uri: world.clients.secret.redirectUri };
  const body = new URLSearchParams({ ...code, code_verifier: "v".repeat(43), ...form });
  const type = { "content-type": "application/x-www-form-urlencoded" };
  const response = await fetch(endpointOf(world, "token"), {
    method: "POST",
    body: `${body}`,
    headers: { ...type, ...headers },
  });
  return { error: ((await response.json().catch(() => ({}))) as { error?: string }).error };
}

/** The provider knows the client by the raw secret, and not by the encoded one. */
export const rawSecrets: Exception<ServerWorld> = {
  reason:
    'compares the text in the Authorization header with the raw secret, where RFC 6749 2.3.1 says that both parts are form-encoded; `clientAuthentication: "client_secret_post"` works',
  isFault: true,
  async proof(world) {
    const basic = (encode: (part: string) => string) => ({
      authorization: `Basic ${btoa([world.clients.secret.id, SECRET].map(encode).join(":"))}`,
    });
    const encoded = await redeem(
      world,
      basic((part) => new URLSearchParams({ part }).toString().slice("part=".length)),
    );
    const form = { client_id: world.clients.secret.id, client_secret: SECRET };
    // The client is not known; or it is, and the code is not.
    expect(encoded.error).toMatch(/^(invalid|unauthorized)_client$/);
    expect((await redeem(world, {}, form)).error).toMatch(/^invalid_(grant|code)$/);
  },
};

/** Sign-outs of glewlwyd come back only if the request has a `state`. */
export const glewlwydSignOut: Exception = {
  reason:
    'comes back from a sign-out only if the request had a `state`, which is optional in OpenID Connect RP-Initiated Logout 1.0 2; `logout({ params: { state: "any" } })` comes back',
  isFault: true,
  async proof(world) {
    const { app, page, provider, description } = world;
    await app.logout();
    await expect(answerPages(page, provider, app.origin, 3_000)).rejects.toThrow("prompt=end_session");
    await signIn(world);
    await signOut(world, description.logoutParams);
  },
};

/** Glewlwyd follows a draft of back-channel logout. */
export const noExpiry: Exception<ServerWorld> = {
  reason: "sends logout tokens without `exp`, which OpenID Connect Back-Channel Logout 1.0 2.4 requires",
  isFault: true,
  async proof(world) {
    expect(await leaveAtProvider(world)).toBe(400);
    const form = new URLSearchParams(requestsTo(world, "/auth/backchannel-logout").at(-1)?.body());
    expect(decodeJwt(form.get("logout_token") ?? "")).not.toHaveProperty("exp");
  },
};

/** Glewlwyd encodes the values of a form as those of a query. */
export const encodedForm: Exception<ServerWorld> = {
  reason:
    "answers a pushed request for `form_post` by query, so that the sign-in works all the same; the form that answers another one has percent-encoded values, against OAuth 2.0 Form Post Response Mode 2",
  isFault: true,
  async proof(world) {
    const { app, page, provider, clients } = world;
    await forgetSession(world);
    await app.serve({ responseMode: "form_post" });
    await signIn(world);
    expect(requestsTo(world, "/auth/callback").at(-1)?.method).toBe("GET");
    const query = {
      client_id: clients.secret.id,
      redirect_uri: clients.secret.redirectUri,
      scope: "openid",
      state: "any",
    };
    const code = {
      response_type: "code",
      code_challenge: "c".repeat(43),
      code_challenge_method: "S256",
      nonce: "nonce",
    };
    await page.goto(
      `${endpointOf(world, "authorization")}?${new URLSearchParams({ ...query, ...code, response_mode: "form_post" })}`,
    );
    await answerPages(page, provider, app.origin).catch(() => {});
    const posted = new URLSearchParams(
      requestsTo(world, "/auth/callback")
        .filter(({ method }) => method === "POST")
        .at(-1)
        ?.body(),
    );
    expect(posted.get("iss")).toBe(encodeURIComponent(provider.issuer));
  },
};

/** Glewlwyd does not know when the user authenticated. */
export const noAuthTime: Exception<ServerWorld> = {
  reason:
    "says `auth_time: 0` in ID Tokens, where OpenID Connect Core 1.0 2 wants the time when the user authenticated",
  isFault: true,
  async proof(world) {
    const { app, page, provider } = world;
    await forgetSession(world);
    await app.serve({ authorizationParams: { max_age: "3600" } });
    await app.login();
    await expect(answerPages(page, provider, app.origin)).rejects.toThrow("authentication_too_old");
    expect(decodeJwt(lastIdToken(world))).toMatchObject({ auth_time: 0 });
  },
};

/** The portal of lemonldap-ng keeps where it was at a page for consent, in a cookie, and goes there after the sign-out. */
export const lostAfterConsent: Exception<ServerWorld> = {
  reason:
    "shows its own page after a sign-out, and not that of the app, in a browser that has seen its page for consent; a client that bypasses the page for consent comes back",
  isFault: true,
  async proof(world) {
    const { app, page, provider, clients } = world;
    await forgetSession(world);
    await page.context().clearCookies();
    const options = { clientId: clients.key.id, clientSecret: undefined, clientAuthentication: "none" } as object;
    await app.serve(options);
    expect(await signIn(world)).toEqual(["password", "consent"]);
    await app.logout();
    await expect(answerPages(page, provider, app.origin, 3_000)).rejects.toThrow(`stays at ${provider.issuer}/oauth2`);
  },
};

/** django-oauth-toolkit redirects to its discovery document. */
export const redirectedDiscovery: Exception = {
  reason:
    "redirects to the URL with a slash behind it, where OpenID Connect Discovery 1.0 4.2 says that the answer is 200; `differences: { discoveryUrl }` names that URL, and a line in the provider's `urls.py` serves the page's client",
  isFault: true,
  async proof({ provider }) {
    const url = (provider.discoveryUrl ?? "").replace(/\/$/, "");
    const { status, headers } = await fetch(url, { redirect: "manual" });
    expect([status, headers.get("location")]).toEqual([301, new URL(`${url}/`).pathname]);
  },
};

/** Glewlwyd revokes nothing for a public client. */
export const noPublicRevocation: Exception = {
  reason:
    "answers 401 to the revocation by a public client, where RFC 7009 2.1 has confidential clients alone authenticate; the page is signed out all the same",
  isFault: true,
  async proof(world) {
    await expect.poll(() => callsTo(world, "revocation").at(-1)?.status).toBe(401);
  },
};
