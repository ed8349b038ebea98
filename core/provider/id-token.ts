import {
  type AuthorizationServer,
  getValidatedIdTokenClaims,
  KEY_SELECTION,
  processGenericTokenEndpointResponse,
  calculatePKCECodeChallenge as sha256,
  validateApplicationLevelSignature,
} from "oauth4webapi";
import { ExchangeError } from "../errors.js";
import type { IdTokenClaims } from "../exchange/machine.js";
import type { Ports } from "../ports.js";
import { sharedMap } from "../registry.js";
import { type Access, renewMetadata, requestOptions } from "./discovery.js";
import { asExchangeError } from "./failures.js";

/** Milliseconds between two fetches of a key set that did not have the key. */
const COOLDOWN = 5_000;

/**
 * The claims of an ID Token (OpenID Connect Core 3.1.3.7): the library checks algorithm, issuer, audience and times, and,
 * since it is asked to, the signature; what it leaves open is checked here.
 * @throws ExchangeError `id_token_invalid`
 */
export function verifyIdToken(
  { as, client, fetch, tolerance }: Access,
  ports: Ports,
  idToken: string,
  accessToken: string,
): Promise<IdTokenClaims> {
  return asExchangeError("id_token_invalid", async () => {
    const response = Response.json({ access_token: accessToken, token_type: "bearer", id_token: idToken });
    const claims = getValidatedIdTokenClaims(await processGenericTokenEndpointResponse(as, client, response));
    await verifySignature(as, ports, (issuer) =>
      validateApplicationLevelSignature(issuer, response, requestOptions(fetch)),
    );
    const wrong =
      claims &&
      (await openQuestions(claims, headerOf(idToken), client.client_id, ports.now() / 1000 + tolerance, accessToken));
    if (wrong !== undefined) throw new ExchangeError("id_token_invalid", { cause: { claim: wrong } });
    return claims as IdTokenClaims;
  });
}

/** A key we do not know may be a new one: the keys are asked for again, once, and not for every token that claims so. */
async function verifySignature(
  as: AuthorizationServer,
  ports: Ports,
  verify: (as: AuthorizationServer) => Promise<void>,
): Promise<void> {
  try {
    await verify(as);
  } catch (error) {
    const refetched = sharedMap<number>(ports.fetch, "keys refetched");
    const now = ports.now();
    const isUnknownKey = (error as { code?: unknown }).code === KEY_SELECTION;
    if (!isUnknownKey || now - (refetched.get(as.issuer) ?? -COOLDOWN) < COOLDOWN) throw error;
    refetched.set(as.issuer, now);
    // The library keeps keys by the metadata object: a copy has none yet.
    await verify(renewMetadata(as, ports));
  }
}

/** What the library accepts and we do not: the name of the member that is wrong. */
async function openQuestions(
  { sub, aud, azp, iat, at_hash: hash }: Readonly<Record<string, unknown>>,
  { typ, alg }: Readonly<Record<string, unknown>>,
  clientId: string,
  latest: number,
  accessToken: string,
): Promise<string | undefined> {
  // RFC 8725 3.11: a token made for another purpose, such as a logout token, is not an ID Token.
  if (typ !== undefined && String(typ).toUpperCase() !== "JWT") return "typ";
  // Core 2: a subject has at most 255 characters.
  if (sub === "" || String(sub).length > 255) return "sub";
  if (azp === undefined ? Array.isArray(aud) && aud.length > 1 : azp !== clientId) return "azp";
  if ((iat as number) > latest) return "iat";
  // Core 3.1.3.8, optional: the left half of the hash, for algorithms that go with SHA-256; 126 of its bits are compared.
  const checked = typeof hash === "string" && String(alg).endsWith("256");
  return checked && hash.slice(0, 21) !== (await sha256(accessToken)).slice(0, 21) ? "at_hash" : undefined;
}

const headerOf = (token: string): Readonly<Record<string, unknown>> =>
  JSON.parse(atob((token.split(".", 1)[0] ?? "").replaceAll("-", "+").replaceAll("_", "/")));
