import { decode } from "jose/base64url";
import { decodeProtectedHeader } from "jose/decode/protected_header";
import type { Members } from "./claims.js";
import type { PublicKey, VerifyJws } from "./keys.js";
import { createVerifier, importKey, type VerifyingKey } from "./signature.js";

/** The keys that were imported, by their algorithm. Never promises: on Workers a promise belongs to the request that made it. */
const imported = /* @__PURE__ */ new WeakMap<PublicKey, Record<string, VerifyingKey>>();

const importOnce: typeof importKey = async (jwk, parameters) => {
  const { name, hash } = parameters;
  const keys = imported.get(jwk) ?? {};
  imported.set(jwk, keys);
  keys[name + hash] ??= await importKey(jwk, parameters);
  return keys[name + hash] as VerifyingKey;
};

/** For servers: jose decodes the protected header, strictly, and the other parts. */
export const verifyJws: VerifyJws = /* @__PURE__ */ createVerifier(
  (head) => decodeProtectedHeader({ protected: head }) as Members,
  decode,
  importOnce,
);
