import type { ProviderOptions } from "../../adapters/lib/auth-options.js";
import * as providers from "../../adapters/providers/index.js";
import { CLIENT_ID, CLIENT_SECRET, type PlayedRequest, type Quirks } from "./fake-provider.js";
import { appleKey, certificate, clientKey } from "./keys.js";

/** How a provider is described, and what it does, as its documents say. Sources are beside the descriptions. */
export interface Play {
  readonly describe: () => ProviderOptions;
  readonly quirks: Quirks;
  /** What the browser ends at when it signs out. */
  readonly signOut: unknown;
  /** Claims that the session's user must have. @default { sub: "alice" } */
  readonly user?: Readonly<Record<string, unknown>>;
}

const client = { clientId: CLIENT_ID, clientSecret: CLIENT_SECRET };
const keyClient = { clientId: CLIENT_ID };
const HOME = "https://app.example/";

/** A discovery document with these endpoints. */
const documentOf = (issuer: string, endpoints: Readonly<Record<string, string>> = {}) => {
  const base = issuer.replace(/\/$/, "");
  return {
    issuer,
    authorization_endpoint: `${base}/authorize`,
    token_endpoint: `${base}/token`,
    jwks_uri: `${base}/keys`,
    ...endpoints,
  };
};

/** A provider whose document is under its issuer. */
const discovery = (issuer: string, endpoints?: Readonly<Record<string, string>>) => ({
  url: `${issuer.replace(/\/$/, "")}/.well-known/openid-configuration`,
  document: documentOf(issuer, endpoints),
});

const endSession = (url: string) => ({ end_session_endpoint: url });
const back = { back: HOME };
const local = { local: HOME };

/** The payload or header of the client's assertion. */
export const assertionPart = ({ parameters }: PlayedRequest, part: 0 | 1) => {
  const jwt = parameters["client_assertion"] ?? parameters["client_secret"] ?? "";
  return JSON.parse(Buffer.from(jwt.split(".")[part] ?? "", "base64url").toString() || "{}") as Record<string, unknown>;
};

/** Refuses an assertion for another audience. */
const audienceIs =
  (audience: (request: PlayedRequest) => string) =>
  (request: PlayedRequest): readonly [number, Record<string, unknown>] | undefined =>
    assertionPart(request, 1)["aud"] === audience(request)
      ? undefined
      : [401, { error: "invalid_client", error_description: "The audience claim is wrong" }];

export const TENANT = "11111111-2222-3333-4444-555555555555";
export const OTHER_TENANT = "99999999-2222-3333-4444-555555555555";
const LOGIN = "https://login.microsoftonline.com";
const entraEndpoints = (tenant: string) => ({
  authorization_endpoint: `${LOGIN}/${tenant}/oauth2/v2.0/authorize`,
  token_endpoint: `${LOGIN}/${tenant}/oauth2/v2.0/token`,
  jwks_uri: `${LOGIN}/${tenant}/discovery/v2.0/keys`,
  end_session_endpoint: `${LOGIN}/${tenant}/oauth2/v2.0/logout`,
});
/** `organizations` and `common`: the issuer is a template, and tokens name the tenant of the user. */
export const manyTenants = (authority: "organizations" | "common", tid = TENANT): Quirks => ({
  discovery: {
    url: `${LOGIN}/${authority}/v2.0/.well-known/openid-configuration`,
    document: { issuer: `${LOGIN}/{tenantid}/v2.0`, ...entraEndpoints(authority) },
  },
  idToken: (claims) => ({ ...claims, tid, iss: `${LOGIN}/${tid}/v2.0` }),
});
const oneTenant = (tenant: string): Quirks => ({
  discovery: {
    url: `${LOGIN}/${tenant}/v2.0/.well-known/openid-configuration`,
    document: { issuer: `${LOGIN}/${tenant}/v2.0`, ...entraEndpoints(tenant) },
  },
  idToken: (claims) => ({ ...claims, tid: tenant }),
});

