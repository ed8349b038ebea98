import { describe, expect, test } from "vitest";
import { createClient } from "../../adapters/browser/index.js";
import { createAuth as createEdgeAuth, verifyAccessToken as verifyOnEdge } from "../../adapters/edge.js";
import { auth as expressAuth, verifyAccessToken as verifyInExpress } from "../../adapters/express.js";
import { createSessions } from "../../adapters/index.js";
import { createAuth as createNextAuth, initAuth0 } from "../../adapters/next/index.js";
import { auth as nodeAuth } from "../../adapters/node.js";

// Settings that can never work are refused at start-up, and the message says what to change.

const complete = {
  issuer: "https://op.example",
  clientId: "client",
  clientSecret: "client-secret",
  secret: "a secret of at least thirty-two characters",
  baseUrl: "https://app.example",
};
const api = { issuer: complete.issuer, audience: "https://api.example" };
const page = { issuer: complete.issuer, clientId: "client", redirectUri: "https://app.example/callback" };

type Make = (options: never) => unknown;
const servers: ReadonlyArray<readonly [string, Make]> = [
  ["latchkey/express", expressAuth as Make],
  ["latchkey/node", nodeAuth as Make],
  ["latchkey/edge", createEdgeAuth as Make],
  ["latchkey/next", ((options: object) => createNextAuth(options).check()) as Make],
];

function refusal(make: Make, options: object): string {
  try {
    make(options as never);
  } catch (error) {
    expect(error).toMatchObject({ name: "MisuseError", code: "invalid_config" });
    return (error as Error).message;
  }
  return "accepted";
}

const OWN = /is a placeholder, or has quotes or blanks around it$/;
const REAL = /must be an https URL .* without .*, wildcard, placeholder or /;

/** A setting that can never work, and what the message says. */
type Setting = readonly [option: string, value: unknown, says: RegExp];

// biome-ignore-start lint/suspicious/noTemplateCurlyInString: the text of a template that was never filled in
const placeholderUrls = [
  "https://*.example.com",
  "https://*",
  "*",
  "https://${HOST}",
  "${LATCHKEY_URL}",
  "$LATCHKEY_URL",
  "https://{{host}}/x",
  "https://{tenant}.example.com",
  "https://<your-domain>",
  "<your-domain>",
  "https://YOUR_DOMAIN",
  "https://your_tenant.example.com/",
  "https://your-tenant.example.com",
  "https://your-domain.com",
  "https://undefined",
  "https://undefined/realms/x",
  "https://undefined.example.com",
  "undefined",
  '"https://app.example"',
  "'https://app.example'",
  " https://app.example",
  "https://app.example\n",
];
const placeholders = [
  "<client-id>",
  "${CLIENT_ID}",
  "{{client_id}}",
  "{yourClientId}",
  "$CLIENT_ID",
  "YOUR_CLIENT_ID",
  "your-client-id",
  "your client id",
  "undefined",
  "null",
  '"client"',
  "client ",
  "client\n",
  "\tclient",
];

