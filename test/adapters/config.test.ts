import { describe, expect, test } from "vitest";
import type { AuthOptions } from "../../adapters/lib/auth-options.js";
import { resolveConfig } from "../../adapters/lib/config.js";
import { privateKeyJwt } from "../../adapters/lib/private-key-jwt.js";

const complete = {
  LATCHKEY_ISSUER: "https://op.example",
  LATCHKEY_CLIENT_ID: "client",
  LATCHKEY_CLIENT_SECRET: "client-secret",
  LATCHKEY_SECRET: "a secret of at least thirty-two characters",
  LATCHKEY_BASE_URL: "https://app.example",
};

const refusal = (options: AuthOptions, env: Record<string, string | undefined> = complete): string => {
  try {
    resolveConfig(options, env);
  } catch (error) {
    expect(error).toMatchObject({ name: "MisuseError", code: "invalid_config" });
    return (error as Error).message;
  }
  return "accepted";
};

test("five variables are enough", () => {
  const config = resolveConfig({}, complete);
  expect(config.providers[0].provider).toMatchObject({
    issuer: "https://op.example",
    clientId: "client",
    clientAuthentication: "client_secret_basic",
  });
  expect(config.sites).toEqual([{ origin: "https://app.example", path: "", secure: true }]);
  expect(config.mount).toBe("/auth");
});

test("an option replaces a variable", () => {
  expect(resolveConfig({ clientId: "other" }, complete).providers[0].provider.clientId).toBe("other");
});

test.each(Object.keys(complete))("without %s start-up fails, and the error names the variable", (name) => {
  expect(refusal({}, { ...complete, [name]: undefined })).toContain(name);
  expect(refusal({}, { ...complete, [name]: "" })).toContain(name);
});

test("a variable can have several secrets or base URLs, separated by commas", () => {
  const config = resolveConfig(
    {},
    {
      ...complete,
      LATCHKEY_SECRET: `${"n".repeat(32)}, ${"o".repeat(32)}`,
      LATCHKEY_BASE_URL: "https://a.example,http://localhost:3000/base/",
    },
  );
  expect(config.session.secret).toEqual(["n".repeat(32), "o".repeat(32)]);
  expect(config.sites).toEqual([
    { origin: "https://a.example", path: "", secure: true },
    { origin: "http://localhost:3000", path: "/base", secure: false },
  ]);
});

describe("the option provider", () => {
  const provider = { issuer: "https://described.example", clientId: "described", scope: "openid offline_access" };

  test("has the options of the client, which replace variables and defaults", () => {
    const [config] = resolveConfig({ provider }, complete).providers;
    expect(config.provider).toMatchObject({ ...provider, clientSecret: "client-secret" });
    expect(config.scope).toBe("openid offline_access");
  });

  test("gives way to the options beside it", () => {
    const [config] = resolveConfig({ provider, clientId: "beside", scope: "openid" }, complete).providers;
    expect(config.provider).toMatchObject({ issuer: "https://described.example", clientId: "beside" });
    expect(config.scope).toBe("openid");
  });

  test("leaves out what is undefined", () => {
    expect(resolveConfig({ provider: { clientId: undefined } as never }, complete).providers[0].provider.clientId).toBe(
      "client",
    );
  });

  test.each<[what: string, provider: unknown, says: string]>([
    ["another type than an object", "google", "provider must be of type object, not string"],
    ["null", null, "provider must be of type object, not null"],
    ["a name that no option has", { isuer: "x" }, "there is no option provider.isuer: did you mean provider.issuer?"],
    ["an option of the app", { baseUrl: "https://app.example" }, "there is no option provider.baseUrl"],
    ["a member of another type", { clientId: 1 }, "provider.clientId must be of type string, not number"],
  ])("is refused with %s", (_what, provider, says) => {
    expect(refusal({ provider } as AuthOptions)).toBe(`latchkey: ${says}`);
  });

  test("is checked as the options are that it stands for", () => {
    expect(refusal({ provider: { ...provider, idTokenSigningAlg: "none" } })).toMatch(/idTokenSigningAlg.*asymmetric/);
    expect(refusal({ provider: { ...provider, scope: "email" } })).toMatch(/scope.*openid/);
    expect(refusal({ provider: { issuer: "http://op.example" } })).toMatch(/issuer.*https/);
  });
});

