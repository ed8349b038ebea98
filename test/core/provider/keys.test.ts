import { CompactSign, exportJWK, generateKeyPair } from "jose";
import { beforeAll, describe, expect, test } from "vitest";
import { verifySignature } from "../../../core/provider/keys.js";

const URI = "https://op.example/jwks";
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
  new CompactSign(new TextEncoder().encode('{"sub":"alice"}')).setProtectedHeader(header).sign(privateKey);

/** Verifies against a key set of these members; says how often the set was asked for. */
async function verify(token: string, algorithm: string, ...sets: unknown[]) {
  let asked = 0;
  const fetch = async () => new Response(JSON.stringify(sets[Math.min(asked++, sets.length - 1)]));
  const ports = { now: () => 0, random: () => new Uint8Array(), fetch };
  const outcome = await verifySignature(token, algorithm, URI, ports as never, fetch as never).then(
    ({ payload }) => new TextDecoder().decode(payload),
    (error: Error) => error.name,
  );
  return { outcome, asked };
}

const signed = { outcome: '{"sub":"alice"}', asked: 1 };

describe("the key of a token is found in the provider's set", () => {
  test("by its id, among others of the same kind", async () => {
    const keys = [await jwk(other, { kid: "a" }), await jwk(rsa, { kid: "b" })];
    expect(await verify(await sign(rsa, { alg: "RS256", kid: "b" }), "RS256", { keys })).toEqual(signed);
  });

  test.each([
    ["RS256", () => rsa],
    ["ES256", () => p256],
    ["ES384", () => p384],
    ["EdDSA", () => edwards],
  ] as const)("without an id, when it is the only one that %s can have been made with", async (alg, pair) => {
    const keys = await Promise.all([rsa, p256, p384, edwards].map((each) => jwk(each)));
    expect(await verify(await sign(pair(), { alg }), alg, { keys })).toEqual(signed);
  });

  test.each([
    ["encryption", { use: "enc" }],
    ["another algorithm", { alg: "PS256" }],
    ["nothing that is known", { kty: "unknown" }],
  ])("and never a key for %s", async (_what, members) => {
    const keys = [await jwk(rsa, { kid: "a", ...members })];
    const { outcome } = await verify(await sign(rsa, { alg: "RS256", kid: "a" }), "RS256", { keys });
    expect(outcome).toBe("TypeError");
  });

  test("and not one that can only agree on keys", async () => {
    const agreement = { kty: "OKP", crv: "X25519", x: "A".repeat(43) };
    const keys = [agreement, await jwk(edwards)];
    expect(await verify(await sign(edwards, { alg: "EdDSA" }), "EdDSA", { keys })).toEqual(signed);
  });

  test("two that would do are one too many, and no reason to ask again", async () => {
    const keys = [await jwk(rsa), await jwk(other)];
    expect(await verify(await sign(rsa, { alg: "RS256" }), "RS256", { keys })).toEqual({
      outcome: "TypeError",
      asked: 1,
    });
  });

  test("after the provider has changed it, by asking once more", async () => {
    const [old, fresh] = [await jwk(other, { kid: "old" }), await jwk(rsa, { kid: "new" })];
    const token = await sign(rsa, { alg: "RS256", kid: "new" });
    expect(await verify(token, "RS256", { keys: [old] }, { keys: [old, fresh] })).toEqual({ ...signed, asked: 2 });
  });

  test("among members that are no keys", async () => {
    const keys = [null, "key", 7, [], {}, await jwk(rsa, { kid: "a" })];
    expect(await verify(await sign(rsa, { alg: "RS256", kid: "a" }), "RS256", { keys })).toEqual(signed);
  });
});

test.each([[{}], [[]], [{ keys: "none" }], [{ keys: {} }]])("%j is no key set: the provider's fault", async (set) => {
  expect((await verify(await sign(rsa, { alg: "RS256" }), "RS256", set)).outcome).toBe("ExchangeError");
});

test("a signature that is not by the key, and an algorithm that is not ours, are refused", async () => {
  const keys = [await jwk(rsa, { kid: "a" })];
  const forged = await sign(other, { alg: "RS256", kid: "a" });
  expect((await verify(forged, "RS256", { keys })).outcome).toBe("JWSSignatureVerificationFailed");
  const otherwise = await sign(rsa, { alg: "RS256", kid: "a" });
  expect((await verify(otherwise, "PS256", { keys })).outcome).toBe("JOSEAlgNotAllowed");
});
