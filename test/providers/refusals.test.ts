import { describe, expect, test } from "vitest";
import { createAuth } from "../../adapters/edge.js";
import type { ProviderOptions } from "../../adapters/lib/auth-options.js";
import { privateKeyJwt } from "../../adapters/lib/private-key-jwt.js";
import * as providers from "../../adapters/providers/index.js";
import { begin } from "./app.js";
import { CLIENT_ID, CLIENT_SECRET, type Quirks } from "./fake-provider.js";
import { clientKey } from "./keys.js";
import { assertionPart, manyTenants, OTHER_TENANT, plays, TENANT } from "./quirks.js";

const client = { clientId: CLIENT_ID, clientSecret: CLIENT_SECRET };
const quirksOf = (name: string): Quirks => {
  const { [name]: play } = plays;
  if (!play) throw new Error(`no play ${name}`);
  return play.quirks;
};

/** What is wrong with options. */
function fault(describe: () => ProviderOptions): string {
  try {
    const secret = "a secret of at least thirty-two characters";
    createAuth({ provider: describe(), secret, baseUrl: "https://app.example" });
  } catch (error) {
    expect(error).toMatchObject({ name: "MisuseError", code: "invalid_config" });
    return (error as Error).message;
  }
  return "nothing";
}

describe("Entra", () => {
  test("refuses a tenant that is not listed, though its ID Token is signed and for this client", async () => {
    const app = await begin(
      manyTenants("organizations", OTHER_TENANT),
      providers.entra({ ...client, tenants: [TENANT] }),
    );
    expect([await app.signIn(), app.cause()]).toMatchObject(["id_token_invalid", { claim: "iss" }]);
  });

  test.each([
    ["the issuer of another tenant than its tid", { iss: `https://login.microsoftonline.com/${TENANT}/v2.0` }],
    ["a tid that is no id", { tid: "common", iss: "https://login.microsoftonline.com/common/v2.0" }],
    ["the template itself", { tid: "{tenantid}", iss: "https://login.microsoftonline.com/{tenantid}/v2.0" }],
    ["no tid and no issuer", { tid: undefined, iss: undefined }],
    ["an issuer elsewhere", { iss: `https://evil.example/${OTHER_TENANT}/v2.0` }],
  ])("refuses an ID Token with %s, also where any tenant may sign in", async (_what, wrong) => {
    const options = providers.entra({ ...client, tenants: "any" });
    const app = await begin(manyTenants("organizations", OTHER_TENANT), options);
    app.provider.change((claims) => ({ ...claims, ...wrong }));
    expect(await app.signIn()).toBe("id_token_invalid");
  });

  test("refuses a document with an issuer that is neither the template nor its own", async () => {
    const quirks = manyTenants("organizations");
    const document = { ...quirks.discovery?.document, issuer: "https://evil.example/{tenantid}/v2.0" };
    const url = quirks.discovery?.url ?? "";
    const app = await begin(
      { ...quirks, discovery: { url, document } },
      providers.entra({ ...client, tenants: "any" }),
    );
    expect(await app.signIn()).toBe("provider_invalid");
  });

  const overage = { _claim_names: { groups: "src1" }, _claim_sources: { src1: { endpoint: "https://graph.example" } } };

  test("tells onSignIn that there are too many groups, or refuses the user", async () => {
    const quirks = manyTenants("organizations");
    const told = await begin(quirks, providers.entra({ ...client, tenants: [TENANT] }));
    told.provider.change((claims) => ({ ...claims, ...overage }));
    expect(await told.signIn()).toBeUndefined();
    expect(told.signIns.map(({ claims }) => providers.hasGroupsOverage(claims))).toEqual([true]);
    const refused = await begin(quirks, providers.entra({ ...client, tenants: [TENANT], refuseGroupsOverage: true }));
    refused.provider.change((claims) => ({ ...claims, ...overage }));
    expect([await refused.signIn(), refused.cause()]).toMatchObject(["id_token_invalid", { claim: "groups" }]);
  });

  test.each<[string, providers.EntraOptions]>([
    ["neither tenant nor tenants", {}],
    ["both", { tenant: TENANT, tenants: [TENANT] }],
    ["a name in the place of an id", { tenant: "contoso.onmicrosoft.com" }],
    ["no tenant in the list", { tenants: [] }],
    ["tenants beside personal accounts", { tenants: [TENANT], accounts: "consumers" }],
  ])("with %s is refused at start-up", (_what, options) => {
    expect(fault(() => providers.entra({ ...client, ...options }))).toContain("entra");
  });
});

