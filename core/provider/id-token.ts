import { calculatePKCECodeChallenge as sha256 } from "oauth4webapi";
import { ExchangeError } from "../errors.js";
import type { IdTokenClaims } from "../exchange/machine.js";
import type { Keys } from "./keys.js";

/** What an ID Token has to fit. */
export interface Expected {
  readonly issuer: string;
  readonly clientId: string;
  readonly algorithm: string;
  /** Milliseconds since the epoch. */
  readonly now: number;
  /** Seconds. */
  readonly tolerance: number;
  /** The access token that came with it. */
  readonly accessToken?: string | undefined;
}

/** Algorithms whose `at_hash` is made with SHA-256; for others that optional check is left out (Core 3.1.3.8). */
const SHA256_ALGORITHMS = new Set(["RS256", "PS256", "ES256"]);

/**
 * The claims of an ID Token: signature, algorithm, type, issuer, audience, times and subject (OpenID Connect Core
 * 3.1.3.7). oauth4webapi verifies no signature unless asked, and reads the real clock: so this is done here, once.
 * @throws ExchangeError `id_token_invalid`
 */
export async function verifyIdToken(token: string, keys: Keys, expected: Expected): Promise<IdTokenClaims> {
  const { protectedHeader, payload } = await keys.verify(token, expected.algorithm);
  const claims = parse(payload);
  const wrong =
    wrongHeader(protectedHeader.typ) ??
    wrongParties(claims, expected) ??
    wrongTimes(claims, expected) ??
    (await wrongHash(claims, expected));
  if (wrong) throw new ExchangeError("id_token_invalid", { cause: { claim: wrong } });
  return claims as IdTokenClaims;
}

type Claims = Readonly<Record<string, unknown>>;

function parse(payload: Uint8Array): Claims {
  try {
    return JSON.parse(new TextDecoder().decode(payload)) as Claims;
  } catch (cause) {
    throw new ExchangeError("id_token_invalid", { cause });
  }
}

/** RFC 8725 3.11: a token made for another purpose, such as a logout token, is not an ID Token. */
const wrongHeader = (typ: unknown): string | undefined =>
  typ === undefined || (typeof typ === "string" && typ.toUpperCase() === "JWT") ? undefined : "typ";

/** Who issued it, about whom, for whom: the name of the claim that is wrong. */
function wrongParties({ iss, sub, aud, azp }: Claims, { issuer, clientId }: Expected): string | undefined {
  if (iss !== issuer) return "iss";
  // Core 2: at most 255 ASCII characters.
  if (typeof sub !== "string" || sub === "" || sub.length > 255) return "sub";
  const audiences = Array.isArray(aud) ? aud : [aud];
  if (!audiences.includes(clientId)) return "aud";
  // Several audiences: somebody must be named, and it must be us.
  return azp === clientId || (azp === undefined && audiences.length === 1) ? undefined : "azp";
}

function wrongTimes({ exp, iat, nbf }: Claims, { now, tolerance }: Expected): string | undefined {
  const seconds = now / 1000;
  if (typeof exp !== "number" || seconds >= exp + tolerance) return "exp";
  if (typeof iat !== "number" || iat > seconds + tolerance) return "iat";
  return nbf === undefined || (typeof nbf === "number" && nbf <= seconds + tolerance) ? undefined : "nbf";
}

/** Core 3.1.3.8: the left half of the hash of the access token's ASCII, base64url. */
async function wrongHash({ at_hash: hash }: Claims, { accessToken, algorithm }: Expected): Promise<string | undefined> {
  if (hash === undefined || accessToken === undefined || !SHA256_ALGORITHMS.has(algorithm)) return undefined;
  // 16 bytes are 21 characters and two bits of the next, which the whole hash's own next character begins with.
  const whole = await sha256(accessToken);
  return typeof hash === "string" && hash.length === 22 && hash.slice(0, 21) === whole.slice(0, 21)
    ? undefined
    : "at_hash";
}
