import fc from "fast-check";
import { CompactSign, exportJWK, exportSPKI, generateKeyPair, importJWK, SignJWT } from "jose";
import { beforeAll, beforeEach, describe, expect, test } from "vitest";
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
import { runs } from "../../support/runs.js";

const API = "https://api.example";

let clock: FixedClock;
let provider: TestProvider;
async function start() {
  clock = createClock();
  provider = await createTestProvider({ clock });
}
beforeAll(start);

/** What a test changes of the settings of an API, or of its one provider. */
type Changed = Partial<AccessTokenSettings & TrustedIssuer>;

/** The check of an API that trusts the test provider, for an Authorization header. */
function checkOf(changed: Changed = {}, fetch: unknown = provider.fetch) {
  const trusted: TrustedIssuer = {
    issuer: provider.issuer,
    audience: [API],
    clientIds: [],
    signingAlg: "RS256",
    profile: "any",
    ...changed,
  };
  const settings: AccessTokenSettings = {
    issuers: [trusted],
    scope: [],
    claims: {},
    clockTolerance: 30,
    httpTimeout: 0.3,
    ...changed,
  };
  const check = createAccessTokenCheck(settings, {
    now: clock.now,
    random: (bytes) => new Uint8Array(bytes),
    fetch: fetch as never,
  });
  return (authorization: string) => check({ method: "GET", url: "/", authorization, proof: undefined });
}

const seconds = () => Math.floor(clock.now() / 1000);

/** The claims that RFC 9068 2.2 requires, and a scope. */
const requiredClaims = () => ({
  iss: provider.issuer,
  sub: "alice",
  aud: API,
  client_id: "client",
  exp: seconds() + 300,
  iat: seconds(),
  jti: "1",
  scope: "openid read:shows",
});

type Changes = Record<string, unknown>;

/** An access token with these claims changed; undefined removes a claim. */
const tokenWith = (claims: Changes = {}, header: Changes = { typ: "at+jwt" }) =>
  provider.sign({ ...requiredClaims(), ...claims }, header);

/** The result of an API's check of a token: "ok", or the code with the reason. */
async function outcomeOf(token: string, settings: Changed = {}, fetch?: unknown): Promise<string> {
  const verdict = await checkOf(settings, fetch)(`Bearer ${token}`);
  if ("access" in verdict) return "ok";
  const { code, reason } = verdict.refusal;
  return reason ? `${code}: ${reason}` : code;
}

const publicKey = async () => (await (await provider.fetch(`${provider.issuer}/jwks`)).json()).keys[0];
const keyRequests = () => provider.requests.filter(({ endpoint }) => endpoint === "jwks").length;

test("a token that the provider signed for this API is accepted, and its claims are returned", async () => {
  const token = await tokenWith();
  expect(await checkOf()(`Bearer ${token}`)).toEqual({ access: { token, claims: requiredClaims() } });
});

describe("the type (RFC 9068 4)", () => {
  test.each([
    ["at+jwt", "ok", "ok"],
    ["AT+JWT", "ok", "ok"],
    ["application/at+jwt", "ok", "ok"],
    ["Application/AT+JWT", "ok", "ok"],
    ["JWT", "ok", "invalid_token: typ"],
    ["application/jwt", "ok", "invalid_token: typ"],
    [undefined, "ok", "invalid_token: typ"],
    ["logout+jwt", "invalid_token: typ", "invalid_token: typ"],
    ["dpop+jwt", "invalid_token: typ", "invalid_token: typ"],
    ["id_token+jwt", "invalid_token: typ", "invalid_token: typ"],
    ["xat+jwt", "invalid_token: typ", "invalid_token: typ"],
    ["", "invalid_token: typ", "invalid_token: typ"],
    [7, "invalid_token: typ", "invalid_token: typ"],
    [null, "invalid_token: typ", "invalid_token: typ"],
    [["at+jwt"], "invalid_token: typ", "invalid_token: typ"],
    [{ toString: 1 }, "invalid_token: typ", "invalid_token: typ"],
  ])("%j: %s, with the profile %s", async (typ, any, rfc9068) => {
    const token = await tokenWith({}, typ === undefined ? {} : { typ });
    expect([await outcomeOf(token), await outcomeOf(token, { profile: "rfc9068" })]).toEqual([any, rfc9068]);
  });

  test.each(["iss", "exp", "aud", "sub", "client_id", "iat", "jti"])(
    "an at+jwt without %s is refused",
    async (name) => {
      expect(await outcomeOf(await tokenWith({ [name]: undefined }))).toBe(`invalid_token: ${name}`);
    },
  );

  test("a JWT of another type without client_id, jti and iat is accepted", async () => {
    const claims = { client_id: undefined, jti: undefined, iat: undefined };
    expect(await outcomeOf(await tokenWith(claims, { typ: "JWT" }))).toBe("ok");
  });

  test.each(["iss", "exp", "aud", "sub"])("a JWT of another type without %s is refused", async (name) => {
    expect(await outcomeOf(await tokenWith({ [name]: undefined }, {}))).toBe(`invalid_token: ${name}`);
  });

  test.each([{ nonce: "n" }, { at_hash: "h" }])(
    "a token with %j is refused as an ID Token, unless its type is at+jwt",
    async (claims) => {
      expect(await outcomeOf(await tokenWith(claims, {}))).toBe("invalid_token: id_token");
      expect(await outcomeOf(await tokenWith(claims, { typ: "JWT" }))).toBe("invalid_token: id_token");
      expect(await outcomeOf(await tokenWith(claims))).toBe("ok");
    },
  );
});