describe("Google", () => {
  test.each([
    ["another domain", { hd: "example.org" }],
    ["no domain: a private account", { hd: undefined }],
    ["an empty domain", { hd: "" }],
    ["a list of domains", { hd: ["example.com"] }],
  ])("refuses an ID Token of %s", async (_what, wrong) => {
    const { google } = plays;
    const app = await begin(google!.quirks, google!.describe());
    app.provider.change((claims) => ({ ...claims, ...wrong }));
    expect([await app.signIn(), app.cause()]).toMatchObject(["id_token_invalid", { claim: "hd" }]);
  });

  test("takes each of several domains, and with * any domain, but no private account", async () => {
    const quirks = { ...quirksOf("google"), refuseAuthorization: () => undefined };
    for (const [hd, claim, code] of [
      [["example.org", "example.com"], "example.com", undefined],
      ["*", "example.net", undefined],
      ["*", undefined, "id_token_invalid"],
    ] as const) {
      const app = await begin(quirks, providers.google({ ...client, hd }));
      app.provider.change((claims) => ({ ...claims, hd: claim }));
      expect(await app.signIn()).toBe(code);
    }
  });

  test("checks the domain at each refresh too", async () => {
    const { google } = plays;
    const app = await begin(google!.quirks, google!.describe());
    await app.signIn();
    expect(await app.refresh()).toBe("refreshed");
    app.provider.change((claims) => ({ ...claims, hd: "example.org" }));
    expect(await app.refresh()).toBe("id_token_invalid");
  });

  test("does not revoke the user's grant if that is switched off", async () => {
    const revoke = "https://oauth2.googleapis.com/revoke";
    for (const [revocation, count] of [
      [undefined, 1],
      [false, 0],
    ] as const) {
      const app = await begin(
        { ...quirksOf("google"), refuseAuthorization: () => undefined },
        providers.google({ ...client, revocation }),
      );
      await app.signIn();
      await app.signOut();
      expect(app.sentTo(revoke)).toHaveLength(count);
    }
  });

  test.each([{ hd: [] }, { hd: "nowhere" }, { hd: 7 as never }])("with %j is refused at start-up", (options) => {
    expect(fault(() => providers.google({ ...client, ...options }))).toContain("google.hd");
  });
});

describe("Apple", () => {
  test("gives onSignIn the name of the first sign-in; it is read as text that anyone may have written", async () => {
    const { apple } = plays;
    const app = await begin(apple!.quirks, apple!.describe());
    await app.signIn();
    const [{ params } = { params: {} }] = app.signIns;
    expect(params).toEqual(apple!.quirks.callback);
    expect(providers.appleUser(params)).toEqual({ given_name: "Alice", family_name: "Liddell", name: "Alice Liddell" });
    for (const user of [undefined, "", "no JSON", "null", "[]", '{"name":7}', '{"name":{"firstName":{}}}'])
      expect(providers.appleUser(user === undefined ? {} : { user })).toEqual({});
  });

  test("signs a new secret for each request, so that none expires", async () => {
    const { apple } = plays;
    const app = await begin(apple!.quirks, apple!.describe());
    await app.signIn();
    await app.refresh();
    const secrets = app.sentTo("https://appleid.apple.com/auth/token").map((sent) => sent["client_secret"]);
    expect(new Set(secrets).size).toBe(2);
  });

  test("with a key that is none is refused", () => {
    const options = { clientId: CLIENT_ID, teamId: "T", keyId: "K" };
    expect(fault(() => providers.apple({ ...options, privateKey: "no PEM" }))).toContain("apple.privateKey");
    expect(fault(() => providers.apple(options))).toContain("set apple.privateKey");
  });
});

describe("a token for several audiences without azp (Zitadel)", () => {
  const quirks: Quirks = {
    ...quirksOf("zitadel"),
    idToken: (claims) => ({ ...claims, aud: [CLIENT_ID, "sibling@project"] }),
  };
  test("is refused", async () => {
    const app = await begin(quirks, providers.zitadel({ ...client, domain: "app.zitadel.cloud" }));
    expect([await app.signIn(), app.cause()]).toMatchObject(["id_token_invalid", { claim: "azp" }]);
  });

  test("is accepted by a named option alone, which still refuses the azp of another client", async () => {
    const options = providers.zitadel({ ...client, domain: "app.zitadel.cloud", acceptMissingAzp: true });
    expect(await (await begin(quirks, options)).signIn()).toBeUndefined();
    const app = await begin(quirks, options);
    app.provider.change((claims) => ({ ...claims, azp: "sibling@project" }));
    expect(await app.signIn()).toBe("id_token_invalid");
    const unknown = fault(() => providers.zitadel({ domain: "app.zitadel.cloud", acceptMissingAzp: true }));
    expect(unknown).toContain("needs zitadel.clientId");
  });
});

