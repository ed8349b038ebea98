/** Web Crypto's parameters for a signature algorithm, to import a key and to sign or verify. */
export interface SignatureParameters {
  readonly name: string;
  readonly hash: string;
  readonly namedCurve: string | undefined;
  readonly saltLength: number;
}

/** Whether the key of an algorithm's signatures is a key pair: never a secret that both sides have (RFC 8725 2.1). */
export const isAsymmetric = (algorithm: string): boolean => /^([RPE]S(256|384|512)|EdDSA|Ed25519)$/.test(algorithm);

/** The `kty` of keys for a signature algorithm (RFC 7518 6.1, RFC 8037 2). */
export const keyTypeOf = (algorithm: string): string =>
  /^[RP]/.test(algorithm) ? "RSA" : algorithm.startsWith("ES") ? "EC" : "OKP";

/** The `crv` of keys for a signature algorithm (RFC 7518 3.4, RFC 8037 2); undefined for RSA. */
export function curveOf(algorithm: string): string | undefined {
  if (algorithm.startsWith("Ed")) return "Ed25519";
  if (algorithm === "ES512") return "P-521";
  return algorithm.startsWith("ES") ? `P-${algorithm.slice(2)}` : undefined;
}

/** Web Crypto's names of the algorithms of RFC 7518 3.1, by their first two letters. */
const NAMES: Readonly<Record<string, string>> = { RS: "RSASSA-PKCS1-v1_5", PS: "RSA-PSS", ES: "ECDSA" };

/**
 * The parameters of Web Crypto for a signature algorithm of RFC 7518 3.1 or RFC 8037 3.1; it reads those that belong to the name
 * (Web Cryptography API 18.4.4). `algorithm` must be asymmetric.
 */
export function signatureParameters(algorithm: string): SignatureParameters {
  const bits = algorithm.slice(2);
  return {
    name: NAMES[algorithm.slice(0, 2)] ?? "Ed25519",
    hash: `SHA-${bits}`,
    saltLength: Number(bits) / 8,
    namedCurve: curveOf(algorithm),
  };
}
