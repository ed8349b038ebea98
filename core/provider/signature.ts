import { toBytes } from "../bytes.js";
import { type SignatureParameters, signatureParameters } from "./algorithms.js";
import type { Members } from "./claims.js";
import type { PublicKey, VerifyJws } from "./keys.js";

/** A public key as Web Crypto takes it. */
export interface VerifyingKey {
  readonly algorithm: { readonly modulusLength?: number };
}

/** The part of Web Crypto that verifies. It needs no randomness and no secret. */
declare const crypto: {
  readonly subtle: {
    importKey(
      format: "jwk",
      key: PublicKey,
      parameters: SignatureParameters,
      extractable: false,
      usages: readonly ["verify"],
    ): Promise<VerifyingKey>;
    verify(
      parameters: SignatureParameters,
      key: VerifyingKey,
      signature: Uint8Array,
      signingInput: Uint8Array,
    ): Promise<boolean>;
  };
};

/** Imports the material of a public key: `alg`, `use` and `key_ops` were checked when the key was chosen. No private key is imported. */
export const importKey = (
  { kty, n, e, crv, x, y }: PublicKey,
  parameters: SignatureParameters,
): Promise<VerifyingKey> => crypto.subtle.importKey("jwk", { kty, n, e, crv, x, y }, parameters, false, ["verify"]);

/**
 * A function that verifies a JWS with Web Crypto (RFC 7515 5.2), the same on servers and in pages.
 * @param headerOf the protected header, from its base64url; throws for any other text
 * @param bytesOf the bytes of base64url
 */
export const createVerifier =
  (
    headerOf: (base64url: string) => Members,
    bytesOf: (base64url: string) => Uint8Array,
    keyFor = importKey,
  ): VerifyJws =>
  async (token, algorithm, keyOf) => {
    /** Bits of an RSA key (RFC 7518 3.3). */
    const MIN_MODULUS = 2048;
    // Only base64url (RFC 7515 2): platforms would also take blanks, padding and the alphabet of base64.
    const [, head = "", payload = "", signature = ""] = /^([\w-]+)\.([\w-]+)\.([\w-]+)$/.exec(token) ?? [];
    const protectedHeader = headerOf(head);
    const { alg, crit } = protectedHeader;
    // The algorithm is configured, and never taken from the token (RFC 8725 3.1).
    if (alg !== algorithm) throw new TypeError(`signed with ${alg}, not ${algorithm}`);
    // RFC 7515 4.1.11: no critical extension is supported, such as an unencoded payload (RFC 7797 6).
    if (crit !== undefined) throw new TypeError("unsupported crit");
    const parameters = signatureParameters(algorithm);
    const key = await keyFor(keyOf(protectedHeader), parameters);
    const { modulusLength = MIN_MODULUS } = key.algorithm;
    const signingInput = toBytes(`${head}.${payload}`);
    const isValid = await crypto.subtle.verify(parameters, key, bytesOf(signature), signingInput);
    if (!isValid || modulusLength < MIN_MODULUS) throw new TypeError("not signed by this key");
    return { protectedHeader, payload: bytesOf(payload) };
  };
