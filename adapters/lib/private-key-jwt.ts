import { toBase64url, toBytes } from "../../core/bytes.js";
import { MisuseError, must } from "../../core/errors.js";
import { isObject } from "../../core/is-object.js";
import { curveOf, isAsymmetric, keyTypeOf, signatureParameters } from "../../core/provider/algorithms.js";
import type { ClientAssertion } from "../../core/provider/client-authentication.js";

/** Seconds for which an assertion is valid. */
const LIFETIME = 60;

/** The options of {@link privateKeyJwt}. */
export interface PrivateKeyJwtOptions {
  /**
   * Who the assertion is for: the provider, or the endpoint that the request goes to, for a provider that accepts no other (an assertion
   * for an issuer is of no use to another provider whose endpoints an attacker chose: draft-ietf-oauth-rfc7523bis). @default "issuer"
   */
  audience?: "issuer" | "endpoint";
}

/**
 * A key in the place of the client's secret, for the option `clientAuthentication`: the client authenticates by a JWT that it signs
 * (`private_key_jwt` of OpenID Connect Core 9, RFC 7523 2.2). The key is checked together with the options: `auth` and `createAuth`
 * throw a MisuseError (`invalid_config`), which says what is wrong with the key and quotes nothing of it.
 *
 * @example
 * ```ts
 * import express from "express";
 * import { auth, privateKeyJwt } from "latchkey/express";
 *
 * const app = express();
 * app.use(auth({ clientAuthentication: privateKeyJwt(process.env.CLIENT_KEY) }));
 * ```
 * @param key a private JWK, or the JSON of one. It must have `alg`, which must be asymmetric. It needs `kid` if the provider knows
 * several keys of the client, or the thumbprint of its certificate, `x5t#S256` or `x5t` (RFC 7517 4.8 and 4.9), if the provider knows that.
 */
export function privateKeyJwt(
  key: object | string | undefined,
  { audience = "issuer" }: PrivateKeyJwtOptions = {},
): ClientAssertion {
  let signer: Signer | undefined;
  const checked = (): Signer => {
    signer ??= createSigner(key);
    return signer;
  };
  return {
    check: () => void checked(),
    async addTo(form, { issuer, clientId, endpoint }, { now, random }) {
      const { header, sign } = checked();
      const iat = Math.floor(now() / 1000);
      const jti = toBase64url(random(16));
      const aud = { issuer, endpoint }[audience];
      const claims = { iss: clientId, sub: clientId, aud, jti, iat, nbf: iat, exp: iat + LIFETIME };
      const parts = [header, claims].map((part) => toBase64url(toBytes(JSON.stringify(part))));
      const text = parts.join(".");
      form.set("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer");
      form.set("client_assertion", `${text}.${toBase64url(await sign(text))}`);
    },
  };
}

/** A key that signs, and what a JWT that it signed says about it. */
interface Signer {
  readonly header: Readonly<Record<string, unknown>>;
  /** The signature of a text (RFC 7515 5.1, step 5). */
  sign(text: string): Promise<Uint8Array>;
}

/** @throws MisuseError (`invalid_config`) for anything but a private JWK with its asymmetric `alg`, or the JSON of one */
function createSigner(source: object | string | undefined): Signer {
  must(source, "privateKeyJwt: the key is missing");
  const jwk = typeof source === "string" ? parseJson(source) : source;
  must(isObject(jwk), "privateKeyJwt: the key must be a JWK, or the JSON of one");
  const { alg, kid, kty, crv, d, x5t, "x5t#S256": x5tS256 } = jwk;
  must(
    typeof alg === "string" && isAsymmetric(alg),
    "privateKeyJwt: the key must have an asymmetric alg, such as RS256, PS256, ES256 or EdDSA",
  );
  must(
    kty === keyTypeOf(alg) && crv === (curveOf(alg) ?? crv),
    `privateKeyJwt: kty and crv of the key must be those of ${alg}`,
  );
  must(typeof d === "string", "privateKeyJwt: the key must be private: d is missing");
  const parameters = signatureParameters(alg);
  // The key is kept, and never the promise of it: on Workers a promise belongs to the request that made it.
  let key: CryptoKey | undefined;
  return {
    header: { alg, kid, x5t, "x5t#S256": x5tS256, typ: "JWT" },
    async sign(text) {
      try {
        key ??= await crypto.subtle.importKey("jwk", jwk, parameters as never, false, ["sign"]);
      } catch (cause) {
        throw new MisuseError("invalid_config", "privateKeyJwt: the platform cannot sign with the key", { cause });
      }
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