const settings: readonly Setting[] = [
  ...placeholderUrls.flatMap((value): Setting[] => [
    ["baseUrl", value, REAL],
    ["baseUrl", [complete.baseUrl, value], REAL],
    ["issuer", value, REAL],
    ["apiOrigins", [value], REAL],
  ]),
  ...placeholders.flatMap((value): Setting[] => [
    ["clientId", value, OWN],
    ["clientSecret", value, OWN],
    ["audience", value, OWN],
  ]),
  ["secret", "<a secret of at least thirty-two characters>", OWN],
  ["secret", ["${LATCHKEY_SECRET_FROM_THE_VAULT_OF_US}"], OWN],
  // biome-ignore-end lint/suspicious/noTemplateCurlyInString: as above
  ["secret", "your-secret-of-at-least-thirty-two-characters", OWN],
  ["nextSecret", "your-secret-of-at-least-thirty-two-characters", OWN],
  ["issuer", "http://op.example", /issuer.*must be an https URL/],
  ["issuer", "op.example", /issuer.*must be an https URL/],
  ["issuer", "https://op.example?tenant=a", /issuer.*without user, query, fragment/],
  ["issuer", "https://op.example/#", /issuer.*without user, query, fragment/],
  ["issuer", "https://me@op.example", /issuer.*without user, query, fragment/],
  ["issuer", "https://op.example/.well-known/openid-configuration", /issuer.*without .* \/\.well-known\/$/],
  ["issuer", "https://op.example/a/.well-known/oauth-authorization-server", /issuer.*without .* \/\.well-known\/$/],
  ["baseUrl", "http://app.example", /baseUrl.*must be an https URL/],
  ["baseUrl", "http://0.0.0.0:3000", /baseUrl.*must be an https URL/],
  ["baseUrl", "http://192.168.0.7:3000", /baseUrl.*must be an https URL/],
  ["baseUrl", "https://app.example/auth/callback", /baseUrl: neither may repeat the other$/],
  ["baseUrl", [], /set baseUrl/],
  ["scope", "profile email", /scope.*must contain openid$/],
  ["scope", "openid,profile", /scope.*must contain openid$/],
  ["scope", "OpenID profile", /scope.*must contain openid$/],
  ["callbackPath", "callback", /callbackPath must be a path/],
  ["callbackPath", "/", /callbackPath must be a path/],
  ["callbackPath", "https://app.example/callback", /callbackPath must be a path/],
  ["callbackPath", "//app.example/callback", /callbackPath must be a path/],
  ["callbackPath", "/callback?x=1", /callbackPath must be a path/],
  ["callbackPath", "/auth/*", /callbackPath must be a path/],
  ["callbackPath", "/auth/login", /callbackPath must be a path of its own/],
  ["callbackPath", "/auth/logout/", /callbackPath must be a path of its own/],
  ["callbackPath", "/auth/backchannel-logout", /callbackPath must be a path of its own/],
  ["callbackPath", "/auth/me", /callbackPath must be a path of its own/],
  ["mount", "/", /mount must be a path/],
  ["mount", "/auth/", /mount must be a path/],
  ["mount", "https://app.example/auth", /mount must be a path/],
  ["postLogoutPath", "https://app.example/", /postLogoutPath must be a path/],
  ["idTokenSigningAlg", "rs256", /idTokenSigningAlg must be asymmetric/],
  ["session", { cookie: { sameSite: "strict" } }, /session\.cookie\.sameSite.*use "lax"$/],
  ["session", { cookie: { domain: "other.example" } }, /session\.cookie\.domain must be above every baseUrl$/],
  ["session", { cookie: { domain: "pp.example" } }, /session\.cookie\.domain must be above every baseUrl$/],
  ["session", { cookie: { domain: "www.app.example" } }, /session\.cookie\.domain must be above every baseUrl$/],
  ["session", { cookie: { domain: "https://app.example" } }, /domain must be/],
  ["session", { inactivityDuration: 100, absoluteDuration: 99 }, /inactivityDuration <= absoluteDuration$/],
  ["session", { inactivityDuration: 100, rollAfter: 100 }, /rollAfter < inactivityDuration/],
];

describe.each(servers)("%s refuses", (_name, make) => {
  test.each(settings)("%s: %j", (option, value, says) => {
    const message = refusal(make, { ...complete, [option]: value });
    expect(message).toMatch(says);
    if (option !== "session") expect(message).toContain(option);
  });

  const under = "https://app.example/shop";
  test.each([
    ["mount", "/shop/auth"],
    ["callbackPath", "/shop/callback"],
    ["postLogoutPath", "/shop/bye"],
  ])("a %s that repeats the path of the base URL: %s", (option, value) => {
    expect(refusal(make, { ...complete, baseUrl: under, [option]: value })).toMatch(
      /baseUrl: neither may repeat the other$/,
    );
  });

  test("a base URL that ends in the app's own callback path", () => {
    const options = { ...complete, baseUrl: "https://app.example/signin-oidc", callbackPath: "/signin-oidc" };
    expect(refusal(make, options)).toMatch(/baseUrl: neither may repeat the other$/);
  });

  test("a domain of cookies that is not above every base URL", () => {
    const options = { ...complete, baseUrl: ["https://app.example", "https://other.test"] };
    expect(refusal(make, { ...options, session: { cookie: { domain: "app.example" } } })).toContain("domain");
  });
});

