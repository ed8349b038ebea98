/** Web Crypto's parameters for a signature algorithm, to import a key and to sign or verify. */
export interface SignatureParameters {
  readonly name: string;
  readonly hash?: string;
  readonly namedCurve?: string;
  readonly saltLength?: number;
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

/** The parameters of Web Crypto for a signature algorithm of RFC 7518 3.1 or RFC 8037 3.1. `algorithm` must be asymmetric. */
export function signatureParameters(algorithm: string): SignatureParameters {
  const bits = algorithm.slice(2);
  const hash = `SHA-${bits}`;
  switch (algorithm.slice(0, 2)) {
    case "RS":
      return { name: "RSASSA-PKCS1-v1_5", hash };
    case "PS":
      return { name: "RSA-PSS", hash, saltLength: Number(bits) / 8 };
    case "ES":
      return { name: "ECDSA", hash, namedCurve: curveOf(algorithm) as string };
    default:
      return { name: "Ed25519" };
  }
}
