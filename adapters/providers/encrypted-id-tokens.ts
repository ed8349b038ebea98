import { compactDecrypt } from "jose/jwe/compact/decrypt";
import { importJWK } from "jose/key/import";
import { toText } from "../../core/bytes.js";
import { MisuseError, must } from "../../core/errors.js";
import { isObject } from "../../core/is-object.js";
import type { IdentifyUser } from "../../core/provider/differences.js";
import { verifyIdToken } from "../../core/provider/id-token.js";
import { verifySignature } from "../../core/provider/keys.js";
import type { Client } from "../../core/provider/provider.js";

/** RFC 7518 5.1 and 5.3. */
const CONTENT = ["A128CBC-HS256", "A192CBC-HS384", "A256CBC-HS512", "A128GCM", "A192GCM", "A256GCM"];

/** The key pairs of RFC 7518 4.3 and 4.6. RSA1_5 is left out: its padding can be an oracle (RFC 8725 3.2). */
const ALGORITHM = /^(RSA-OAEP(-256|-384|-512)?|ECDH-ES(\+A(128|192|256)KW)?)$/;

/** The key as an object. The reason of a failure is dropped, because it quotes the key. */
function parsed(key: object | string | undefined): unknown {
  if (typeof key !== "string") return key;
  try {
    return JSON.parse(key);
  } catch {
    return undefined;
  }
}

/**
 * Accepts ID Tokens that the provider signed and then encrypted for this client (OpenID Connect Core 10.2, RFC 7516), and no others: the
 * value of `differences.identify`. The signature is verified with the provider's key set, as that of any ID Token.
 *
 * @example
 * ```ts
 * import express from "express";
 * import { auth } from "latchkey/express";
 * import { encryptedIdTokens } from "latchkey/providers";
 *
 * // From a variable of your own, as JSON.
 * const key = { kty: "EC", crv: "P-256", alg: "ECDH-ES", x: "…", y: "…", d: "…" };
 * const app = express();
 * app.use(auth({ differences: { identify: encryptedIdTokens(key) } }));
 * ```
 * @param key a private JWK with its `alg`, or the JSON of one; the provider has the public part
 * @throws MisuseError (`invalid_config`) for another key; the message quotes nothing of it
 */
export function encryptedIdTokens(key: object | string | undefined): IdentifyUser {
  const jwk = parsed(key);
  must(
    isObject(jwk) && typeof jwk["d"] === "string",
    "encryptedIdTokens: the key must be a private JWK, or the JSON of one",
  );
  const { alg } = jwk as { alg?: unknown };
  must(
    typeof alg === "string" && ALGORITHM.test(alg),
    "encryptedIdTokens: the key must have an asymmetric alg, such as RSA-OAEP-256 or ECDH-ES",
  );
  const options = { keyManagementAlgorithms: [alg], contentEncryptionAlgorithms: CONTENT };
  // The key is kept, and never the promise of it: on Workers a promise belongs to the request that made it.
  let imported: Awaited<ReturnType<typeof importJWK>> | undefined;
  const decrypt = async (token: string): Promise<string> => {
    try {
      imported ??= await importJWK(jwk as never, alg);
    } catch (cause) {
      throw new MisuseError("invalid_config", "encryptedIdTokens: the platform cannot decrypt with the key", { cause });
    }
    const { plaintext } = await compactDecrypt(token, imported, options);
    return toText(plaintext);
  };
  return (client: Client, tokens) =>
    verifyIdToken(client, tokens as { idToken: string; accessToken: string }, async (network, idToken, algorithm) =>
      verifySignature(network, await decrypt(idToken), algorithm),
    );
}
