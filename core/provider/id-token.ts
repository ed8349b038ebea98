import { sha256, toText } from "../bytes.js";
import { ExchangeError, type ExchangeErrorCode } from "../errors.js";
import type { IdTokenClaims } from "../exchange/types.js";
import { checkTimes, firstWrong, type Members } from "./claims.js";
import { type VerifyingNetwork, verifySignature } from "./keys.js";
import type { Network } from "./network.js";
import type { ProviderSettings } from "./settings.js";

/**
 * The claims of an ID Token, after all checks of OpenID Connect Core 3.1.3.7 except those of one sign-in, such as its nonce.
 * `accessToken` came with it. `verify` verifies its signature.
 * @throws ExchangeError `id_token_invalid`; `provider_unreachable` or `provider_invalid` for the key set
 */
export async function verifyIdToken(
  client: VerifyingNetwork & ProviderSettings,
  { idToken, accessToken }: { readonly idToken: string; readonly accessToken: string },
  verify = verifySignature,
): Promise<IdTokenClaims> {
  try {
    const { payload, protectedHeader } = await verify(client, idToken, client.idTokenSigningAlg);
    const claims = JSON.parse(toText(payload));
    const accessTokenHash = await sha256(accessToken);
    const claim = firstWrong({
      ...checkMembers(client, claims, protectedHeader, accessTokenHash),
      // Awaited, because the members of a promise would refuse nothing.
      ...(await client.differences?.checkClaims?.(claims)),
    });
    if (claim) {
      const cause = { claim, value: claims[claim], now: Math.floor(client.now() / 1000) };
      throw new ExchangeError("id_token_invalid", { cause });
    }
    return claims;
  } catch (thrown) {
    throw invalidToken("id_token_invalid", thrown);
  }
}

/** The error of a token that could not be verified; an ExchangeError stays as it is. */
export function invalidToken(code: ExchangeErrorCode, thrown: unknown): ExchangeError {
  if (thrown instanceof ExchangeError) return thrown;
  const { name, code: reason, message } = thrown as Error & { code?: unknown };
  // The message of a SyntaxError quotes the JSON that was parsed, which may be a token. Other properties of the error may
  // hold a whole body.
  return new ExchangeError(code, {
    cause: { code: reason, message: name === "SyntaxError" ? "not JSON" : message },
  });
}

/** Checks the members of an ID Token: true for each that is right. */
function checkMembers(
  { issuer, clientId, clockTolerance, now }: Network & ProviderSettings,
  claims: Members,
  { typ, alg }: Members,
  accessTokenHash: string,
) {
  const { iss, sub, aud, azp, at_hash: hash } = claims;
  const audiences = [aud].flat();
  return {
    // RFC 8725 3.11: a token made for another purpose, such as a logout token, is not an ID Token.
    typ: typ === undefined || /^(application\/)?jwt$/i.test(`${typ}`),
    iss: iss === issuer,
    // Core 2: at most 255 characters.
    sub: typeof sub === "string" && sub !== "" && sub.length <= 255,
    aud: audiences.includes(clientId),
    azp: azp === undefined ? audiences.length === 1 : azp === clientId,
    ...checkTimes(claims, now() / 1000, clockTolerance),
    // Core 3.1.3.8, optional: the left half of the hash, for algorithms that go with SHA-256. Its 128 bits are 22 characters of base64url;
    // the last of these has bits of the other half in the whole hash, so 21 characters are compared.
    at_hash:
      typeof hash !== "string" || !`${alg}`.endsWith("256") || hash.slice(0, 21) === accessTokenHash.slice(0, 21),
  };
}
