/// <reference path="./make-keys.ts" />
import { inject } from "vitest";

/**
 * Setup file. Generating an RSA key takes a tenth of a second, and the tests start hundreds of providers, each with a key of
 * its own. So Web Crypto hands out keys that `make-keys.ts` generated once, in turn: keys of successive calls differ.
 */
const { subtle } = globalThis.crypto;
const { generateKey } = subtle;
const HANDS_OUT = Symbol.for("latchkey.test.hands-out-keys");

interface RsaAlgorithm {
  readonly name: string;
  readonly hash: string;
  readonly modulusLength?: number;
}

let calls = 0;

async function handOut(algorithm: RsaAlgorithm, extractable: boolean): Promise<CryptoKeyPair> {
  const keys = inject("rsaKeys");
  const { d, p, q, dp, dq, qi, ...publicJwk } = keys[calls++ % keys.length] as JsonWebKey;
  const privateJwk = { ...publicJwk, d, p, q, dp, dq, qi } as JsonWebKey;
  const [privateKey, publicKey] = await Promise.all([
    subtle.importKey("jwk", privateJwk, algorithm, extractable, ["sign"]),
    subtle.importKey("jwk", publicJwk, algorithm, true, ["verify"]),
  ]);
  return { privateKey, publicKey };
}

// Files of one process may share the global objects.
if (!(HANDS_OUT in subtle)) {
  const replacement = (algorithm: RsaAlgorithm, extractable: boolean, usages: KeyUsage[]) =>
    algorithm.modulusLength === 2048 && usages.includes("sign")
      ? handOut(algorithm, extractable)
      : generateKey.call(subtle, algorithm as unknown as RsaHashedKeyGenParams, extractable, usages);
  Object.defineProperties(subtle, { generateKey: { value: replacement }, [HANDS_OUT]: { value: true } });
}
