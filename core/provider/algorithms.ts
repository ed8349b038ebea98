/** Web Crypto's parameters for a signature algorithm, to import a key and to sign or verify. */
export interface SignatureParameters {
  readonly name: string;
  readonly hash?: string;
  readonly namedCurve?: string;
  readonly saltLength?: number;
}

/** Whether the key of an algorithm's signatures is a key pair: never a secret that both sides have (RFC 8725 2.1). */
export const isAsymmetric = (algorithm: string): boolean => /^([RPE]S(256|384|512)|EdDSA|Ed25519)$/.test(algorithm);

/** What Web Crypto calls a signature algorithm of RFC 7518 3.1 or RFC 8037 3.1. `algorithm` must be asymmetric. */
export function signatureParameters(algorithm: string): SignatureParameters {
  const bits = algorithm.slice(2);
  const hash = `SHA-${bits}`;
  switch (algorithm.slice(0, 2)) {
    case "RS":
      return { name: "RSASSA-PKCS1-v1_5", hash };
    case "PS":
      return { name: "RSA-PSS", hash, saltLength: Number(bits) / 8 };
    case "ES":
      return { name: "ECDSA", hash, namedCurve: bits === "512" ? "P-521" : `P-${bits}` };
    default:
      return { name: "Ed25519", namedCurve: "Ed25519" };
  }
}

/** The `kty` of keys for a signature algorithm (RFC 7518 6.1, RFC 8037 2). */
export const keyTypeOf = ({ name }: SignatureParameters): string =>
  name.startsWith("RSA") ? "RSA" : name === "ECDSA" ? "EC" : "OKP";
