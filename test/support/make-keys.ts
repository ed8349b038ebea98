import type { TestProject } from "vitest/node";

declare module "vitest" {
  interface ProvidedContext {
    rsaKeys: JsonWebKey[];
  }
}

/** Enough that a test which compares the keys of different calls does not get one key twice. */
const COUNT = 11;
const ALGORITHM = {
  name: "RSASSA-PKCS1-v1_5",
  hash: "SHA-256",
  modulusLength: 2048,
  publicExponent: new Uint8Array([1, 0, 1]),
};

async function makeKey(): Promise<JsonWebKey> {
  const { subtle } = globalThis.crypto;
  const { privateKey } = await subtle.generateKey(ALGORITHM, true, ["sign", "verify"]);
  // Without `alg` and `key_ops`, so that every RSA algorithm can import the key.
  const { kty, n, e, d, p, q, dp, dq, qi } = await subtle.exportKey("jwk", privateKey);
  return { kty, n, e, d, p, q, dp, dq, qi } as JsonWebKey;
}

/** Each project of Vitest loads this module anew; all of them share the keys. */
const shared = globalThis as { latchkeyTestKeys?: Promise<JsonWebKey[]> };

/** Global setup: generates the RSA keys that `hand-out-keys.ts` hands out. */
export default async function makeKeys(project: TestProject): Promise<void> {
  shared.latchkeyTestKeys ??= Promise.all(Array.from({ length: COUNT }, makeKey));
  project.provide("rsaKeys", await shared.latchkeyTestKeys);
}
