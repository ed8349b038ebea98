import { createSign, generateKeyPairSync } from "node:crypto";
import { CompactSign, exportJWK, generateKeyPair, importJWK } from "jose";
import { beforeAll, describe, expect, test } from "vitest";
import { verifyJws as verifyInPage } from "../../../adapters/browser/verify.js";
import { verifyJws as verifyOnServer } from "../../../core/provider/jose.js";
import { type VerifyJws, verifySignature } from "../../../core/provider/keys.js";
import { createNetwork } from "../../../core/provider/network.js";

const ISSUER = "https://op.example";
const URI = `${ISSUER}/jwks`;
const PORTS = { now: () => 0, random: () => new Uint8Array() };
type Pair = Awaited<ReturnType<typeof generateKeyPair>>;
type Jwk = Record<string, unknown>;

let rsa: Pair;
let other: Pair;
let p256: Pair;
let p384: Pair;
let edwards: Pair;
beforeAll(async () => {
  [rsa, other, p256, p384, edwards] = await Promise.all([
    generateKeyPair("RS256", { extractable: true }),
    generateKeyPair("RS256", { extractable: true }),
    generateKeyPair("ES256", { extractable: true }),
    generateKeyPair("ES384", { extractable: true }),
    generateKeyPair("EdDSA", { extractable: true }),
  ]);
});

const jwk = async ({ publicKey }: Pair, members: Jwk = {}): Promise<Jwk> => ({
  ...(await exportJWK(publicKey)),
  ...members,
});
const sign = ({ privateKey }: Pair, header: { alg: string; kid?: string }) =>
  new CompactSign(new TextEncoder().encode(PAYLOAD)).setProtectedHeader(header).sign(privateKey);

const PAYLOAD = '{"sub":"alice"}';
const verifiers: Array<[name: string, verify: VerifyJws]> = [
  ["the verifier of servers", verifyOnServer],
  ["the verifier of pages", verifyInPage],
];
let verifyWith = verifyOnServer;

/** Verifies a token against key sets that the provider serves one after the other; counts the requests for them. */
async function verify(token: string, algorithm: string, ...sets: unknown[]) {
  let requests = 0;
  const fetch = async (url: string) =>
    Response.json(url === URI ? sets[Math.min(requests++, sets.length - 1)] : { issuer: ISSUER, jwks_uri: URI });
  const network = createNetwork({ issuer: ISSUER, httpTimeout: 5 }, { ...PORTS, fetch });
  const outcome = await verifySignature({ ...network, verifyJws: verifyWith }, token, algorithm).then(
    ({ payload }) => new TextDecoder().decode(payload),
    (error: Error) => error.name,
  );
  return { outcome, requests };
}

const signed = { outcome: PAYLOAD, requests: 1 };

describe.each(verifiers)("with %s: the key of a token is found in the provider's key set", (_name, verifier) => {
  beforeAll(() => {
    verifyWith = verifier;
  });

  test("by its id, among others of the same kind", async () => {
    const keys = [await jwk(other, { kid: "a" }), await jwk(rsa, { kid: "b" })];
    expect(await verify(await sign(rsa, { alg: "RS256", kid: "b" }), "RS256", { keys })).toEqual(signed);
  });

  test.each([
    ["RS256", () => rsa],
    ["ES256", () => p256],
    ["ES384", () => p384],
    ["EdDSA", () => edwards],
  ] as const)("without an id, if only one key can have signed with %s", async (alg, pair) => {
    const keys = await Promise.all([rsa, p256, p384, edwards].map((each) => jwk(each)));
    expect(await verify(await sign(pair(), { alg }), alg, { keys })).toEqual(signed);
  });

  test.each([
    ["encryption", { use: "enc" }],
    ["another algorithm", { alg: "PS256" }],
    ["an unknown purpose", { kty: "unknown" }],
    ["making signatures alone", { key_ops: ["sign"] }],
    ["the provider alone: a private key", { d: "AQAB" }],
  ])("but not if the key is for %s", async (_what, members) => {
    const keys = [await jwk(rsa, { kid: "a", ...members })];
    const { outcome } = await verify(await sign(rsa, { alg: "RS256", kid: "a" }), "RS256", { keys });
    expect(outcome).toBe("TypeError");
  });

  test("but not one that can only agree on keys", async () => {
    const agreement = { kty: "OKP", crv: "X25519", x: "A".repeat(43) };
    const keys = [agreement, await jwk(edwards)];
    expect(await verify(await sign(edwards, { alg: "EdDSA" }), "EdDSA", { keys })).toEqual(signed);
  });

  test("but not if two keys without an id match: the token is refused, and the set is not fetched again", async () => {
    const keys = [await jwk(rsa), await jwk(other)];
    expect(await verify(await sign(rsa, { alg: "RS256" }), "RS256", { keys })).toEqual({
      outcome: "TypeError",
      requests: 1,
    });
  });

  test("after the provider has changed its keys, by fetching the set once more", async () => {
    const [old, fresh] = [await jwk(other, { kid: "old" }), await jwk(rsa, { kid: "new" })];
    const token = await sign(rsa, { alg: "RS256", kid: "new" });
    expect(await verify(token, "RS256", { keys: [old] }, { keys: [old, fresh] })).toEqual({ ...signed, requests: 2 });
  });

  test("among members that are not keys", async () => {
    const keys = [null, "key", 7, [], {}, await jwk(rsa, { kid: "a" })];
    expect(await verify(await sign(rsa, { alg: "RS256", kid: "a" }), "RS256", { keys })).toEqual(signed);
  });
});

