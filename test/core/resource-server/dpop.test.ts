import { exportJWK, type GenerateKeyPairResult, generateKeyPair, SignJWT } from "jose";
import { beforeAll, beforeEach, describe, expect, test } from "vitest";
import { createClock, type FixedClock } from "../../../adapters/testing/index.js";
import { sha256 } from "../../../core/bytes.js";
import { ExchangeError } from "../../../core/errors.js";
import type { AccessTokenClaims } from "../../../core/resource-server/access-token.js";
import { createDpop, type DpopSettings } from "../../../core/resource-server/dpop.js";

const TOKEN = "a.valid.token";
const URL_ = "https://api.example/shows";

let clock: FixedClock = createClock();
let key: GenerateKeyPairResult;
let jwk: Record<string, unknown>;
let jkt: string;
let uses: Set<string>;
beforeAll(async () => {
  key = await generateKeyPair("ES256", { extractable: true });
  jwk = (await exportJWK(key.publicKey)) as Record<string, unknown>;
  jkt = await sha256(JSON.stringify({ crv: jwk["crv"], kty: jwk["kty"], x: jwk["x"], y: jwk["y"] }));
});
beforeEach(() => {
  clock = createClock();
  uses = new Set();
});
const seconds = () => Math.floor(clock.now() / 1000);

const settings = (): DpopSettings => ({
  baseUrls: [new URL("https://api.example")],
  algs: ["ES256", "PS256", "RS256", "EdDSA"],
  maxAge: 60,
  bearer: false,
  async isFirstUse(name) {
    const isFirst = !uses.has(name);
    uses.add(name);
    return isFirst;
  },
});

type Parts = { readonly header?: object; readonly claims?: Record<string, unknown>; readonly signer?: CryptoKey };

/** A proof for a GET of the shows, with changes. */
async function proofWith({ header, claims, signer = key.privateKey }: Parts = {}): Promise<string> {
  const payload = { htm: "GET", htu: URL_, iat: seconds(), jti: "1", ath: await sha256(TOKEN), ...claims };
  return new SignJWT(payload)
    .setProtectedHeader({ alg: "ES256", typ: "dpop+jwt", jwk, ...header } as never)
    .sign(signer);
}

interface Sent {
  readonly proof?: string | readonly string[] | null | undefined;
  readonly claims?: object;
  readonly authorization?: string;
  readonly method?: string;
  readonly url?: string;
}

/** Sends a request with a valid token. "ok", or the code with the reason. */
async function outcomeOf(
  { proof, claims = { cnf: { jkt } }, authorization = `DPoP ${TOKEN}`, ...request }: Sent,
  changed: Partial<DpopSettings> = {},
): Promise<string> {
  const dpop = createDpop({ ...settings(), ...changed });
  const token = dpop.tokenIn(authorization);
  if (typeof token !== "string") return token.code;
  const refused = await dpop.check(
    { method: "GET", url: "/shows", ...request, authorization, proof },
    { token, claims: claims as AccessTokenClaims },
    { now: clock.now, random: (bytes) => new Uint8Array(bytes), clockTolerance: 30 },
  );
  if (!refused) return "ok";
  return [refused.refusal.code, refused.refusal.reason].filter(Boolean).join(": ");
}

/** The outcome of a request with a changed proof. */
const outcomeWith = async (parts: Parts, sent: Sent = {}, changed: Partial<DpopSettings> = {}) =>
  outcomeOf({ proof: await proofWith(parts), ...sent }, changed);

test("a token with a proof of its key is accepted", async () => {
  expect(await outcomeWith({})).toBe("ok");
});

