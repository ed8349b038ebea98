import { describe, expect, test } from "vitest";
import type { ProviderOptions } from "../../adapters/lib/auth-options.js";
import { clientSecretFrom, hs256IdTokens } from "../../adapters/providers/index.js";
import { begin } from "./app.js";
import { CLIENT_ID, CLIENT_SECRET, type Quirks } from "./fake-provider.js";

const client = { clientId: CLIENT_ID, clientSecret: CLIENT_SECRET };
const at = (issuer: string, endpoints: Readonly<Record<string, string>> = {}): Quirks["discovery"] => ({
  url: `${issuer}/.well-known/openid-configuration`,
  document: {
    issuer,
    authorization_endpoint: `${issuer}/authorize`,
    token_endpoint: `${issuer}/token`,
    jwks_uri: `${issuer}/keys`,
    ...endpoints,
  },
});

describe("providers that need no description, played over HTTP", () => {
  test.each<[string, string, Partial<ProviderOptions>, Partial<Quirks>]>([
    // https://developer.yahoo.co.jp/yconnect/v2/configuration.html
    ["Yahoo Japan, whose issuer has a path", "https://auth.login.yahoo.co.jp/yconnect/v2", {}, {}],
    // https://supabase.com/docs/guides/auth/oauth-server/getting-started
    [
      "Supabase, with an asymmetric key",
      "https://ref.supabase.co/auth/v1",
      { idTokenSigningAlg: "ES256" },
      { alg: "ES256" },
    ],
    [
      "Supabase, with its default key",
      "https://ref.supabase.co/auth/v1",
      { differences: { identify: hs256IdTokens() } },
      { alg: "HS256" },
    ],
    // https://github.com/damienbod/angular-auth-oidc-client/issues/582
    [
      "Oracle IDCS, whose aud has a URL too, with azp",
      "https://idcs-1.identity.oraclecloud.com",
      {},
      { idToken: (claims) => ({ ...claims, aud: [CLIENT_ID, "https://idcs.example"], azp: CLIENT_ID }) },
    ],
    [
      "Oracle IDCS, without azp, by a difference that accepts it",
      "https://idcs-1.identity.oraclecloud.com",
      { differences: { checkClaims: ({ azp }) => ({ azp: azp === undefined || azp === CLIENT_ID }) } },
      { idToken: (claims) => ({ ...claims, aud: [CLIENT_ID, "https://idcs.example"] }) },
    ],
    // https://wiki.surfnet.nl/display/surfconextdev/OpenID+Connect+features
    [
      "SURFconext, whose claims are in userinfo",
      "https://connect.surfconext.nl",
      { userinfo: true },
      { api: { "https://connect.surfconext.nl/userinfo": () => [200, { sub: "alice", name: "Alice" }] } },
    ],
  ])("%s", async (_name, issuer, options, quirks) => {
    const discovery = at(issuer, quirks.api ? { userinfo_endpoint: `${issuer}/userinfo` } : {});
    const app = await begin({ discovery, ...quirks }, { ...client, issuer, ...options });
    expect([await app.signIn(), app.cause()]).toEqual([undefined, undefined]);
    expect(await app.user()).toMatchObject(quirks.api ? { sub: "alice", name: "Alice" } : { sub: "alice" });
    expect(await app.refresh()).toBe("refreshed");
  });

  test("several audiences without azp are refused, and so is HS256, without such an option", async () => {
    const issuer = "https://op.example";
    const aud = [CLIENT_ID, "https://other.example"];
    const several = await begin(
      { discovery: at(issuer), idToken: (claims) => ({ ...claims, aud }) },
      { ...client, issuer },
    );
    expect([await several.signIn(), several.cause()]).toMatchObject(["id_token_invalid", { claim: "azp" }]);
    const symmetric = await begin({ discovery: at(issuer), alg: "HS256" }, { ...client, issuer });
    expect(await symmetric.signIn()).toBe("id_token_invalid");
  });

  test("userinfo without sub, and a userinfo endpoint that the document lacks, are refused", async () => {
    const issuer = "https://op.example";
    const api = { [`${issuer}/userinfo`]: () => [200, { name: "Alice" }] as const };
    const discovery = at(issuer, { userinfo_endpoint: `${issuer}/userinfo` });
    const without = await begin({ discovery, api }, { ...client, issuer, userinfo: true });
    expect([await without.signIn(), without.cause()]).toMatchObject(["provider_invalid", { claim: "sub" }]);
    const missing = await begin({ discovery: at(issuer) }, { ...client, issuer, userinfo: true });
    expect([await missing.signIn(), missing.cause()]).toMatchObject([
      "provider_invalid",
      { endpoint: "userinfo_endpoint" },
    ]);
  });

  test("a document without a token endpoint is refused by name; the endpoint can be added by hand", async () => {
    const issuer = "https://op.example";
    const document = { ...at(issuer)?.document, token_endpoint: undefined };
    const url = `${issuer}/.well-known/openid-configuration`;
    const quirks: Quirks = { discovery: { url, document }, endpoints: { token_endpoint: `${issuer}/token` } };
    const app = await begin(quirks, { ...client, issuer });
    expect([await app.signIn(), app.cause()]).toMatchObject(["provider_invalid", { endpoint: "token_endpoint" }]);
    const metadata = { token_endpoint: `${issuer}/token` };
    expect(await (await begin(quirks, { ...client, issuer, differences: { metadata } })).signIn()).toBeUndefined();
  });

  test("a secret that a function gives is read for each request, and appears in no error", async () => {
    const issuer = "https://op.example";
    let reads = 0;
    const secret = clientSecretFrom(async () => {
      reads++;
      return CLIENT_SECRET;
    });
    const quirks: Quirks = { discovery: at(issuer), client: "client_secret_post" };
    const options = { clientId: CLIENT_ID, issuer, clientAuthentication: secret };
    const app = await begin(quirks, options);
    expect([await app.signIn(), await app.refresh(), reads]).toEqual([undefined, "refreshed", 2]);
    const refuseToken = () => [400, { error: "invalid_client", error_description: `bad ${CLIENT_SECRET}` }] as const;
    const refused = await begin({ ...quirks, refuseToken }, options);
    expect(await refused.signIn()).toBe("client_rejected");
    expect(JSON.stringify(refused.cause())).not.toContain(CLIENT_SECRET);
  });
});