describe("HS256", () => {
  const { "authentik, without a signing key": play } = plays;
  const options = { ...client, url: "https://id.example.com", application: "shop" };

  test("is refused without the named option, and says what it was", async () => {
    const app = await begin(play!.quirks, providers.authentik(options));
    expect([await app.signIn(), app.cause()]).toMatchObject([
      "id_token_invalid",
      { message: "signed with HS256, not RS256" },
    ]);
  });

  test.each<[string, Partial<ProviderOptions>]>([
    ["a short secret", { clientSecret: "short" }],
    ["a public client", { clientAuthentication: "none" }],
  ])("is refused for %s", async (_what, change) => {
    const { discovery, alg } = play!.quirks;
    const described = { ...providers.authentik({ ...options, hs256: true }), ...change };
    const identify = described.differences?.identify as (client: object, tokens: object) => Promise<unknown>;
    const claims = { clientId: CLIENT_ID, issuer: discovery?.url, now: () => 0, ...described };
    await expect(identify(claims, { idToken: "a.b.c", accessToken: "at" })).rejects.toMatchObject({
      code: "id_token_invalid",
      cause: { message: expect.stringContaining("at least 32 bytes") },
    });
    expect(alg).toBe("HS256");
  });

  test("needs no key set: none is fetched, neither to sign in nor to refresh", async () => {
    const app = await begin(play!.quirks, play!.describe());
    await app.signIn();
    expect(await app.refresh()).toBe("refreshed");
    expect(app.sentTo("https://id.example.com/application/o/shop/keys")).toEqual([]);
  });
});

describe("OAuth alone (GitHub, Discord, Facebook)", () => {
  const { github } = plays;

  test("uses PKCE, state and a client secret, and sends no code to be redeemed twice", async () => {
    const app = await begin(github!.quirks, github!.describe());
    await app.signIn();
    const [{ code_challenge_method, state } = {}] = app.sentTo("https://github.com/login/oauth/authorize");
    expect([code_challenge_method, state?.length]).toEqual(["S256", 43]);
    const [{ code_verifier, client_secret } = {}] = app.sentTo("https://github.com/login/oauth/access_token");
    expect([code_verifier?.length, client_secret]).toEqual([43, CLIENT_SECRET]);
  });

  test.each<[string, unknown]>([
    ["no id", { login: "alice" }],
    ["an id as text", { id: "583231" }],
    ["an id that lost digits", { id: 2 ** 60 }],
    ["a list", []],
  ])("refuses a user with %s", async (_what, body) => {
    const api = { ...github!.quirks.api, "https://api.github.com/user": () => [200, body] as const };
    const app = await begin({ ...github!.quirks, api }, github!.describe());
    expect(await app.signIn()).toBe("provider_invalid");
    expect(await app.user()).toBe(null);
  });

  test("keeps no address that GitHub has not verified, and asks for none that the scope does not allow", async () => {
    const emails = () => [200, [{ email: "mallory@example.com", primary: true, verified: false }]] as const;
    const api = { ...github!.quirks.api, "https://api.github.com/user/emails": emails };
    const app = await begin({ ...github!.quirks, api }, github!.describe());
    expect(await app.signIn()).toBeUndefined();
    expect(await app.user()).not.toHaveProperty("email");
    const other = await begin({ ...github!.quirks, api }, providers.github({ ...client, scope: "read:user" }));
    expect(await other.signIn()).toBeUndefined();
    expect(other.sentTo("https://api.github.com/user/emails")).toEqual([]);
  });

  test("says what the provider said in an answer with status 200", async () => {
    const body = { error: "bad_verification_code", error_description: "The code passed is incorrect or expired." };
    const app = await begin({ ...github!.quirks, refuseToken: () => [200, body] }, github!.describe());
    expect([await app.signIn(), app.cause()]).toMatchObject(["provider_invalid", { error: "bad_verification_code" }]);
  });

  test("takes no user from an API that answers with an error", async () => {
    for (const [status, code] of [
      [401, "client_rejected"],
      [403, "provider_invalid"],
      [503, "provider_unreachable"],
    ] as const) {
      const api = { "https://api.github.com/user": () => [status, { message: "no" }] as const };
      const app = await begin({ ...github!.quirks, api }, github!.describe());
      expect(await app.signIn()).toBe(code);
    }
  });
});

