import { toBytes } from "../../core/bytes.js";
import { must } from "../../core/errors.js";
import { isAsymmetric, signatureParameters } from "../../core/provider/algorithms.js";
import type { ClientPrivateKey } from "../../core/provider/client-authentication.js";
import { label } from "./variables.js";

/** A private JWK, or its JSON, as a key to sign client assertions with. @throws MisuseError (`invalid_config`) for anything else */
export function importPrivateKey(source: Readonly<Record<string, unknown>> | string | undefined): ClientPrivateKey {
  const jwk = typeof source === "string" ? parseJson(source) : source;
  const { alg, kid, d } = (jwk ?? {}) as Record<string, string | undefined>;
  must(
    alg && isAsymmetric(alg) && typeof d === "string",
    `${label("clientPrivateKey")} must be a private JWK with alg, such as RS256, PS256, ES256 or EdDSA`,
  );
  const parameters = signatureParameters(alg);
  // The key is kept, and never the promise of it: on Workers a promise belongs to the request that made it.
  let key: CryptoKey | undefined;
  return {
    alg,
    kid,
    async sign(text) {
      key ??= await crypto.subtle.importKey("jwk", jwk as never, parameters as never, false, ["sign"]);
      return new Uint8Array(await crypto.subtle.sign(parameters as never, key, toBytes(text) as never));
    },
  };
}

/** Undefined for text that is not JSON. The reason is dropped, because it quotes the key. */
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
