import { sha256, toText } from "../bytes.js";
import { ExchangeError } from "../errors.js";
import type { IdTokenClaims } from "../exchange/machine.js";
import type { Ports } from "../ports.js";
import { asExchangeError } from "./failures.js";
import { type Verify, verifySignature } from "./keys.js";
import type { ProviderSettings } from "./provider.js";
import type { BoundedFetch } from "./transport.js";

type Members = Readonly<Record<string, unknown>>;

/**
 * The claims of an ID Token, once all of OpenID Connect Core 3.1.3.7 but what concerns one sign-in alone was checked.
 * @throws ExchangeError `id_token_invalid`
 */
export const verifyIdToken = (
  settings: ProviderSettings,
  keysUri: unknown,
  ports: Ports,
  fetch: BoundedFetch,
  verify: Verify,
  { idToken, accessToken }: { idToken: string; accessToken: string },
): Promise<IdTokenClaims> =>
  asExchangeError("id_token_invalid", async () => {
    const { payload, protectedHeader } = await verifySignature(
      idToken,
      settings.idTokenSigningAlg,
      keysUri,
      ports,
      fetch,
      verify,
    );
    const claims = JSON.parse(toText(payload));
    const wrong = wrongMember(settings, claims, protectedHeader, ports.now() / 1000, await sha256(accessToken));
    if (wrong) throw new ExchangeError("id_token_invalid", { cause: { claim: wrong } });
    return claims;
  });

/** The name of the member that is wrong. Times are seconds since the epoch. */
function wrongMember(
  { issuer, clientId, clockTolerance }: ProviderSettings,
  { iss, sub, aud, azp, exp, iat, nbf, at_hash: hash }: Members,
  { typ, alg }: Members,
  now: number,
  accessTokenHash: string,
): string | undefined {
  const audiences = [aud].flat();
  const latest = now + clockTolerance;
  const holds = {
    // RFC 8725 3.11: a token made for another purpose, such as a logout token, is not an ID Token.
    typ: typ === undefined || /^(application\/)?jwt$/i.test(`${typ}`),
    iss: iss === issuer,
    // Core 2: at most 255 characters.
    sub: typeof sub === "string" && sub !== "" && sub.length <= 255,
    aud: audiences.includes(clientId),
    azp: azp === undefined ? audiences.length === 1 : azp === clientId,
    exp: Number(exp) === exp && exp > now - clockTolerance,
    iat: Number(iat) === iat && iat <= latest,
    nbf: nbf === undefined || (Number(nbf) === nbf && nbf <= latest),
    // Core 3.1.3.8, optional: the left half of the hash, for algorithms that go with SHA-256; 126 of its bits are compared.
    at_hash:
      typeof hash !== "string" || !`${alg}`.endsWith("256") || hash.slice(0, 21) === accessTokenHash.slice(0, 21),
  };
  return Object.entries(holds).find(([, isRight]) => !isRight)?.[0];
}