describe("Keycloak", () => {
  const par = "https://sso.example.com/realms/shop/par";
  test("gets pushed requests unless they are switched off: kc_idp_hint then goes by the browser", async () => {
    const options = { ...client, url: "https://sso.example.com", realm: "shop" };
    const pushed = await begin(quirksOf("keycloak"), providers.keycloak(options));
    await pushed.signIn();
    expect(pushed.sentTo(par)).toHaveLength(1);
    const authorizationParams = { kc_idp_hint: "google" };
    const plain = await begin(
      quirksOf("keycloak"),
      providers.keycloak({ ...options, par: false, authorizationParams }),
    );
    expect(await plain.signIn()).toBeUndefined();
    expect(plain.sentTo(par)).toEqual([]);
    expect(plain.sentTo("https://sso.example.com/realms/shop/authorize")).toMatchObject([authorizationParams]);
  });
});

describe("LinkedIn", () => {
  test("must be told whether the app has PKCE: without, no code_verifier is sent", async () => {
    expect(fault(() => providers.linkedin(client))).toContain("set linkedin.pkce");
    const wrong = await begin(quirksOf("linkedin, an app without PKCE"), providers.linkedin({ ...client, pkce: true }));
    expect(await wrong.signIn()).toBe("client_rejected");
  });
});

describe("LINE", () => {
  test("signs with HS256 if the token request does not ask for a key, and that is refused", async () => {
    const described = providers.line(client);
    const app = await begin(quirksOf("line"), {
      ...described,
      differences: { ...described.differences, tokenParams: {} },
    });
    expect([await app.signIn(), app.cause()]).toMatchObject([
      "id_token_invalid",
      { message: "signed with HS256, not ES256" },
    ]);
  });
});

describe("Okta and GOV.UK One Login", () => {
  test("refuse an assertion for the issuer", async () => {
    const issuer = "https://dev-1.okta.com/oauth2/default";
    const options = { clientId: CLIENT_ID, issuer, clientAuthentication: privateKeyJwt(clientKey) };
    const app = await begin(quirksOf("okta, custom server, with a key"), options);
    expect(await app.signIn()).toBe("client_rejected");
    const [assertion] = app.provider.requests.filter(({ parameters }) => parameters["client_assertion"]);
    expect(assertion && assertionPart(assertion, 1)["aud"]).toBe(issuer);
  });
});

describe("options of a description", () => {
  test.each<[string, () => ProviderOptions, string]>([
    [
      "misspelt",
      () => providers.okta({ ...client, domain: "a.okta.com", authorisationServer: "x" } as never),
      "did you mean okta.authorizationServer?",
    ],
    ["missing", () => providers.auth0(client), "set auth0.domain"],
    [
      "of another type",
      () => providers.keycloak({ ...client, url: "https://a.example", realm: 7 as never }),
      "keycloak.realm must be of type text",
    ],
    [
      "with a path in a host",
      () => providers.salesforce({ ...client, domain: "a.example/b" }),
      "salesforce.domain must be a host",
    ],
    [
      "with a slash in a name",
      () => providers.keycloak({ ...client, url: "https://a.example", realm: "a/../b" }),
      "keycloak.realm must be a name",
    ],
    ["on plain http", () => providers.gitlab({ ...client, url: "http://gitlab.example" }), "https"],
    ["no object at all", () => providers.google(undefined as never), "options must be an object"],
    [
      "an issuer, which the description knows",
      () => providers.google({ ...client, issuer: "https://x.example" } as never),
      "there is no option google.issuer",
    ],
  ])("%s are refused at start-up", (_what, describe, text) => {
    expect(fault(describe)).toContain(
      text === "keycloak.realm must be of type text" ? "keycloak.realm must be of type" : text,
    );
  });

  test("differences by hand are checked too", () => {
    const options = { ...client, issuer: "https://op.example" };
    expect(fault(() => ({ ...options, differences: { returnNonce: false } as never }))).toContain("returnsNonce");
    expect(fault(() => ({ ...options, differences: { takesPkce: "no" as never } }))).toContain("takesPkce must be");
  });

  test("the user's own options stay", () => {
    const described = providers.google({
      ...client,
      scope: "openid",
      hd: "example.com",
      authorizationParams: { prompt: "select_account" },
    });
    expect(described).toMatchObject({
      scope: "openid",
      authorizationParams: { hd: "example.com", prompt: "select_account" },
    });
  });
});
