import { toText } from "../bytes.js";
import { ExchangeError } from "../errors.js";
import { isObject } from "../is-object.js";
import type { Ports } from "../ports.js";
import { checkTimes, firstWrong, isText, type Members } from "../provider/claims.js";
import { verifyWithJose } from "../provider/jose.js";
import { verifySignature } from "../provider/keys.js";
import { createNetwork, type Network } from "../provider/network.js";
import { type AccessTokenRefusal, bearerToken } from "./bearer.js";

/** Which access tokens an API accepts. */
export interface AccessTokenSettings {
  /** Exactly as the provider announces it. */
  readonly issuer: string;
  /** Names of the API: a token must be for one of them. */
  readonly audience: readonly string[];
  /** Scopes that a token must have been granted, all of them. */
  readonly scope: readonly string[];
  /** The one algorithm that access tokens may be signed with. */
  readonly signingAlg: string;
  /** Whether the type of a token must be `at+jwt` (RFC 9068). */
  readonly profile: "rfc9068" | "any";
  /** Seconds by which the provider's clock may differ. */
  readonly clockTolerance: number;
  /** Seconds that a request to the provider may take. */
  readonly httpTimeout: number;
}

/** The claims of an access token. Claims without a type of their own may be any JSON value. */
export interface AccessTokenClaims {
  readonly iss: string;
  /** The user, or the client where a client calls the API for itself. */
  readonly sub: string;
  readonly aud: string | readonly string[];
  /** Seconds since the epoch. */
  readonly exp: number;
  readonly [claim: string]: unknown;
}

/** An access token that was verified. */
export interface VerifiedAccessToken {
  readonly token: string;
  readonly claims: AccessTokenClaims;
}

/** The result of a check. */
type Verdict = { readonly access: VerifiedAccessToken } | { readonly refusal: AccessTokenRefusal };

/** Checks the Authorization header of a request. */
export type AccessTokenCheck = (authorization: string | null | undefined) => Promise<Verdict>;

/**
 * Checks the Authorization header of a request for a protected resource (RFC 6750 2.1): its access token must be a JWT that the
 * provider signed for this API (RFC 9068 4, RFC 8725), must be valid now, and must have been granted the required scopes.
 * Never throws, whatever the header contains and whatever the provider does.
 */
export function createAccessTokenCheck(settings: AccessTokenSettings, ports: Ports): AccessTokenCheck {
  const network = { ...pausing(createNetwork(settings, ports)), verifyJws: verifyWithJose };

  return async (authorization) => {
    const token = bearerToken(authorization);
    if (typeof token !== "string") return { refusal: token };
    // Refused without a request to the provider, because any client can send such tokens.
    if (!/^([\w-]+\.){2}[\w-]+$/.test(token)) return invalid("format");
    let signed: Awaited<ReturnType<typeof verifySignature>>;
    try {
      signed = await verifySignature(network, token, settings.signingAlg);
    } catch (cause) {
      return cause instanceof ExchangeError
        ? { refusal: { code: "temporarily_unavailable", reason: cause.code, cause, advice: "issuer, network" } }
        : invalid("signature", cause);
    }
    const claims = claimsIn(signed.payload);
    if (!claims) return invalid("payload");
    const wrong = firstWrong(checkMembers(settings, claims, signed.protectedHeader, ports.now() / 1000));
    if (wrong) return invalid(wrong, { [wrong]: claims[wrong] });
    const granted = grantedScopes(claims);
    if (!settings.scope.every((name) => granted.includes(name))) return { refusal: { code: "insufficient_scope" } };
    return { access: { token, claims: claims as AccessTokenClaims } };
  };
}

/** What to check if this API refuses the tokens of a sign-in that works. */
const ADVICE: Readonly<Record<string, string>> = {
  // A provider issues opaque tokens, or tokens for userinfo, to a sign-in that names no API.
  format: "audience of the sign-in",
  aud: "audience",
  iss: "issuer",
  typ: "profile",
  iat: "clock, clockTolerance",
  nbf: "clock, clockTolerance",
  signature: "issuer, signingAlg",
};

const invalid = (reason: string, cause?: unknown): Verdict => ({
  refusal: { code: "invalid_token", reason, cause, advice: ADVICE[reason] },
});

/** The claims of a JWT; undefined when the payload is no JSON object (RFC 7519 7.2). */
function claimsIn(payload: Uint8Array): Members | undefined {
  try {
    const value = JSON.parse(toText(payload));
    return isObject(value) && !Array.isArray(value) ? value : undefined;
  } catch {
    // The caller refuses the token, with the reason `payload`.
    return undefined;
  }
}

/** Checks the members of an access token: true for each that is right. `now` in seconds. */
function checkMembers(settings: AccessTokenSettings, claims: Members, { typ = "jwt" }: Members, now: number) {
  const { issuer, audience, profile, clockTolerance } = settings;
  const type = typeof typ === "string" && typ.toLowerCase().replace(/^application\//, "");
  const isTyped = type === "at+jwt";
  const times = checkTimes(claims, now, clockTolerance);
  return {
    // RFC 9068 4, RFC 8725 3.11: a token made for another purpose, such as a logout token, is not an access token.
    typ: isTyped || (profile === "any" && type === "jwt"),
    iss: claims["iss"] === issuer,
    aud: [claims["aud"]].flat().some((name) => audience.includes(name as string)),
    sub: isText(claims["sub"]),
    ...times,
    iat: (claims["iat"] === undefined && !isTyped) || times.iat,
    // RFC 9068 2.2.
    client_id: !isTyped || isText(claims["client_id"]),
    jti: !isTyped || isText(claims["jti"]),
    // RFC 9449 7.1, RFC 8705 3: such a token needs a proof of possession, which a Bearer request does not have.
    cnf: claims["cnf"] === undefined,
    // OpenID Connect Core 2 and 3.1.3.6 put these claims into ID Tokens, which have no type of their own.
    id_token: isTyped || (claims["nonce"] === undefined && claims["at_hash"] === undefined),
  };
}

/** RFC 9068 2.2.3: `scope`, separated by spaces. Okta and Entra call it `scp`; some providers of both kinds make it a list. */
const grantedScopes = ({ scope, scp }: Members): readonly string[] =>
  [scope, scp].flat().flatMap((names) => (typeof names === "string" ? names.split(" ") : []));

/** A network that does not repeat a failed request within a second: any client can send tokens that need the keys. */
function pausing(network: Network): Network {
  /** Milliseconds. */
  const PAUSE = 1000;
  /** When the last request failed, by URL: two URLs for each provider. */
  const failures = network.shared<number>("failures");
  return {
    ...network,
    async fetch(url) {
      const failedAt = failures.get(url) ?? NaN;
      const age = network.now() - failedAt;
      if (age >= 0 && age < PAUSE) throw new ExchangeError("provider_unreachable", { cause: { url, failedAt } });
      let isOk = false;
      try {
        const response = await network.fetch(url);
        isOk = response.status < 300;
        return response;
      } finally {
        if (isOk) failures.delete(url);
        else failures.set(url, network.now());
      }
    },
  };
}