test.each([[{}], [[]], [{ keys: "none" }], [{ keys: {} }]])(
  "%j is not a key set, and is the provider's error",
  async (set) => {
    expect((await verify(await sign(rsa, { alg: "RS256" }), "RS256", set)).outcome).toBe("ExchangeError");
  },
);

describe.each(verifiers)("with %s: a signature", (_name, verifier) => {
  const ALGORITHMS = "RS256 RS384 RS512 PS256 PS384 PS512 ES256 ES384 ES512 EdDSA Ed25519".split(" ");
  const pairs = new Map<string, Pair>();
  const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const check = async (token: string, algorithm: string, key: Jwk) =>
    verifier(token, algorithm, () => key).then(
      ({ payload }) => new TextDecoder().decode(payload),
      (error: unknown) => error instanceof Error,
    );

  beforeAll(async () => {
    for (const alg of ALGORITHMS) pairs.set(alg, await generateKeyPair(alg, { extractable: true }));
  });

  test.each(ALGORITHMS)("of %s is valid with its own key, algorithm and text, and with no others", async (alg) => {
    const pair = pairs.get(alg) as Pair;
    const key = await jwk(pair);
    const token = await sign(pair, { alg });
    expect(await check(token, alg, key)).toBe(PAYLOAD);
    const [head = "", payload, signature = ""] = token.split(".");
    const flipped = Buffer.from(signature, "base64url");
    flipped[5] = (flipped[5] ?? 0) ^ 1;
    for (const bad of [
      `${head}.${encode({ sub: "bob" })}.${signature}`,
      `${head}.${payload}.${flipped.toString("base64url")}`,
      `${head}.${payload}.`,
      `${head}.${payload}.${signature.slice(0, -8)}`,
      `${encode({ alg, kid: "x" })}.${payload}.${signature}`,
    ]) {
      expect(await check(bad, alg, key), bad).toBe(true);
    }
    const another = await generateKeyPair(alg, { extractable: true });
    expect(await check(token, alg, await jwk(another))).toBe(true);
    for (const other of ALGORITHMS) if (other !== alg) expect(await check(token, other, key), other).toBe(true);
  });

  test("is verified only for a signed token with the configured algorithm", async () => {
    const pair = pairs.get("RS256") as Pair;
    const key = await jwk(pair);
    const [, payload, signature] = (await sign(pair, { alg: "RS256" })).split(".");
    for (const header of [
      { alg: "none" },
      { alg: "HS256" },
      { alg: "rs256" },
      { alg: ["RS256"] },
      {},
      null,
      "RS256",
      { alg: "RS256", crit: ["exp"], exp: 1 },
      { alg: "RS256", b64: false, crit: ["b64"] },
    ]) {
      expect(await check(`${encode(header)}.${payload}.${signature}`, "RS256", key), JSON.stringify(header)).toBe(true);
    }
    for (const text of [
      "",
      ".",
      "..",
      "a.b.c",
      "a.b.c.d",
      "{}",
      "eyJ",
      "\u0000.\u0000.\u0000",
      `${encode({ alg: "RS256" })}..`,
    ]) {
      expect(await check(text, "RS256", key), text).toBe(true);
    }
  });

  /** A token with this header and a signature that is right, and its key. */
  const signWith = (header: string, modulusLength = 2048) => {
    const { privateKey, publicKey } = generateKeyPairSync("rsa", { modulusLength });
    const signed = `${header}.${Buffer.from(PAYLOAD).toString("base64url")}`;
    const token = `${signed}.${createSign("sha256").update(signed).sign(privateKey, "base64url")}`;
    return { token, key: publicKey.export({ format: "jwk" }) as Jwk };
  };

  test("by an RSA key of less than 2,048 bits is invalid (RFC 7518 3.3)", async () => {
    const short = signWith(encode({ alg: "RS256" }), 1024);
    expect(await check(short.token, "RS256", short.key)).toBe(true);
    const long = signWith(encode({ alg: "RS256" }));
    expect(await check(long.token, "RS256", long.key)).toBe(PAYLOAD);
  });

  test.each([
    ["an unknown critical extension", { alg: "RS256", crit: ["exp"], exp: 1 }],
    ["a payload that is not encoded (RFC 7797)", { alg: "RS256", crit: ["b64"], b64: false }],
    ["an empty list of critical extensions", { alg: "RS256", crit: [] }],
    ["critical extensions that are null", { alg: "RS256", crit: null }],
  ])("under a header with %s is refused, though it is right (RFC 7515 4.1.11)", async (_what, header) => {
    const { token, key } = signWith(encode(header));
    expect(await check(token, "RS256", key)).toBe(true);
  });

  test("by one key with two algorithms is verified with each of them, in any order", async () => {
    const pair = pairs.get("RS256") as Pair;
    const key = await jwk(pair);
    const pss = await importJWK(await exportJWK(pair.privateKey), "PS256");
    const tokens = {
      RS256: await sign(pair, { alg: "RS256" }),
      PS256: await sign({ ...pair, privateKey: pss as never }, { alg: "PS256" }),
    };
    for (const alg of ["RS256", "PS256", "RS256", "PS256"] as const)
      expect(await check(tokens[alg], alg, key)).toBe(PAYLOAD);
    expect(await check(tokens.RS256, "PS256", key)).toBe(true);
  });

  test("in another spelling of base64 is invalid (RFC 7515 2)", async () => {
    const pair = pairs.get("RS256") as Pair;
    const key = await jwk(pair);
    const token = await sign(pair, { alg: "RS256" });
    expect(await check(token, "RS256", key)).toBe(PAYLOAD);
    const [head, payload, signature = ""] = token.split(".");
    for (const spelled of [
      `${signature}==`,
      ` ${signature}`,
      `${signature}\n`,
      `${signature.slice(0, 8)} ${signature.slice(8)}`,
    ]) {
      expect(await check(`${head}.${payload}.${spelled}`, "RS256", key), spelled).toBe(true);
    }
    const plain = Buffer.from(signature, "base64url").toString("base64");
    expect(await check(`${head}.${payload}.${plain}`, "RS256", key)).toBe(true);
  });

  test("is verified with the numbers of the key; its other members are ignored, and a key without numbers is refused", async () => {
    const pair = pairs.get("RS256") as Pair;
    const token = await sign(pair, { alg: "RS256" });
    expect(await check(token, "RS256", await jwk(pair, { ext: true, alg: "RS256", use: "sig" }))).toBe(PAYLOAD);
    expect(await check(token, "RS256", { kty: "RSA", n: "", e: "" })).toBe(true);
    expect(await check(token, "RS256", { kty: "oct", k: "AAAA" })).toBe(true);
  });
});

test("on servers: a header that is not UTF-8 is refused", async () => {
  const { privateKey, publicKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const head = Buffer.concat([Buffer.from('{"alg":"RS256","kid":"'), Buffer.from([0xff]), Buffer.from('"}')]);
  const signed = `${head.toString("base64url")}.${Buffer.from(PAYLOAD).toString("base64url")}`;
  const token = `${signed}.${createSign("sha256").update(signed).sign(privateKey, "base64url")}`;
  await expect(verifyOnServer(token, "RS256", () => publicKey.export({ format: "jwk" }) as Jwk)).rejects.toThrow(
    TypeError,
  );
});