describe("the issuer, the audience and the subject", () => {
  test.each([
    ["another issuer", { iss: "https://other.example" }, "iss"],
    ["the issuer with a slash", { iss: "https://op.example/" }, "iss"],
    ["a list of issuers", { iss: ["https://op.example"] }, "iss"],
    ["another audience", { aud: "https://other.example" }, "aud"],
    ["the audience with a slash", { aud: `${API}/` }, "aud"],
    ["an audience that begins with the API's", { aud: `${API}.evil.example` }, "aud"],
    ["a list without the audience", { aud: ["a", "b"] }, "aud"],
    ["a list in a list", { aud: [[API]] }, "aud"],
    ["an empty list", { aud: [] }, "aud"],
    ["an object", { aud: { [API]: true } }, "aud"],
    ["an empty subject", { sub: "" }, "sub"],
    ["a number for a subject", { sub: 7 }, "sub"],
    ["null for a subject", { sub: null }, "sub"],
    ["a client id that is not text", { client_id: 7 }, "client_id"],
    ["a token id that is not text", { jti: [] }, "jti"],
  ])("%s is refused", async (_what, claims, reason) => {
    expect(await outcomeOf(await tokenWith(claims))).toBe(`invalid_token: ${reason}`);
  });

  test("one common audience is enough, if the token or the API has several", async () => {
    expect(await outcomeOf(await tokenWith({ aud: ["https://other.example", API] }))).toBe("ok");
    expect(await outcomeOf(await tokenWith(), { audience: ["https://new.example", API] })).toBe("ok");
  });
});

describe("the times of a token", () => {
  test.each<[string, () => Changes, string]>([
    ["expired, within the tolerance", () => ({ exp: seconds() - 29 }), "ok"],
    ["expired by exactly the tolerance", () => ({ exp: seconds() - 30 }), "invalid_token: exp"],
    ["expired", () => ({ exp: seconds() - 31 }), "invalid_token: exp"],
    ["exp as text", () => ({ exp: `${seconds() + 300}` }), "invalid_token: exp"],
    ["not valid yet, within the tolerance", () => ({ nbf: seconds() + 29 }), "ok"],
    ["not valid yet", () => ({ nbf: seconds() + 31 }), "invalid_token: nbf"],
    ["nbf as text", () => ({ nbf: "0" }), "invalid_token: nbf"],
    ["issued in the future, within the tolerance", () => ({ iat: seconds() + 29 }), "ok"],
    ["issued in an hour", () => ({ iat: seconds() + 3600 }), "invalid_token: iat"],
    ["iat as text", () => ({ iat: "0" }), "invalid_token: iat"],
  ])("%s", async (_what, claims, outcome) => {
    clock.set(seconds() * 1000);
    expect(await outcomeOf(await tokenWith(claims()))).toBe(outcome);
  });

  test("an exp that is not a finite number is refused", async () => {
    const payload = JSON.stringify(requiredClaims()).replace(/"exp":\d+/, '"exp":1e999');
    expect(await outcomeOfPayload(payload)).toBe("invalid_token: exp");
  });

  test("without a tolerance a token expires exactly at its exp", async () => {
    clock.set(seconds() * 1000);
    const token = await tokenWith({ exp: seconds() + 1 });
    expect(await outcomeOf(token, { clockTolerance: 0 })).toBe("ok");
    clock.advance(1);
    expect(await outcomeOf(token, { clockTolerance: 0 })).toBe("invalid_token: exp");
  });
});

test.each([{ jkt: "thumbprint" }, { "x5t#S256": "thumbprint" }, {}, null])(
  "a token that is bound to a key (cnf %j) is refused, because the request has no proof of the key",
  async (cnf) => {
    expect(await outcomeOf(await tokenWith({ cnf }))).toBe("invalid_token: cnf");
  },
);

