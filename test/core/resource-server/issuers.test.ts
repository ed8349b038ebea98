import { beforeEach, describe, expect, test } from "vitest";
import {
  createClock,
  createTestProvider,
  type FixedClock,
  type TestProvider,
} from "../../../adapters/testing/index.js";
import {
  type AccessTokenSettings,
  createAccessTokenCheck,
  type TrustedIssuer,
} from "../../../core/resource-server/access-token.js";

const API = "https://api.example";

let clock: FixedClock;
let work: TestProvider;
let home: TestProvider;
beforeEach(async () => {
  clock = createClock();
  work = await createTestProvider({ clock, issuer: "https://work.example" });
  home = await createTestProvider({ clock, issuer: "https://home.example/" });
});

const trust = (issuer: string, changed: Partial<TrustedIssuer> = {}): TrustedIssuer => ({
  issuer,
  audience: [API],
  clientIds: [],
  signingAlg: "RS256",
  profile: "any",
  ...changed,
});

/** The result of an API's check of a token: "ok", or the code with the reason. */
async function outcomeOf(
  token: string,
  changed: Partial<AccessTokenSettings> = {},
  fetch: (url: string, init?: object) => Promise<Response> = (url, init) =>
    (url.startsWith(work.issuer) ? work : home).fetch(url, init as never),
): Promise<string> {
  const settings = {
    issuers: [trust(work.issuer), trust(home.issuer)],
    scope: [],
    claims: {},
    clockTolerance: 30,
    httpTimeout: 1,
    ...changed,
  };
  const ports = { now: clock.now, random: (bytes: number) => new Uint8Array(bytes), fetch: fetch as never };
  const verdict = await createAccessTokenCheck(
    settings,
    ports,
  )({ method: "GET", url: "/", authorization: `Bearer ${token}`, proof: undefined });
  if (!("refusal" in verdict)) return "ok";
  return [verdict.refusal.code, verdict.refusal.reason].filter(Boolean).join(": ");
}

const tokenOf = (provider: TestProvider, claims: Record<string, unknown> = {}) => {
  const now = Math.floor(clock.now() / 1000);
  return provider.sign({ iss: provider.issuer, sub: "alice", aud: API, iat: now, exp: now + 300, ...claims });
};

describe("an API of several providers", () => {
  test("accepts the tokens of each", async () => {
    expect(await outcomeOf(await tokenOf(work))).toBe("ok");
    expect(await outcomeOf(await tokenOf(home))).toBe("ok");
  });

  test("refuses a token that one provider signed in the name of another", async () => {
    expect(await outcomeOf(await tokenOf(home, { iss: work.issuer }))).toBe("invalid_token: signature");
    expect(await outcomeOf(await tokenOf(work, { iss: home.issuer }))).toBe("invalid_token: signature");
  });

  test.each([
    ["another issuer", "https://other.example"],
    ["an issuer of the list with a slash", "https://work.example/"],
    ["one without its slash", "https://home.example"],
    ["one in capitals", "https://WORK.example"],
    ["a list", ["https://work.example"]],
    ["none", undefined],
    ["null", null],
    ["the name of a property of every object", "constructor"],
  ])("refuses a token of %s, and sends no request for it", async (_what, iss) => {
    expect(await outcomeOf(await tokenOf(work, { iss }))).toBe("invalid_token: iss");
    expect([work.requests, home.requests]).toEqual([[], []]);
  });

  test("checks each token by the settings of its provider", async () => {
    const issuers = [
      trust(work.issuer, { audience: ["work"] }),
      trust(home.issuer, { profile: "rfc9068", audience: ["home"] }),
    ];
    expect(await outcomeOf(await tokenOf(work, { aud: "work" }), { issuers })).toBe("ok");
    expect(await outcomeOf(await tokenOf(work, { aud: "home" }), { issuers })).toBe("invalid_token: aud");
    expect(await outcomeOf(await tokenOf(home, { aud: "home" }), { issuers })).toBe("invalid_token: typ");
    const es256 = [trust(work.issuer, { signingAlg: "ES256" }), trust(home.issuer)];
    expect(await outcomeOf(await tokenOf(work), { issuers: es256 })).toBe("invalid_token: signature");
    expect(await outcomeOf(await tokenOf(home), { issuers: es256 })).toBe("ok");
  });

  test("answers for one provider while another is down", async () => {
    work.misbehave("unreachable");
    expect(await outcomeOf(await tokenOf(work))).toBe("temporarily_unavailable: provider_unreachable");
    expect(await outcomeOf(await tokenOf(home))).toBe("ok");
  });
});