describe("the scheme (RFC 9449 7.1, 7.2)", () => {
  test.each([
    ["DPoP a.b", "a.b"],
    ["dpop a.b", "a.b"],
    ["DPOP   a.b", "a.b"],
    ["DPoP", { code: "invalid_request" }],
    ["DPoP a b", { code: "invalid_request" }],
    ["DPoP a, DPoP b", { code: "invalid_request" }],
    ["DPoP a, Bearer b", { code: "invalid_request" }],
    ["DPoPx a", { code: "no_token" }],
    ["DPoP2 a", { code: "no_token" }],
    ["Basic YTpi", { code: "no_token" }],
    ["Bearer a", { code: "no_token" }],
    ["Bearer a b", { code: "invalid_request" }],
    ["", { code: "no_token" }],
    [undefined, { code: "no_token" }],
    [null, { code: "no_token" }],
  ])("%j", (authorization, result) => {
    expect(createDpop(settings()).tokenIn(authorization)).toEqual(result);
  });

  test("a bound token is never taken as Bearer, with or without its proof", async () => {
    const authorization = `Bearer ${TOKEN}`;
    expect(await outcomeWith({}, { authorization })).toBe("no_token");
    expect(await outcomeWith({}, { authorization }, { bearer: true })).toBe("invalid_token: cnf");
    expect(await outcomeOf({ authorization }, { bearer: true })).toBe("invalid_token: cnf");
    for (const cnf of [{}, null, { "x5t#S256": "thumbprint" }])
      expect(await outcomeOf({ authorization, claims: { cnf } }, { bearer: true })).toBe("invalid_token: cnf");
  });

  test("a token that is bound to no key is taken as Bearer only with the relaxation, and never as DPoP", async () => {
    const request = { authorization: `Bearer ${TOKEN}`, claims: {} };
    expect(await outcomeOf(request)).toBe("no_token");
    expect(await outcomeOf(request, { bearer: true })).toBe("ok");
    for (const claims of [{}, { cnf: {} }, { cnf: { jkt: "" } }, { cnf: { jkt: [jkt] } }, { cnf: jkt }, { cnf: null }])
      expect(await outcomeWith({}, { claims }, { bearer: true })).toBe("invalid_token: cnf");
  });

  test("a token that is bound to a certificate as well is refused", async () => {
    expect(await outcomeWith({}, { claims: { cnf: { jkt, "x5t#S256": "thumbprint" } } })).toBe("invalid_token: cnf");
  });
});