describe("scope", () => {
  const required = { scope: ["read:shows", "pay"] };
  test.each<[string, Changes, string]>([
    ["all required scopes", { scope: "pay openid read:shows" }, "ok"],
    ["some required scopes", { scope: "read:shows" }, "insufficient_scope"],
    ["no scope", { scope: undefined }, "insufficient_scope"],
    ["scopes that begin like the required ones", { scope: "read:shows:all payments" }, "insufficient_scope"],
    ["a list in scp, as Okta sends it", { scope: undefined, scp: ["read:shows", "pay"] }, "ok"],
    ["words in scp, as Entra sends them", { scope: undefined, scp: "read:shows pay" }, "ok"],
    ["a list in scope", { scope: ["read:shows", "pay"] }, "ok"],
    ["some in scope, some in scp", { scope: "read:shows", scp: ["pay"] }, "ok"],
    ["values that are not text", { scope: { pay: true }, scp: [7, null, ["read:shows", "pay"]] }, "insufficient_scope"],
    ["permissions, which are not scopes", { scope: "", permissions: ["read:shows", "pay"] }, "insufficient_scope"],
  ])("%s", async (_what, claims, outcome) => {
    expect(await outcomeOf(await tokenWith(claims), required)).toBe(outcome);
  });

  test("is checked only if the token is valid otherwise", async () => {
    expect(await outcomeOf(await tokenWith({ scope: "", exp: 1 }), required)).toBe("invalid_token: exp");
  });
});

/** The result of an API's check of a token with any payload, from a provider that signs any text. */
async function outcomeOfPayload(payload: string): Promise<string> {
  const { privateKey, publicKey } = await generateKeyPair("ES256");
  const { issuer } = provider;
  const jwk = await exportJWK(publicKey);
  const fetch = async (url: string) =>
    Response.json(url.endsWith("/jwks") ? { keys: [jwk] } : { issuer, jwks_uri: `${issuer}/jwks` });
  const token = await new CompactSign(new TextEncoder().encode(payload))
    .setProtectedHeader({ alg: "ES256", typ: "at+jwt" })
    .sign(privateKey);
  return outcomeOf(token, { signingAlg: "ES256" }, fetch);
}

test.each(["null", "7", '"text"', "[]", " ", "{", '{"iss":'])("a payload of %s is refused", async (payload) => {
  expect(await outcomeOfPayload(payload)).toBe("invalid_token: payload");
});

describe("the signature", () => {
  beforeEach(start);
  const base64url = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url");

  test("of another key under the same id is refused", async () => {
    const stranger = await createTestProvider({ clock });
    expect(await outcomeOf(await stranger.sign(requiredClaims(), { typ: "at+jwt" }))).toBe("invalid_token: signature");
  });

  test("of another payload is refused", async () => {
    const [header, , signature] = (await tokenWith()).split(".");
    const token = [header, base64url({ ...requiredClaims(), sub: "mallory" }), signature].join(".");
    expect(await outcomeOf(token)).toBe("invalid_token: signature");
  });

  test("that is missing is refused, also if the header says alg none", async () => {
    const unsigned = `${base64url({ alg: "none", typ: "at+jwt" })}.${base64url(requiredClaims())}.`;
    expect(await outcomeOf(unsigned)).toBe("invalid_token: format");
    expect(await outcomeOf(`${unsigned}AAAA`)).toBe("invalid_token: signature");
  });

  test("made with the public key as a secret is refused", async () => {
    const jwk = await publicKey();
    const spki = await exportSPKI((await importJWK(jwk, "RS256")) as CryptoKey);
    const token = await new SignJWT(requiredClaims())
      .setProtectedHeader({ alg: "HS256", typ: "at+jwt", kid: jwk.kid })
      .sign(new TextEncoder().encode(spki));
    expect(await outcomeOf(token)).toBe("invalid_token: signature");
  });

  test("with an algorithm other than the configured one is refused", async () => {
    expect(await outcomeOf(await tokenWith(), { signingAlg: "PS256" })).toBe("invalid_token: signature");
    expect(await outcomeOf(await tokenWith(), { signingAlg: "ES256" })).toBe("invalid_token: signature");
  });

  test("by a key that the provider does not have is refused, and causes a request for the keys once in five seconds", async () => {
    const check = checkOf();
    const token = await tokenWith({}, { typ: "at+jwt", kid: "unknown" });
    const codeOf = async () => {
      const verdict = await check(`Bearer ${token}`);
      return "refusal" in verdict && verdict.refusal.code;
    };
    expect([await codeOf(), await codeOf(), await codeOf()]).toEqual(Array(3).fill("invalid_token"));
    expect(keyRequests()).toBe(2);
    clock.advance(6);
    expect(await codeOf()).toBe("invalid_token");
    expect(keyRequests()).toBe(3);
  });

  test("of a new key is accepted at once, and of the old key no longer", async () => {
    const old = await tokenWith();
    expect(await outcomeOf(old)).toBe("ok");
    await provider.rotateKeys();
    expect(await outcomeOf(await tokenWith())).toBe("ok");
    expect(await outcomeOf(old)).toBe("invalid_token: signature");
  });
});