describe("the option providers", () => {
  const { LATCHKEY_SECRET, LATCHKEY_BASE_URL } = complete;
  const app = { LATCHKEY_SECRET, LATCHKEY_BASE_URL };
  const client = { issuer: "https://work.example", clientId: "work", clientSecret: "work-secret" };
  const providers = { work: client, code: { ...client, scope: "openid", label: "Code", logout: "local" as const } };

  test("has the options of each client, with the defaults", () => {
    const config = resolveConfig({ providers }, app);
    expect(config.providers).toMatchObject([
      { name: "work", scope: "openid profile email", logout: "provider", provider: client },
      { name: "code", scope: "openid", logout: "local", label: "Code" },
    ]);
    expect(config).not.toHaveProperty("name");
  });

  test.each<[what: string, options: object, says: RegExp]>([
    ["no provider", { providers: {} }, /^latchkey: providers need names/],
    ["another type than an object", { providers: "google" }, /providers must be of type object, not string/],
    ["a list", { providers: [client] }, /providers must be of type object, not list/],
    ["a name that is no segment of a path", { providers: { "a/b": client } }, /names of letters, digits, _ and -/],
    ["a blank name", { providers: { "": client } }, /names of letters, digits, _ and -/],
    ["a provider that is no object", { providers: { work: "google" } }, /providers\.work must be of type object/],
    ["null", { providers: { work: null } }, /providers\.work must be of type object, not null/],
    [
      "a name that no option of a client has",
      { providers: { work: { ...client, isuer: "x" } } },
      /no option providers\.work\.isuer: did you mean providers\.work\.issuer\?$/,
    ],
    ["an option of the app", { providers: { work: { ...client, mount: "/a" } } }, /no option providers\.work\.mount$/],
    [
      "a client without id",
      { providers: { work: { ...client, clientId: undefined } } },
      /set providers\.work\.clientId$/,
    ],
    [
      "a client without secret",
      { providers: { work: { ...client, clientSecret: undefined } } },
      /set providers\.work\.clientSecret, or/,
    ],
    [
      "an issuer on plain http",
      { providers: { work: { ...client, issuer: "http://op.example" } } },
      /providers\.work\.issuer.*https/,
    ],
    [
      "two clients with one callback",
      { providers: { work: { ...client, callbackPath: "/cb" }, code: { ...client, callbackPath: "/cb" } } },
      /callbackPath of its own each/,
    ],
    [
      "a callback at a login route",
      { providers: { work: { ...client, callbackPath: "/auth/login/work" } } },
      /callbackPath must be a path of its own/,
    ],
    [
      "an option of a client beside it",
      { providers, clientId: "x" },
      /^latchkey: clientId \(LATCHKEY_CLIENT_ID\) belongs into each of providers$/,
    ],
    [
      "the option provider beside it",
      { providers, provider: client },
      /^latchkey: provider belongs into each of providers$/,
    ],
    [
      "a default that is none of them",
      { providers, defaultProvider: "other" },
      /defaultProvider must be a name of providers/,
    ],
    [
      "a default without providers",
      { ...client, defaultProvider: "work" },
      /defaultProvider must be a name of providers/,
    ],
  ])("is refused with %s", (_what, options, says) => {
    expect(refusal(options as AuthOptions, app)).toMatch(says);
  });

  test("lets no variable of a client reach one of its providers", () => {
    const message = refusal({ providers }, { ...app, LATCHKEY_CLIENT_SECRET: "of another client" });
    expect(message).toBe("latchkey: clientSecret (LATCHKEY_CLIENT_SECRET) belongs into each of providers");
  });

  test("lets a provider keep the callback of an app that had one", () => {
    const config = resolveConfig(
      { providers: { ...providers, work: { ...client, callbackPath: "/auth/callback" } } },
      app,
    );
    expect(config.providers[0].callbackPath).toBe("/auth/callback");
  });
});

