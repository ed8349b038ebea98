import { toBase64url, toBytes } from "../bytes.js";
import type { Ports } from "../ports.js";
import type { ProviderSettings } from "./settings.js";

/** How the client authenticates to the provider (OpenID Connect Core 9). */
export type ClientAuthentication = "client_secret_basic" | "client_secret_post" | "private_key_jwt" | "none";

/** A private key to sign client assertions with, imported by the adapter. */
export interface ClientPrivateKey {
  readonly alg: string;
  readonly kid?: string | undefined;
  /** The signature of a text (RFC 7515 5.1, step 5). */
  sign(text: string): Promise<Uint8Array>;
}

/** What the client authenticates with. */
export interface ClientCredentials {
  readonly clientSecret?: string | undefined;
  /** For `private_key_jwt`. */
  readonly clientPrivateKey?: ClientPrivateKey | undefined;
  readonly clientAuthentication: ClientAuthentication;
}

/** Text in the encoding of forms (RFC 6749 appendix B). */
const formEncoded = (text: string): string => new URLSearchParams({ "": text }).toString().slice(1);

/** Authenticates the client in a request: adds to its form, or returns headers to add. */
export async function authenticate(
  {
    issuer,
    clientId,
    clientSecret = "",
    clientPrivateKey,
    clientAuthentication,
  }: ClientCredentials & Pick<ProviderSettings, "issuer" | "clientId">,
  { now, random }: Ports,
  form: URLSearchParams,
): Promise<Record<string, string>> {
  // RFC 6749 2.3.1
  if (clientAuthentication === "client_secret_basic") {
    return { authorization: `Basic ${btoa(`${formEncoded(clientId)}:${formEncoded(clientSecret)}`)}` };
  }
  form.set("client_id", clientId);
  if (clientAuthentication === "client_secret_post") form.set("client_secret", clientSecret);
  if (clientAuthentication === "private_key_jwt" && clientPrivateKey) {
    /** Seconds for which a client assertion is valid. */
    const ASSERTION_LIFETIME = 60;
    const { alg, kid, sign } = clientPrivateKey;
    const iat = Math.floor(now() / 1000);
    const jti = toBase64url(random(16));
    const claims = { iss: clientId, sub: clientId, aud: issuer, jti, iat, nbf: iat, exp: iat + ASSERTION_LIFETIME };
    const parts = [{ alg, kid, typ: "JWT" }, claims].map((part) => toBase64url(toBytes(JSON.stringify(part))));
    const text = parts.join(".");
    form.set("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer");
    form.set("client_assertion", `${text}.${toBase64url(await sign(text))}`);
  }
  return {};
}