describe("the proof (RFC 9449 4.3)", () => {
  test.each<[string, (proof: string) => Sent["proof"]]>([
    ["missing", () => undefined],
    ["null", () => null],
    ["empty", () => ""],
    ["twice in one header", (proof) => `${proof}, ${proof}`],
    ["in two headers", (proof) => [proof, proof]],
    ["not a JWT", () => "opaque"],
    ["without a signature", (proof) => proof.replace(/[^.]*$/, "")],
    ["with blanks", (proof) => ` ${proof}`],
    ["of 10 kB", (proof) => proof + "A".repeat(10_000)],
  ])("%s is refused", async (_what, change) => {
    expect(await outcomeOf({ proof: change(await proofWith()) })).toBe("invalid_dpop_proof: format");
  });

  test.each<[string, object, string]>([
    ["typ JWT", { typ: "JWT" }, "typ"],
    ["typ at+jwt", { typ: "at+jwt" }, "typ"],
    ["no typ", { typ: undefined }, "typ"],
    ["no jwk", { jwk: undefined }, "jwk"],
    ["a jwk that is null", { jwk: null }, "jwk"],
    ["a jwk that is text", { jwk: "key" }, "jwk"],
    ["an empty jwk", { jwk: {} }, "jwk"],
    ["a key by its id", { jwk: undefined, kid: "1" }, "jwk"],
    ["a jku in the place of the key", { jwk: undefined, jku: "https://evil.example/jwks" }, "jwk"],
    ["a critical extension", { crit: ["x"], x: 1 }, "signature"],
  ])("with %s is refused", async (_what, header, reason) => {
    const { privateKey } = key;
    const head = { alg: "ES256", typ: "dpop+jwt", jwk, ...header };
    const claims = { htm: "GET", htu: URL_, iat: seconds(), jti: "1", ath: await sha256(TOKEN) };
    const input = [head, claims].map((part) => Buffer.from(JSON.stringify(part)).toString("base64url")).join(".");
    const signature = await crypto.subtle.sign({ name: "ECDSA", hash: "SHA-256" }, privateKey, Buffer.from(input));
    const proof = `${input}.${Buffer.from(signature).toString("base64url")}`;
    expect(await outcomeOf({ proof })).toBe(`invalid_dpop_proof: ${reason}`);
  });

  test("with a private key in it is refused, also if the key signed it, and no refusal holds the key", async () => {
    const secret = (await exportJWK(key.privateKey)) as Record<string, unknown>;
    const dpop = createDpop(settings());
    const proof = await proofWith({ header: { jwk: secret } });
    const refused = await dpop.check(
      { method: "GET", url: "/shows", authorization: `DPoP ${TOKEN}`, proof },
      { token: TOKEN, claims: { cnf: { jkt } } as never },
      { now: clock.now, random: (bytes) => new Uint8Array(bytes), clockTolerance: 30 },
    );
    expect(refused?.refusal).toEqual({ code: "invalid_dpop_proof", reason: "jwk" });
  });

  test("with a symmetric key, or with alg none, is refused", async () => {
    const secret = new Uint8Array(32);
    const oct = { kty: "oct", k: Buffer.from(secret).toString("base64url") };
    const hmac = await proofWith({ header: { alg: "HS256", jwk: oct }, signer: secret as never });
    expect(await outcomeOf({ proof: hmac })).toBe("invalid_dpop_proof: alg");
    expect(await outcomeOf({ proof: hmac }, { algs: ["HS256"] })).toBe("invalid_dpop_proof: jwk");
    const [, claims] = (await proofWith()).split(".");
    const none = Buffer.from(JSON.stringify({ alg: "none", typ: "dpop+jwt", jwk })).toString("base64url");
    expect(await outcomeOf({ proof: `${none}.${claims}.AAAA` })).toBe("invalid_dpop_proof: alg");
  });

  test("with an algorithm that the API does not take, or that is not of its key, is refused", async () => {
    expect(await outcomeWith({}, {}, { algs: ["PS256"] })).toBe("invalid_dpop_proof: alg");
    const rsa = await generateKeyPair("PS256");
    const proof = await proofWith({ header: { alg: "PS256" }, signer: rsa.privateKey });
    expect(await outcomeOf({ proof })).toBe("invalid_dpop_proof: jwk");
  });

  test("signed by another key than the one in it is refused", async () => {
    const stranger = await generateKeyPair("ES256");
    expect(await outcomeWith({ signer: stranger.privateKey })).toBe("invalid_dpop_proof: signature");
  });

  test("of another key than that of the token is refused", async () => {
    const stranger = await generateKeyPair("ES256", { extractable: true });
    const header = { jwk: await exportJWK(stranger.publicKey) };
    expect(await outcomeWith({ header, signer: stranger.privateKey })).toBe("invalid_token: cnf");
  });

  test.each(["PS256", "RS256", "EdDSA"])("with %s is accepted by the thumbprint of its key", async (alg) => {
    const pair = await generateKeyPair(alg, { extractable: true });
    const { kty, crv, x, e, n } = await exportJWK(pair.publicKey);
    const members = kty === "RSA" ? { e, kty, n } : { crv, kty, x };
    const thumbprint = await sha256(JSON.stringify(members));
    // Members that are not part of the thumbprint do not change it (RFC 7638 3.2).
    const header = { alg, jwk: { kid: "1", use: "sig", ...(await exportJWK(pair.publicKey)) } };
    const claims = { cnf: { jkt: thumbprint } };
    expect(await outcomeWith({ header, signer: pair.privateKey }, { claims })).toBe("ok");
  });

  test.each<[string, Record<string, unknown>, string]>([
    ["of another method", { htm: "POST" }, "htm"],
    ["with the method in lower case", { htm: "get" }, "htm"],
    ["without a method", { htm: undefined }, "htm"],
    ["without a URL", { htu: undefined }, "htu"],
    ["with a list of URLs", { htu: [URL_] }, "htu"],
    ["without jti", { jti: undefined }, "jti"],
    ["with an empty jti", { jti: "" }, "jti"],
    ["with a number for jti", { jti: 1 }, "jti"],
    ["without ath", { ath: undefined }, "ath"],
    ["with the token as ath", { ath: TOKEN }, "ath"],
    ["without iat", { iat: undefined }, "iat"],
    ["with iat as text", { iat: "1" }, "iat"],
    ["with iat null", { iat: null }, "iat"],
  ])("%s is refused", async (_what, claims, reason) => {
    expect(await outcomeWith({ claims })).toBe(`invalid_dpop_proof: ${reason}`);
  });

  test("of another token is refused", async () => {
    const proof = await proofWith({ claims: { ath: await sha256("another token") } });
    expect(await outcomeOf({ proof })).toBe("invalid_dpop_proof: ath");
  });

  test.each<[string, number, string]>([
    ["89 seconds ago", -89, "ok"],
    ["90 seconds ago", -90, "invalid_dpop_proof: iat"],
    ["in 30 seconds", 30, "ok"],
    ["in 31 seconds", 31, "invalid_dpop_proof: iat"],
    ["in an hour", 3600, "invalid_dpop_proof: iat"],
  ])("made %s: %s", async (_what, offset, outcome) => {
    clock.set(seconds() * 1000);
    expect(await outcomeWith({ claims: { iat: seconds() + offset } })).toBe(outcome);
  });

  test.each(["7", "null", "[]", '"text"', "{"])("with the payload %s is refused", async (payload) => {
    const head = Buffer.from(JSON.stringify({ alg: "ES256", typ: "dpop+jwt", jwk })).toString("base64url");
    const input = `${head}.${Buffer.from(payload).toString("base64url")}`;
    const ecdsa = { name: "ECDSA", hash: "SHA-256" };
    const signature = await crypto.subtle.sign(ecdsa, key.privateKey, Buffer.from(input));
    const proof = `${input}.${Buffer.from(signature).toString("base64url")}`;
    expect(await outcomeOf({ proof })).toMatch(/^invalid_dpop_proof: /);
  });
});

