import { toBytes } from "../../core/bytes.js";
import { must } from "../../core/errors.js";
import type { ClientPrivateKey } from "../../core/provider/client-authentication.js";
import { label } from "./variables.js";

/** Web Crypto's parameters for the algorithms of RFC 7518 3.1 and RFC 8037 3.1, to import a key and to sign. */
const ALGORITHMS: Readonly<Record<string, { name: string; hash?: string; namedCurve?: string; saltLength?: number }>> =
  {
    RS256: { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" },
    PS256: { name: "RSA-PSS", hash: "SHA-256", saltLength: 32 },
    ES256: { name: "ECDSA", hash: "SHA-256", namedCurve: "P-256" },
    EdDSA: { name: "Ed25519" },
  };

/** A private JWK, or its JSON, as a key to sign client assertions with. @throws MisuseError (`invalid_config`) when it is none */
export function importPrivateKey(source: Readonly<Record<string, unknown>> | string | undefined): ClientPrivateKey {
  const jwk = typeof source === "string" ? parsed(source) : source;
  const { alg, kid, d } = (jwk ?? {}) as Record<string, string>;
  const algorithm = ALGORITHMS[`${alg}`];
  must(
    algorithm && typeof d === "string",
    `${label("clientPrivateKey")} must be a private JWK with alg ${Object.keys(ALGORITHMS).join(", ")}`,
  );
  // The key is kept, never the promise of it: on Workers a promise belongs to the request that made it.
  let key: CryptoKey | undefined;
  return {
    alg: `${alg}`,
    kid,
    async sign(text) {
      key ??= await crypto.subtle.importKey("jwk", jwk as never, algorithm as never, false, ["sign"]);
      return new Uint8Array(await crypto.subtle.sign(algorithm as never, key, toBytes(text) as never));
    },
  };
}

/** Undefined when it is no JSON; why, nobody is told: the reason quotes the key. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