const github = "https://github.com/login/oauth";
const discordApi = "https://discord.com/api";
const graph = "https://graph.facebook.com/v21.0";

/** GitHub's API refuses a request without a User-Agent. */
const githubApi =
  (body: unknown) =>
  ({ headers }: PlayedRequest): readonly [number, unknown] =>
    headers["user-agent"] ? [200, body] : [403, { message: "Request forbidden by administrative rules" }];

const keyProvider = (issuer: string, audience: "issuer" | "endpoint", more: Partial<Quirks> = {}): Quirks => ({
  discovery: discovery(issuer, endSession(`${issuer.replace(/\/$/, "")}/logout`)),
  client: "private_key_jwt",
  refuseToken: audienceIs(({ url }) => (audience === "endpoint" ? url : issuer)),
  ...more,
});

export const plays: Readonly<Record<string, Play>> = {
  auth0: {
    describe: () => providers.auth0({ ...client, domain: "tenant.eu.auth0.com", federatedLogout: true }),
    quirks: {
      discovery: discovery("https://tenant.eu.auth0.com/", endSession("https://tenant.eu.auth0.com/oidc/logout")),
      signOut: (sent) =>
        "federated" in sent ? { to: sent["post_logout_redirect_uri"] ?? "" } : { problem: "not federated" },
    },
    signOut: back,
  },
  "auth0 with the end_session endpoint hidden": {
    describe: () => providers.auth0({ ...client, domain: "tenant.eu.auth0.com", legacyLogout: true }),
    quirks: {
      discovery: discovery("https://tenant.eu.auth0.com/"),
      endpoints: { end_session_endpoint: "https://tenant.eu.auth0.com/v2/logout" },
      signOut: ({ client_id, returnTo = "" }) =>
        client_id === CLIENT_ID ? { to: returnTo } : { problem: "client_id" },
    },
    signOut: back,
  },
  "okta, org server": {
    describe: () => providers.okta({ ...client, domain: "dev-1.okta.com" }),
    quirks: {
      discovery: discovery("https://dev-1.okta.com", endSession("https://dev-1.okta.com/oauth2/v1/logout")),
      signOut: ({ id_token_hint, post_logout_redirect_uri = "" }) =>
        id_token_hint ? { to: post_logout_redirect_uri } : { problem: "id_token_hint" },
    },
    signOut: back,
  },
  "okta, custom server, with a key": {
    describe: () =>
      providers.okta({ ...keyClient, domain: "dev-1.okta.com", authorizationServer: "default", privateKey: clientKey }),
    quirks: keyProvider("https://dev-1.okta.com/oauth2/default", "endpoint"),
    signOut: back,
  },
  "entra, one tenant": {
    describe: () => providers.entra({ ...client, tenant: TENANT }),
    quirks: oneTenant(TENANT),
    signOut: back,
  },
  "entra, several tenants": {
    describe: () => providers.entra({ ...client, tenants: [OTHER_TENANT, TENANT.toUpperCase()] }),
    quirks: manyTenants("organizations"),
    signOut: back,
  },
  "entra, common, any tenant": {
    describe: () => providers.entra({ ...client, tenants: "any", accounts: "common" }),
    quirks: manyTenants("common", OTHER_TENANT),
    signOut: back,
  },
  "entra, consumers": {
    describe: () => providers.entra({ ...client, accounts: "consumers" }),
    quirks: oneTenant("9188040d-6c67-4c5b-b112-36a304b66dad"),
    signOut: back,
  },
  "entra with a certificate": {
    describe: () =>
      providers.entra({ ...keyClient, tenant: TENANT, certificate: { certificate: certificate.pem, key: clientKey } }),
    quirks: {
      ...oneTenant(TENANT),
      client: "private_key_jwt",
      refuseToken: (request) =>
        assertionPart(request, 0)["x5t#S256"] === certificate.thumbprint
          ? audienceIs(({ url }) => url)(request)
          : [401, { error: "invalid_client", error_description: "AADSTS700027" }],
    },
    signOut: back,
  },
  "entra external id": {
    describe: () => providers.entraExternalId({ ...client, subdomain: "contoso", tenantId: TENANT }),
    quirks: {
      discovery: {
        url: `https://contoso.ciamlogin.com/${TENANT}/v2.0/.well-known/openid-configuration`,
        document: documentOf(
          `https://${TENANT}.ciamlogin.com/${TENANT}/v2.0`,
          endSession(`https://contoso.ciamlogin.com/${TENANT}/oauth2/v2.0/logout`),
        ),
      },
    },
    signOut: back,
  },
  "azure ad b2c": {
    describe: () =>
      providers.azureB2c({ ...client, tenantName: "contoso", tenantId: TENANT, policy: "B2C_1_signupsignin" }),
    quirks: {
      discovery: {
        url: "https://contoso.b2clogin.com/contoso.onmicrosoft.com/B2C_1_signupsignin/v2.0/.well-known/openid-configuration",
        document: documentOf(
          `https://contoso.b2clogin.com/${TENANT}/v2.0/`,
          endSession("https://contoso.b2clogin.com/contoso.onmicrosoft.com/B2C_1_signupsignin/oauth2/v2.0/logout"),
        ),
      },
    },
    signOut: back,
  },
  google: {
    describe: () => providers.google({ ...client, hd: "example.com", offline: true }),
    quirks: {
      discovery: discovery("https://accounts.google.com", {
        authorization_endpoint: "https://accounts.google.com/o/oauth2/v2/auth",
        token_endpoint: "https://oauth2.googleapis.com/token",
        revocation_endpoint: "https://oauth2.googleapis.com/revoke",
        jwks_uri: "https://www.googleapis.com/oauth2/v3/certs",
      }),
      refuseAuthorization: ({ parameters }) =>
        parameters["access_type"] === "offline" && parameters["hd"] === "example.com" ? undefined : "not offline",
      idToken: (claims) => ({ ...claims, hd: "example.com" }),
    },
    signOut: local,
    user: { sub: "alice", hd: "example.com" },
  },
  apple: {
    describe: () =>
      providers.apple({ ...keyClient, teamId: "TEAM123456", keyId: "KEY1234567", privateKey: appleKey.pem }),
    quirks: {
      discovery: discovery("https://appleid.apple.com", {
        authorization_endpoint: "https://appleid.apple.com/auth/authorize",
        token_endpoint: "https://appleid.apple.com/auth/token",
        revocation_endpoint: "https://appleid.apple.com/auth/revoke",
        jwks_uri: "https://appleid.apple.com/auth/keys",
      }),
      client: "client_secret_post",
      responseMode: "form_post",
      refuseAuthorization: ({ parameters }) =>
        parameters["response_mode"] === "form_post" ? undefined : "response_mode must be form_post",
      refuseToken(request) {
        const { iss, sub, aud, exp } = assertionPart(request, 1);
        const isRight = iss === "TEAM123456" && sub === CLIENT_ID && aud === "https://appleid.apple.com";
        const isShort = Number(exp) - Date.now() / 1000 < 15_777_000;
        return isRight && isShort && appleKey.hasSigned(request.parameters["client_secret"] ?? "")
          ? undefined
          : [400, { error: "invalid_client" }];
      },
      callback: { user: '{"name":{"firstName":"Alice","lastName":"Liddell"},"email":"alice@example.com"}' },
    },
    signOut: local,
  },
  "amazon cognito": {
    describe: () => providers.cognito({ ...client, userPoolId: "eu-central-1_aBcDeF" }),
    quirks: {
      discovery: discovery("https://cognito-idp.eu-central-1.amazonaws.com/eu-central-1_aBcDeF", {
        token_endpoint: "https://pool.auth.eu-central-1.amazoncognito.com/oauth2/token",
        end_session_endpoint: "https://pool.auth.eu-central-1.amazoncognito.com/logout",
      }),
      signOut: ({ client_id, logout_uri }) =>
        client_id === CLIENT_ID && logout_uri ? { to: logout_uri } : { problem: "Required parameter redirect_uri" },
    },
    signOut: back,
  },
  keycloak: {
    describe: () =>
      providers.keycloak({ ...client, url: "https://sso.example.com/", realm: "shop", par: false, revocation: false }),
    quirks: {
      discovery: discovery("https://sso.example.com/realms/shop", {
        pushed_authorization_request_endpoint: "https://sso.example.com/realms/shop/par",
        revocation_endpoint: "https://sso.example.com/realms/shop/revoke",
        end_session_endpoint: "https://sso.example.com/realms/shop/logout",
      }),
    },
    signOut: back,
  },
  zitadel: {
    describe: () => providers.zitadel({ ...client, domain: "app.zitadel.cloud" }),
    quirks: {
      discovery: discovery("https://app.zitadel.cloud", endSession("https://app.zitadel.cloud/oidc/v1/end_session")),
      idToken: (claims) => ({ ...claims, aud: [CLIENT_ID, "sibling@project", "project"], azp: CLIENT_ID }),
    },
    signOut: back,
  },
  "authentik, without a signing key": {
    describe: () => providers.authentik({ ...client, url: "https://id.example.com", application: "shop", hs256: true }),
    quirks: {
      discovery: discovery(
        "https://id.example.com/application/o/shop/",
        endSession("https://id.example.com/application/o/shop/end-session/"),
      ),
      alg: "HS256",
    },
    signOut: back,
  },
  "authentik, one issuer for all": {
    describe: () =>
      providers.authentik({ ...client, url: "https://id.example.com", application: "shop", issuerMode: "global" }),
    quirks: {
      discovery: {
        url: "https://id.example.com/application/o/shop/.well-known/openid-configuration",
        document: documentOf("https://id.example.com/"),
      },
    },
    signOut: local,
  },
  logto: {
    describe: () => providers.logto({ ...client, endpoint: "https://abc.logto.app/", resource: "https://api.example" }),
    quirks: {
      discovery: discovery("https://abc.logto.app/oidc", endSession("https://abc.logto.app/oidc/session/end")),
      alg: "ES384",
      refuseAuthorization: ({ parameters }) =>
        parameters["resource"] === "https://api.example" ? undefined : "no resource",
      refuseToken: ({ parameters }) =>
        parameters["resource"] === "https://api.example" ? undefined : [400, { error: "invalid_target" }],
    },
    signOut: back,
  },
  workos: {
    describe: () => providers.workos({ ...client, domain: "team.authkit.app" }),
    quirks: { discovery: discovery("https://team.authkit.app"), client: "client_secret_post" },
    signOut: local,
  },
  clerk: {
    describe: () => providers.clerk({ ...client, domain: "clerk.example.com" }),
    quirks: { discovery: discovery("https://clerk.example.com") },
    signOut: local,
  },
  fusionauth: {
    describe: () =>
      providers.fusionauth({
        ...client,
        url: "https://fa.example.com",
        issuer: "https://acme.example.com",
        tenantId: TENANT,
        hs256: true,
      }),
    quirks: {
      discovery: {
        url: `https://fa.example.com/.well-known/openid-configuration/${TENANT}`,
        document: documentOf("https://acme.example.com", endSession("https://fa.example.com/oauth2/logout")),
      },
      alg: "HS256",
    },
    signOut: back,
  },
  line: {
    describe: () => providers.line(client),
    quirks: {
      discovery: discovery("https://access.line.me", {
        authorization_endpoint: "https://access.line.me/oauth2/v2.1/authorize",
        token_endpoint: "https://api.line.me/oauth2/v2.1/token",
        jwks_uri: "https://api.line.me/oauth2/v2.1/certs",
        revocation_endpoint: "https://api.line.me/oauth2/v2.1/revoke",
      }),
      client: "client_secret_post",
      algFor: ({ parameters }) => (parameters["id_token_key_type"] === "JWK" ? "ES256" : "HS256"),
    },
    signOut: local,
  },
  "linkedin, an app with PKCE": {
    describe: () => providers.linkedin({ ...client, pkce: true }),
    quirks: linkedinQuirks("checked"),
    signOut: local,
  },
  "linkedin, an app without PKCE": {
    describe: () => providers.linkedin({ ...client, pkce: false }),
    quirks: linkedinQuirks("refused"),
    signOut: local,
  },
  gitlab: {
    describe: () => providers.gitlab(client),
    // An ID Token lives two minutes there, as every one of the played provider does.
    quirks: { discovery: discovery("https://gitlab.com", { revocation_endpoint: "https://gitlab.com/oauth/revoke" }) },
    signOut: local,
  },
  github: {
    describe: () => providers.github(client),
    quirks: {
      discovery: null,
      endpoints: { authorization_endpoint: `${github}/authorize`, token_endpoint: `${github}/access_token` },
      client: "client_secret_post",
      idToken: () => undefined,
      // Nothing says when a token of an OAuth app ends.
      tokens: ({ access_token }) => ({ access_token, token_type: "bearer", scope: "read:user,user:email" }),
      api: {
        "https://api.github.com/user": githubApi({
          id: 583231,
          login: "alice",
          name: null,
          avatar_url: "https://a.example/1",
        }),
        "https://api.github.com/user/emails": githubApi([
          { email: "old@example.com", primary: false, verified: true },
          { email: "alice@example.com", primary: true, verified: true },
        ]),
      },
    },
    signOut: local,
    user: {
      sub: "583231",
      preferred_username: "alice",
      name: "alice",
      email: "alice@example.com",
      email_verified: true,
    },
  },
  discord: {
    describe: () => providers.discord(client),
    quirks: {
      discovery: null,
      endpoints: {
        authorization_endpoint: "https://discord.com/oauth2/authorize",
        token_endpoint: `${discordApi}/oauth2/token`,
        revocation_endpoint: `${discordApi}/oauth2/token/revoke`,
      },
      client: "client_secret_post",
      pkce: "ignored",
      idToken: () => undefined,
      api: {
        "https://discord.com/api/users/@me": () => [
          200,
          {
            id: "80351110224678912",
            username: "alice",
            global_name: "Alice",
            avatar: "8342",
            email: "a@example.com",
            verified: false,
          },
        ],
      },
    },
    signOut: local,
    user: { sub: "80351110224678912", name: "Alice", email: "a@example.com", email_verified: false },
  },
  facebook: {
    describe: () => providers.facebook(client),
    quirks: {
      discovery: null,
      endpoints: {
        authorization_endpoint: "https://www.facebook.com/v21.0/dialog/oauth",
        token_endpoint: `${graph}/oauth/access_token`,
      },
      client: "client_secret_post",
      pkce: "ignored",
      idToken: () => undefined,
      tokens: ({ access_token }) => ({ access_token, token_type: "bearer", expires_in: 5_183_944 }),
      api: {
        [`${graph}/me`]: ({ parameters }) => [
          200,
          parameters["fields"]?.includes("email")
            ? {
                id: "1234",
                name: "Alice",
                email: "alice@example.com",
                picture: { data: { url: "https://p.example/1" } },
              }
            : { id: "1234" },
        ],
      },
    },
    signOut: local,
    user: { sub: "1234", email: "alice@example.com", picture: "https://p.example/1" },
  },
  slack: {
    describe: () => providers.slack(client),
    quirks: {
      discovery: discovery("https://slack.com", { token_endpoint: "https://slack.com/api/openid.connect.token" }),
      client: "client_secret_post",
      pkce: "ignored",
      tokens: ({ access_token, token_type, id_token }) => ({ ok: true, access_token, token_type, id_token }),
    },
    signOut: local,
  },
  twitch: {
    describe: () => providers.twitch(client),
    quirks: {
      discovery: discovery("https://id.twitch.tv/oauth2"),
      client: "client_secret_post",
      pkce: "ignored",
      refuseAuthorization: ({ parameters }) =>
        parameters["claims"]?.includes('"email"') ? undefined : "no claims were asked for",
      tokens: (body) => ({ ...body, scope: ["openid", "user:read:email"] }),
    },
    signOut: local,
  },
  salesforce: {
    describe: () => providers.salesforce({ ...client, domain: "acme.my.salesforce.com" }),
    quirks: {
      discovery: discovery(
        "https://acme.my.salesforce.com",
        endSession("https://acme.my.salesforce.com/services/auth/idp/oidc/logout"),
      ),
    },
    signOut: back,
  },
  adfs: {
    describe: () => providers.adfs({ ...client, host: "adfs.example.com", resource: "urn:api" }),
    quirks: {
      discovery: discovery("https://adfs.example.com/adfs", endSession("https://adfs.example.com/adfs/oauth2/logout")),
      responseMode: "form_post",
      refuseAuthorization: ({ parameters }) => (parameters["resource"] === "urn:api" ? undefined : "no resource"),
      idToken: (claims, _token) => ({ ...claims, upn: "alice@example.com" }),
    },
    signOut: back,
    user: { sub: "alice", upn: "alice@example.com" },
  },
  "ping one": {
    describe: () => providers.ping({ ...client, environmentId: TENANT, region: "eu" }),
    quirks: {
      discovery: discovery(
        `https://auth.pingone.eu/${TENANT}/as`,
        endSession(`https://auth.pingone.eu/${TENANT}/as/signoff`),
      ),
    },
    signOut: back,
  },
  "gov.uk one login": {
    describe: () => providers.govUkOneLogin({ ...keyClient, privateKey: clientKey, vtr: ["Cl.Cm"], userinfo: false }),
    quirks: keyProvider("https://oidc.account.gov.uk/", "endpoint", {
      alg: "ES256",
      refuseAuthorization: ({ parameters }) => (parameters["vtr"] === '["Cl.Cm"]' ? undefined : "no vtr"),
      signOut: ({ id_token_hint, post_logout_redirect_uri = "" }) =>
        id_token_hint ? { to: post_logout_redirect_uri } : { problem: "id_token_hint" },
    }),
    signOut: back,
  },
  "login.gov": {
    describe: () => providers.loginGov({ ...keyClient, privateKey: clientKey }),
    quirks: keyProvider("https://secure.login.gov/", "endpoint", {
      refuseAuthorization: ({ parameters }) => (parameters["acr_values"] ? undefined : "no acr_values"),
      signOut: ({ client_id, id_token_hint, post_logout_redirect_uri = "" }) =>
        client_id === CLIENT_ID && !id_token_hint ? { to: post_logout_redirect_uri } : { problem: "id_token_hint" },
    }),
    signOut: back,
  },
  franceconnect: {
    describe: () => providers.franceConnect(client),
    quirks: {
      discovery: discovery(
        "https://oidc.franceconnect.gouv.fr/api/v2",
        endSession("https://oidc.franceconnect.gouv.fr/api/v2/session/end"),
      ),
      client: "client_secret_post",
      refuseAuthorization: ({ parameters }) => (parameters["acr_values"] === "eidas1" ? undefined : "no acr_values"),
      signOut: ({ state, post_logout_redirect_uri = "" }) =>
        state ? { to: `${post_logout_redirect_uri}` } : { problem: "state" },
    },
    signOut: back,
  },
  singpass: {
    describe: () => providers.singpass({ ...keyClient, privateKey: clientKey }),
    quirks: keyProvider("https://id.singpass.gov.sg", "issuer", { alg: "ES256" }),
    signOut: back,
  },
};

function linkedinQuirks(pkce: "checked" | "refused"): Quirks {
  return {
    discovery: discovery("https://www.linkedin.com/oauth", {
      authorization_endpoint: "https://www.linkedin.com/oauth/v2/authorization",
      token_endpoint: "https://www.linkedin.com/oauth/v2/accessToken",
      jwks_uri: "https://www.linkedin.com/oauth/openid/jwks",
    }),
    client: "client_secret_post",
    pkce,
    idToken: ({ nonce: _, ...claims }) => claims,
  };
}