describe("the URL of a proof (RFC 9449 4.3, RFC 3986 6.2)", () => {
  test.each<[htu: string, url: string, outcome: "ok" | "htu"]>([
    [URL_, "/shows", "ok"],
    [URL_, "/shows?page=2", "ok"],
    [URL_, "https://api.example/shows", "ok"],
    [URL_, "http://127.0.0.1:3000/shows?page=2", "ok"],
    [`${URL_}?page=1#top`, "/shows?page=2", "ok"],
    ["HTTPS://API.EXAMPLE:443/shows", "/shows", "ok"],
    ["https://api.example/./a/../shows", "/shows", "ok"],
    ["https://api.example/%73hows", "/shows", "ok"],
    ["https://api.example/a%2fb", "/a%2Fb", "ok"],
    ["https://api.example", "/", "ok"],
    ["https://api.example/a%2fb", "/a/b", "htu"],
    ["https://api.example/shows/", "/shows", "htu"],
    ["https://api.example/Shows", "/shows", "htu"],
    ["https://api.example/show", "/shows", "htu"],
    ["http://api.example/shows", "/shows", "htu"],
    ["https://api.example:8443/shows", "/shows", "htu"],
    ["https://evil.example/shows", "/shows", "htu"],
    ["https://evil.example/shows", "https://evil.example/shows", "htu"],
    ["https://evil.example/shows", "//evil.example/shows", "htu"],
    ["https://api.example.evil.example/shows", "/shows", "htu"],
    ["https://user@api.example/shows", "/shows", "htu"],
    ["/shows", "/shows", "htu"],
    ["", "/shows", "htu"],
    ["https://", "//[", "htu"],
    ["null", "//[", "htu"],
  ])("%s for a request of %s: %s", async (htu, url, outcome) => {
    const result = await outcomeWith({ claims: { htu } }, { url });
    expect(result).toBe(outcome === "ok" ? "ok" : "invalid_dpop_proof: htu");
  });

  test.each<[url: string, outcome: string]>([
    ["/shows", "ok"],
    ["/v1/shows", "ok"],
    ["/v1shows", "invalid_dpop_proof: htu"],
    ["/v1/v1/shows", "invalid_dpop_proof: htu"],
  ])("has the path that a proxy took off: %s", async (url, outcome) => {
    const baseUrls = [new URL("https://other.example"), new URL("https://api.example/v1/")];
    expect(await outcomeWith({ claims: { htu: "https://api.example/v1/shows" } }, { url }, { baseUrls })).toBe(outcome);
  });
});