describe("the next secret", () => {
  const [old, next] = ["o".repeat(32), "n".repeat(32)];

  test("opens and does not seal: it is the last of the secrets", () => {
    expect(resolveConfig({ secret: old, nextSecret: next }, complete).session.secret).toEqual([old, next]);
    expect(resolveConfig({ secret: [old, "p".repeat(32)], nextSecret: [next] }, complete).session.secret).toEqual([
      old,
      "p".repeat(32),
      next,
    ]);
  });

  test("has a variable", () => {
    const variables = { ...complete, LATCHKEY_SECRET: old, LATCHKEY_NEXT_SECRET: next };
    expect(resolveConfig({}, variables).session.secret).toEqual([old, next]);
    expect(resolveConfig({}, { ...variables, LATCHKEY_NEXT_SECRET: "" }).session.secret).toEqual([old]);
  });

  test("is checked as a secret is", () => {
    expect(refusal({ nextSecret: "short" })).toMatch(/^latchkey: nextSecret \(LATCHKEY_NEXT_SECRET\) must be 32 char/);
    expect(refusal({ nextSecret: [] })).toContain("nextSecret");
    expect(refusal({}, { ...complete, LATCHKEY_NEXT_SECRET: "short" })).toContain("LATCHKEY_NEXT_SECRET");
  });

  test("goes to nothing but the sessions", () => {
    const { session, providers, ...config } = resolveConfig({ nextSecret: next }, complete);
    expect(session.secret).toContain(next);
    expect(JSON.stringify([config, providers[0].provider])).not.toContain(next);
  });
});

test("a private key in a variable is refused, because no variable is read for it", () => {
  const message = refusal({}, { ...complete, LATCHKEY_CLIENT_PRIVATE_KEY: '{"d":"sesame"}' });
  expect(message).toBe("latchkey: there is no option clientPrivateKey");
});

describe("a wrong value fails at start-up, and the error says what to change", () => {
  test.each<[what: string, options: AuthOptions, says: RegExp]>([
    ["plain http on a public host", { baseUrl: "http://app.example" }, /baseUrl.*https/],
    ["a look-alike of a loopback host", { baseUrl: "http://127.0.0.1.evil.example" }, /baseUrl.*https/],
    ["a base URL that is not a URL", { baseUrl: "app.example" }, /baseUrl.*must be an https URL/],
    ["a base URL with a query", { baseUrl: "https://app.example/?x=1" }, /baseUrl.*query/],
    ["a plain http issuer", { issuer: "http://op.example" }, /issuer.*https/],
    ["a short secret", { secret: "short" }, /secret.*32/],
    ["a scope without openid", { scope: "profile" }, /openid/],
    ["a mount that is not a path", { mount: "auth" }, /mount/],
    ["a mount with markup", { mount: '/a"b' }, /mount/],
    ["a protected parameter", { authorizationParams: { redirect_uri: "https://evil.example" } }, /redirect_uri/],
    ["a protected parameter from the query", { allowedParams: ["state"] }, /state/],
    ["a symmetric algorithm", { idTokenSigningAlg: "HS256" }, /asymmetric/],
    ["no algorithm", { idTokenSigningAlg: "none" }, /asymmetric/],
    [
      "private_key_jwt without a key",
      { clientAuthentication: "private_key_jwt" as never },
      /clientAuthentication must be client_secret_basic or client_secret_post or none or privateKeyJwt\(key\)$/,
    ],
    ["privateKeyJwt that was not called", { clientAuthentication: privateKeyJwt as never }, /or privateKeyJwt\(key\)$/],
    ["a key instead of privateKeyJwt", { clientAuthentication: { kty: "EC" } as never }, /privateKeyJwt\(key\)$/],
    [
      "privateKeyJwt with a value that is not a key",
      { clientAuthentication: privateKeyJwt("PEM") },
      /privateKeyJwt: the key/,
    ],
    ["a private key as an option", { clientPrivateKey: {} } as AuthOptions, /there is no option clientPrivateKey$/],
    ["an unknown client authentication", { clientAuthentication: "basic" as never }, /clientAuthentication/],
    [
      "a response mode that is not supported",
      { responseMode: "fragment" as never },
      /responseMode must be query or form_post$/,
    ],
    ["another kind of sign-out", { logout: "federated" as never }, /logout must be provider or local$/],
    ["an API with a path", { apiOrigins: ["https://api.example/v1"] }, /apiOrigins/],
    ["a return path on another host", { postLogoutPath: "//evil.example" }, /postLogoutPath/],
  ])("%s", (_what, options, says) => {
    expect(refusal(options)).toMatch(says);
  });
});