test.each(["opaque", "a.b", "a.b.c.d.e", "a..c", "a.b.", "a.b.c=", "a.b.c/", "..", "=="])(
  "%j is not a signed JWT, and is refused without a request to the provider",
  async (token) => {
    const before = provider.requests.length;
    expect(["invalid_token: format", "invalid_request"]).toContain(await outcomeOf(token));
    expect(provider.requests).toHaveLength(before);
  },
);

describe("without the provider's keys", () => {
  beforeEach(start);
  const unavailable = {
    refusal: {
      code: "temporarily_unavailable",
      reason: expect.stringMatching(/^provider_(unreachable|invalid)$/),
      cause: expect.objectContaining({ name: "ExchangeError" }),
      advice: "issuer, network",
    },
  };

  test.each([
    ["unreachable", "discovery"],
    ["unreachable", "jwks"],
    ["slow", "jwks"],
    ["status_500", "jwks"],
    ["status_429", "discovery"],
    ["html", "jwks"],
    ["huge_body", "jwks"],
    ["redirect", "discovery"],
    ["wrong_issuer_in_discovery", "discovery"],
  ] as const)("(%s, %s) a token is neither accepted nor called invalid", async (fault, endpoint) => {
    const token = await tokenWith();
    const end = provider.misbehave(fault, { endpoint });
    const check = checkOf();
    expect(await check(`Bearer ${token}`)).toEqual(unavailable);
    end();
    clock.advance(1);
    expect(await check(`Bearer ${token}`)).toHaveProperty("access");
  });

  test("a provider that fails gets no request for a second, for any number of tokens", async () => {
    const token = await tokenWith();
    const check = checkOf();
    provider.misbehave("unreachable");
    for (let times = 0; times < 10; times++) expect(await check(`Bearer ${token}`)).toEqual(unavailable);
    expect(provider.requests).toHaveLength(1);
    clock.advance(1);
    await check(`Bearer ${token}`);
    expect(provider.requests).toHaveLength(2);
  });

  test("tokens of cached keys are accepted while requests for other keys fail", async () => {
    const check = checkOf();
    const [known, unknown] = [await tokenWith(), await tokenWith({}, { typ: "at+jwt", kid: "unknown" })];
    await check(`Bearer ${known}`);
    provider.misbehave("unreachable");
    for (let times = 0; times < 3; times++) expect(await check(`Bearer ${unknown}`)).toEqual(unavailable);
    expect(await check(`Bearer ${known}`)).toHaveProperty("access");
    expect(keyRequests()).toBe(2);
  });

  test("after the clock was set back, the provider still gets requests", async () => {
    const token = await tokenWith({ iat: seconds() - 3600 });
    const end = provider.misbehave("unreachable");
    await checkOf()(`Bearer ${token}`);
    end();
    clock.advance(-60);
    expect(await outcomeOf(token)).toBe("ok");
  });
});

test("any header is accepted or refused, and never makes the check throw", async () => {
  const check = checkOf();
  const token = await tokenWith();
  const bytes = fc.string({ unit: "binary", maxLength: 200 });
  const parts = fc.array(fc.uint8Array({ maxLength: 80 }), { minLength: 1, maxLength: 5 });
  const headers = fc.oneof(
    bytes,
    bytes.map((text) => `Bearer ${text}`),
    parts.map((all) => `Bearer ${all.map((part) => Buffer.from(part).toString("base64url")).join(".")}`),
    // A valid token with a changed character. Some bits of the last character of each part are unused, so the token may stay valid.
    fc
      .tuple(fc.nat(token.length - 1), fc.constantFrom(..."Az09-_.=~ ,\0é"))
      .map(([at, character]) => `Bearer ${token.slice(0, at)}${character}${token.slice(at + 1)}`),
  );
  await fc.assert(
    fc.asyncProperty(headers, async (header) => {
      const verdict = await check(header);
      if ("access" in verdict)
        expect(Buffer.from(verdict.access.token.split(".")[2] ?? "", "base64url")).toEqual(
          Buffer.from(token.split(".")[2] ?? "", "base64url"),
        );
      else expect(["no_token", "invalid_request", "invalid_token"]).toContain(verdict.refusal.code);
    }),
    runs(),
  );
});