describe("a proof is taken once", () => {
  test("and never again", async () => {
    const proof = await proofWith();
    expect([await outcomeOf({ proof }), await outcomeOf({ proof })]).toEqual(["ok", "invalid_dpop_proof: jti"]);
  });

  test("and a proof that is refused for another reason is not used up", async () => {
    const proof = await proofWith();
    expect(await outcomeOf({ proof, method: "POST" })).toBe("invalid_dpop_proof: htm");
    expect(uses.size).toBe(0);
    expect(await outcomeOf({ proof })).toBe("ok");
  });

  test("and another key may use the same jti", async () => {
    const pair = await generateKeyPair("ES256", { extractable: true });
    const other = await exportJWK(pair.publicKey);
    const claims = {
      cnf: { jkt: await sha256(JSON.stringify({ crv: other.crv, kty: other.kty, x: other.x, y: other.y })) },
    };
    expect(await outcomeWith({})).toBe("ok");
    expect(await outcomeWith({ header: { jwk: other }, signer: pair.privateKey }, { claims })).toBe("ok");
  });

  test("and is remembered until no clock within the tolerance takes it any longer", async () => {
    let forMs = 0;
    await outcomeWith(
      { claims: { iat: seconds() + 10 } },
      {},
      {
        isFirstUse: async (_name, life) => {
          forMs = life;
          return true;
        },
      },
    );
    expect(forMs).toBeGreaterThanOrEqual((10 + 60 + 30) * 1000);
    expect(forMs).toBeLessThan((10 + 60 + 30 + 3) * 1000);
  });

  test("and if the store is away, the request is neither accepted nor called invalid", async () => {
    const isFirstUse = () => Promise.reject(new ExchangeError("store_unavailable"));
    expect(await outcomeWith({}, {}, { isFirstUse })).toBe("temporarily_unavailable: store_unavailable");
  });
});

describe("nonces (RFC 9449 9)", () => {
  const nonces = {
    issue: async () => "fresh",
    isValid: async (nonce: unknown) => nonce === "fresh",
  };

  test.each<[unknown, string]>([
    ["fresh", "ok"],
    ["stale", "use_dpop_nonce"],
    [undefined, "use_dpop_nonce"],
    [["fresh"], "use_dpop_nonce"],
  ])("%j: %s", async (nonce, outcome) => {
    expect(await outcomeWith({ claims: { nonce } }, {}, { nonces })).toBe(outcome);
  });

  test("a proof without one gets one, and is not used up", async () => {
    const dpop = createDpop({ ...settings(), nonces });
    const refused = await dpop.check(
      { method: "GET", url: "/shows", authorization: `DPoP ${TOKEN}`, proof: await proofWith() },
      { token: TOKEN, claims: { cnf: { jkt } } as never },
      { now: clock.now, random: (bytes) => new Uint8Array(bytes), clockTolerance: 30 },
    );
    expect(refused).toEqual({ refusal: { code: "use_dpop_nonce" }, headers: { "dpop-nonce": "fresh" } });
    expect(uses.size).toBe(0);
  });
});

describe("the challenge", () => {
  const parameters = 'realm="api", error="invalid_token"';
  test("names the algorithms, and the scheme Bearer only where the API takes it", () => {
    const algs = 'algs="ES256 PS256 RS256 EdDSA"';
    expect(createDpop(settings()).challenge(parameters, "invalid_token")).toBe(`DPoP ${parameters}, ${algs}`);
    const both = createDpop({ ...settings(), bearer: true });
    expect(both.challenge(parameters, "invalid_token")).toBe(`Bearer ${parameters}, DPoP ${parameters}, ${algs}`);
    expect(both.challenge(parameters, "use_dpop_nonce")).toBe(`DPoP ${parameters}, ${algs}`);
  });
});
