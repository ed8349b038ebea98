import { toBytes, toText } from "../../core/bytes.js";
import { signatureParameters } from "../../core/provider/algorithms.js";
import type { VerifyJws } from "../../core/provider/keys.js";

const bytesOf = (base64url: string): Uint8Array<ArrayBuffer> =>
  Uint8Array.from(atob(base64url.replaceAll("-", "+").replaceAll("_", "/")), (character) => character.charCodeAt(0));

/** Verifies a JWS with Web Crypto (RFC 7515 5.2), in a fifth of the bytes of jose. */
export const verifyWithWebCrypto: VerifyJws = async (token, algorithm, keyOf) => {
  /** Bits of an RSA key (RFC 7518 3.3). */
  const MIN_MODULUS = 2048;
  // Only base64url (RFC 7515 2): `atob` would also take blanks, padding and the alphabet of base64.
  const [, head = "", payload = "", signature = ""] = /^([\w-]+)\.([\w-]+)\.([\w-]+)$/.exec(token) ?? [];
  const protectedHeader = JSON.parse(toText(bytesOf(head)));
  // RFC 7515 4.1.11: no critical extension is supported, such as an unencoded payload (RFC 7797 6).
  if (protectedHeader.alg !== algorithm) throw new TypeError(`signed with ${protectedHeader.alg}, not ${algorithm}`);
  if (protectedHeader.crit !== undefined) throw new TypeError("unsupported crit");
  const parameters = signatureParameters(algorithm);
  // Only the key material: `alg`, `use` and `key_ops` were checked when the key was chosen.
  const { kty, n, e, crv, x, y } = keyOf(protectedHeader) as JsonWebKey;
  const key = await crypto.subtle.importKey("jwk", { kty, n, e, crv, x, y } as JsonWebKey, parameters, false, [
    "verify",
  ]);
  const { modulusLength = MIN_MODULUS } = key.algorithm as Partial<RsaHashedKeyAlgorithm>;
  const signingInput = toBytes(`${head}.${payload}`);
  const isValid = await crypto.subtle.verify(
    parameters,
    key,
    bytesOf(signature),
    signingInput as Uint8Array<ArrayBuffer>,
  );
  if (!isValid || modulusLength < MIN_MODULUS) throw new TypeError("not signed by this key");
  return { protectedHeader, payload: bytesOf(payload) };
};
