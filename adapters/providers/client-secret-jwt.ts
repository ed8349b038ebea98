import { toBase64url, toBytes } from "../../core/bytes.js";
import { must } from "../../core/errors.js";
import type { ClientAssertion } from "../../core/provider/client-authentication.js";

/** Seconds for which an assertion is valid. */
const LIFETIME = 60;

/** RFC 7518 3.2: a key of the size of the hash, or larger. */
const MIN_BYTES = 32;

/**
 * The client authenticates by a JWT that it signs with its secret, which is never sent (`client_secret_jwt` of OpenID Connect Core 9):
 * the value of `clientAuthentication`. With a key pair, `privateKeyJwt(key)` is safer: then the provider has no secret to lose.
 *
 * @example
 * ```ts
 * import express from "express";
 * import { auth } from "latchkey/express";
 * import { clientSecretJwt } from "latchkey/providers";
 *
 * const app = express();
 * app.use(auth({ clientAuthentication: clientSecretJwt(process.env.LATCHKEY_CLIENT_SECRET) }));
 * ```
 * @param secret the client's secret, of 32 bytes at least: it signs by HS256
 */
export function clientSecretJwt(
  secret: string | undefined,
  { audience = "issuer" }: { audience?: "issuer" | "endpoint" } = {},
): ClientAssertion {
  const hmac = { name: "HMAC", hash: "SHA-256" };
  return {
    check: () =>
      must(
        typeof secret === "string" && toBytes(secret).length >= MIN_BYTES,
        `clientSecretJwt: the secret must have ${MIN_BYTES} bytes at least`,
      ),
    async addTo(form, { issuer, clientId, endpoint }, { now, random }) {
      const iat = Math.floor(now() / 1000);
      const aud = { issuer, endpoint }[audience];
      const jti = toBase64url(random(16));
      const claims = { iss: clientId, sub: clientId, aud, jti, iat, nbf: iat, exp: iat + LIFETIME };
      const parts = [{ alg: "HS256", typ: "JWT" }, claims].map((part) => toBase64url(toBytes(JSON.stringify(part))));
      const text = parts.join(".");
      const key = await crypto.subtle.importKey("raw", toBytes(`${secret}`) as never, hmac, false, ["sign"]);
      const signature = new Uint8Array(await crypto.subtle.sign(hmac, key, toBytes(text) as never));
      form.set("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer");
      form.set("client_assertion", `${text}.${toBase64url(signature)}`);
    },
  };
}