describe.each(servers)("%s accepts", (_name, make) => {
  test.each<[option: string, value: unknown]>([
    ["baseUrl", "https://yourtown.example"],
    ["baseUrl", "https://undefined-behaviour.example"],
    ["baseUrl", "https://www.your-server.de"],
    ["baseUrl", "http://localhost:3000/shop"],
    ["baseUrl", "http://[::1]:3000"],
    ["baseUrl", "https://app.example/auth"],
    ["issuer", "https://op.example/"],
    ["issuer", "http://127.0.0.1:4000/realms/x"],
    ["issuer", "https://login.example/9c2/v2.0"],
    ["clientId", "0oa1b2$c*d{e}"],
    ["clientSecret", "a<b>{c}*$d~"],
    ["clientSecret", "$2b$10$abcdef"],
    ["clientSecret", `it's "quoted" inside`],
    ["callbackPath", "/signin-oidc"],
    ["callbackPath", "/api/auth/callback/oidc"],
    ["callbackPath", "/auth/callback/"],
    ["session", { cookie: { sameSite: "lax", domain: "app.example" } }],
    ["session", { cookie: { domain: ".Example" } }],
    ["session", { cookie: { sameSite: "none" } }],
    ["session", { absoluteDuration: 3600 }],
    ["session", { inactivityDuration: 7200, absoluteDuration: 7200 }],
  ])("%s: %j", (option, value) => {
    expect(refusal(make, { ...complete, [option]: value })).toBe("accepted");
  });
});

describe.each<[string, Make, object, options: readonly string[]]>([
  ["verifyAccessToken of latchkey/express", verifyInExpress as Make, api, ["issuer", "audience"]],
  ["verifyAccessToken of latchkey/edge", verifyOnEdge as Make, api, ["issuer", "audience"]],
  ["createClient", createClient as Make, page, ["issuer", "clientId"]],
])("%s refuses", (_name, make, valid, options) => {
  test.each(settings.filter(([option]) => options.includes(option)))("%s: %j", (option, value, says) => {
    expect(refusal(make, { ...valid, [option]: value })).toMatch(says);
  });
});

test("initAuth0 refuses what the adapters refuse", () => {
  const session = { cookieSecret: complete.secret };
  const urls = { redirectUri: "https://app.example/api/callback", postLogoutRedirectUri: "https://app.example/" };
  const valid = { domain: "tenant.auth0.com", clientId: "client", clientSecret: "client-secret", session, ...urls };
  const start = ((options: object) => initAuth0(options as never).getSession({ headers: {} } as never)) as Make;
  const message = async (options: object) => {
    try {
      await start(options as never);
    } catch (error) {
      return (error as Error).message;
    }
    return "accepted";
  };
  return Promise.all([
    expect(message({ ...valid, domain: "YOUR_DOMAIN" })).resolves.toMatch(/issuer/),
    expect(message({ ...valid, domain: "undefined" })).resolves.toMatch(/issuer/),
    expect(message({ ...valid, clientId: "YOUR_CLIENT_ID" })).resolves.toMatch(OWN),
    expect(message({ ...valid, session: { ...session, cookieSameSite: "strict" } })).resolves.toMatch(/use "lax"$/),
    expect(message({ ...valid, session: { ...session, cookieSameSite: true } })).resolves.toMatch(/use "lax"$/),
    expect(message({ ...valid, session: { ...session, cookieDomain: "other.example" } })).resolves.toMatch(/domain/),
    expect(message(valid)).resolves.toBe("accepted"),
  ]);
});

test("sessions without sign-in may be Strict, since no other site leads to them", () => {
  expect(refusal(createSessions as Make, { secret: complete.secret, cookie: { sameSite: "strict" } })).toBe("accepted");
});
