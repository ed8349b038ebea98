import { decode } from "jose/base64url";
import { decodeProtectedHeader } from "jose/decode/protected_header";
import { toBytes } from "../../core/bytes.js";
import type { ClientCredentials } from "../../core/provider/client-authentication.js";
import type { IdentifyUser } from "../../core/provider/differences.js";
import { verifyIdToken } from "../../core/provider/id-token.js";
import type { Client } from "../../core/provider/provider.js";

/** RFC 7518 3.2: a key of the size of the hash, or larger. */
const MIN_BYTES = 32;

/** Verifies a JWS by HS256 with a secret (RFC 7515 5.2, RFC 7518 3.2). */
async function verifyHmac(token: string, secret: Uint8Array) {
  const [, head = "", payload = "", signature = ""] = /^([\w-]+)\.([\w-]+)\.([\w-]+)$/.exec(token) ?? [];
  const protectedHeader = decodeProtectedHeader({ protected: head }) as Readonly<Record<string, unknown>>;
  const { alg, crit } = protectedHeader;
  // RFC 8725 3.1; RFC 7515 4.1.11: no extension is supported.
  if (alg !== "HS256" || crit !== undefined) throw new TypeError(`signed with ${alg}, not HS256`);
  const hmac = { name: "HMAC", hash: "SHA-256" };
  const key = await crypto.subtle.importKey("raw", secret as never, hmac, false, ["verify"]);
  const signingInput = toBytes(`${head}.${payload}`) as never;
  if (!(await crypto.subtle.verify(hmac, key, decode(signature) as never, signingInput)))
    throw new TypeError("not signed with the clientSecret");
  return { protectedHeader, payload: decode(payload) };
}

/**
 * Accepts ID Tokens that the provider signed with HS256 and the client's secret (OpenID Connect Core 10.1), and no others: the value of
 * `differences.identify`.
 *
 * What it costs: with RS256 only the provider can make an ID Token; with HS256 so can everyone who knows the client's secret: each
 * machine, log and backup that has it. The secret must have 32 bytes, and a client without one is refused.
 *
 * @example
 * ```ts
 * import express from "express";
 * import { auth } from "latchkey/express";
 * import { hs256IdTokens } from "latchkey/providers";
 *
 * const app = express();
 * app.use(auth({ differences: { identify: hs256IdTokens() } }));
 * ```
 */
export const hs256IdTokens = (): IdentifyUser => (client: Client, tokens) =>
  verifyIdToken(client, tokens as { idToken: string; accessToken: string }, async (_network, idToken) => {
    const { clientSecret = "", clientAuthentication } = client as Partial<ClientCredentials>;
    const secret = toBytes(clientSecret);
    // A public client's secret is no secret (RFC 8725 2.1).
    if (clientAuthentication === "none" || secret.length < MIN_BYTES)
      throw new TypeError(`an ID Token by HS256 needs a clientSecret of at least ${MIN_BYTES} bytes`);
    return verifyHmac(idToken, secret);
  });
