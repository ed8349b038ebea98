import { JOSEError } from "jose/errors";
import { jwtVerify } from "jose/jwt/verify";
import { importJWK } from "jose/key/import";
import type { Claims } from "./tokens.js";

/** The one client that is registered at the provider. */
export interface RegisteredClient {
  readonly clientId: string;
  /** Empty for a public client. */
  readonly clientSecret: string;
  readonly publicKey?: Readonly<Claims> | undefined;
  /** The `aud` values that a client assertion may have (OpenID Connect Core 9). */
  readonly audiences: readonly string[];
  /** Milliseconds since the epoch. */
  now(): number;
}

/** Whether the form and the Authorization header of a request prove that it comes from the client. */
export type Authenticate = (form: URLSearchParams, authorization: string | null) => Promise<boolean>;

const ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/** Checks the method that the client is registered for: `client_secret_basic`, `client_secret_post`, `private_key_jwt` or `none`. */
export async function createAuthenticate(client: RegisteredClient): Promise<Authenticate> {
  const { clientId, clientSecret, publicKey } = client;
  if (publicKey) {
    const isAssertion = await createAssertionCheck(client, publicKey);
    return async (form, authorization) => authorization === null && isAssertion(form);
  }
  return async (form, authorization) => {
    const [posted, id] = [form.get("client_secret"), form.get("client_id")];
    if (authorization === null) return id === clientId && (posted ?? "") === clientSecret;
    // RFC 6749 2.3: a request must not use more than one method.
    if (posted !== null || (id !== null && id !== clientId)) return false;
    const pair = basicCredentials(authorization);
    return pair?.id === clientId && pair.secret === clientSecret;
  };
}

/** The client id and secret of a Basic header, each form-encoded (RFC 6749 2.3.1). Undefined for any other header. */
function basicCredentials(authorization: string): { id: string; secret: string } | undefined {
  const encoded = /^Basic +([A-Za-z0-9+/]+={0,2})$/i.exec(authorization)?.[1];
  if (encoded === undefined || encoded.replaceAll("=", "").length % 4 === 1) return undefined;
  const pair = atob(encoded);
  const colon = pair.indexOf(":");
  if (colon < 0) return undefined;
  const decode = (text: string) => new URLSearchParams(`v=${text.replaceAll("&", "%26")}`).get("v") ?? "";
  return { id: decode(pair.slice(0, colon)), secret: decode(pair.slice(colon + 1)) };
}

/** RFC 7523 3: the client signs the assertion about itself, for this provider, and uses it once. */
async function createAssertionCheck(client: RegisteredClient, publicKey: Readonly<Claims>) {
  const { clientId, audiences, now } = client;
  const alg = String(publicKey["alg"]);
  const key = await importJWK(publicKey, alg);
  const usedIds = new Set<unknown>();
  return async (form: URLSearchParams): Promise<boolean> => {
    if (form.get("client_assertion_type") !== ASSERTION_TYPE) return false;
    try {
      const { payload } = await jwtVerify(form.get("client_assertion") ?? "", key, {
        algorithms: [alg],
        issuer: clientId,
        subject: clientId,
        audience: [...audiences],
        currentDate: new Date(now()),
        requiredClaims: ["exp", "jti"],
      });
      if (usedIds.has(payload.jti)) return false;
      usedIds.add(payload.jti);
      return true;
    } catch (error) {
      if (error instanceof JOSEError) return false;
      throw error;
    }
  };
}