describe("a client in the place of a missing aud", () => {
  const issuers = () => [trust(work.issuer, { clientIds: ["client"] })];

  test.each<[string, Record<string, unknown>, string]>([
    ["a token of the client without aud", { aud: undefined, client_id: "client" }, "ok"],
    ["a token of another client without aud", { aud: undefined, client_id: "other" }, "invalid_token: aud"],
    ["a token without aud and client_id", { aud: undefined }, "invalid_token: aud"],
    ["a list of clients", { aud: undefined, client_id: ["client"] }, "invalid_token: aud"],
    ["a token of the client for another API", { aud: "other", client_id: "client" }, "invalid_token: aud"],
    ["an ID Token, whose aud is the client", { aud: "client", client_id: "client" }, "invalid_token: aud"],
    ["a token whose aud is null", { aud: null, client_id: "client" }, "invalid_token: aud"],
    ["a token whose aud is empty", { aud: "", client_id: "client" }, "invalid_token: aud"],
    ["a token for this API", { client_id: "other" }, "ok"],
  ])("%s", async (_what, claims, outcome) => {
    expect(await outcomeOf(await tokenOf(work, claims), { issuers: issuers() })).toBe(outcome);
  });

  test("is refused where the API names no clients", async () => {
    expect(await outcomeOf(await tokenOf(work, { aud: undefined, client_id: "client" }))).toBe("invalid_token: aud");
  });
});

describe("required claims", () => {
  test.each<[string, Record<string, unknown>, AccessTokenSettings["claims"], string]>([
    ["a text", { role: "billing" }, { role: "billing" }, "ok"],
    ["another text", { role: "sales" }, { role: "billing" }, "insufficient_scope: role"],
    ["a text that begins with the value", { role: "billing2" }, { role: "billing" }, "insufficient_scope: role"],
    ["words, which are no list", { role: "sales billing" }, { role: "billing" }, "insufficient_scope: role"],
    ["a list that has the value", { roles: ["sales", "billing"] }, { roles: "billing" }, "ok"],
    ["a list without the value", { roles: ["sales"] }, { roles: "billing" }, "insufficient_scope: roles"],
    ["a list in a list", { roles: [["billing"]] }, { roles: "billing" }, "insufficient_scope: roles"],
    ["one of several values", { roles: ["billing"] }, { roles: ["admin", "billing"] }, "ok"],
    ["none of several values", { roles: ["x"] }, { roles: ["admin", "billing"] }, "insufficient_scope: roles"],
    ["two claims, one of which is missing", { a: 1 }, { a: 1, b: 2 }, "insufficient_scope: b"],
    ["a number as text", { level: "2" }, { level: 2 }, "insufficient_scope: level"],
    ["a boolean", { email_verified: true }, { email_verified: true }, "ok"],
    ["a boolean as text", { email_verified: "true" }, { email_verified: true }, "insufficient_scope: email_verified"],
    ["a missing claim", {}, { roles: "billing" }, "insufficient_scope: roles"],
    ["a claim that is null", { roles: null }, { roles: "billing" }, "insufficient_scope: roles"],
    ["a claim in a claim", { realm_access: { roles: ["billing"] } }, { "realm_access.roles": "billing" }, "ok"],
    [
      "a missing claim in a claim",
      { realm_access: 7 },
      { "realm_access.roles": "x" },
      "insufficient_scope: realm_access.roles",
    ],
    ["a name with dots of its own", { "https://a.example/roles": ["x"] }, { "https://a.example/roles": "x" }, "ok"],
  ])("%s", async (_what, claims, required, outcome) => {
    expect(await outcomeOf(await tokenOf(work, claims), { claims: required })).toBe(outcome);
  });

  test("are checked only if the token is valid otherwise", async () => {
    expect(await outcomeOf(await tokenOf(work, { exp: 1 }), { claims: { roles: "x" } })).toBe("invalid_token: exp");
  });
});

describe("a provider whose documents are elsewhere", () => {
  test("has its discovery document under another URL, or none", async () => {
    const elsewhere = { discoveryUrl: `${work.issuer}/other/metadata` };
    const none = { discoveryUrl: false, metadata: { jwks_uri: `${work.issuer}/jwks` } } as const;
    const urls: string[] = [];
    const fetch = async (url: string) => {
      urls.push(url);
      return url === elsewhere.discoveryUrl
        ? Response.json({ issuer: work.issuer, jwks_uri: `${work.issuer}/jwks` })
        : work.fetch(url);
    };
    for (const differences of [elsewhere, none]) {
      const issuers = [trust(work.issuer, { differences })];
      expect(await outcomeOf(await tokenOf(work), { issuers }, fetch)).toBe("ok");
    }
    expect(urls).toEqual([elsewhere.discoveryUrl, `${work.issuer}/jwks`]);
  });
});
