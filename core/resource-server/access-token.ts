import { decode } from "jose/base64url";
import { toText } from "../bytes.js";
import { ExchangeError } from "../errors.js";
import { isObject } from "../is-object.js";
import type { Ports } from "../ports.js";
import { checkTimes, firstWrong, isText, type Members } from "../provider/claims.js";
import type { ProviderDifferences } from "../provider/differences.js";
import { verifyJws } from "../provider/jose.js";
import { type VerifyingNetwork, verifySignature } from "../provider/keys.js";
import { createNetwork } from "../provider/network.js";
import { missingClaim, type RequiredClaims } from "../required-claims.js";
import { bearerToken } from "./bearer.js";
import { pausing } from "./pausing.js";
import {
  type AccessTokenRefusal,
  type AccessTokenRefusalCode,
  type ChallengeSettings,
  type Refused,
  unavailable,
} from "./refusal.js";

/** A provider whose tokens an API accepts. */
export interface TrustedIssuer {
  /** Exactly as the provider announces it. */
  readonly issuer: string;
  /** Names of the API: a token must be for one of them. */
  readonly audience: readonly string[];
  /** Clients whose tokens may lack `aud`. */
  readonly clientIds: readonly unknown[];
  /** The one algorithm that access tokens may be signed with. */
  readonly signingAlg: string;
  /** Whether the type of a token must be `at+jwt` (RFC 9068). */
  readonly profile: "rfc9068" | "any";
  /** Asks the provider about tokens that are no JWT. */
  readonly introspection?: TokenIntrospection | undefined;
  /** Where the provider's documents are, if not where its issuer says. */
  readonly differences?: ProviderDifferences | undefined;
}

/** Which access tokens an API accepts. */
export interface AccessTokenSettings extends ChallengeSettings {
  readonly issuers: readonly TrustedIssuer[];
  readonly claims: RequiredClaims;
  /** Takes tokens that are bound to a key, with a proof of the key. */
  readonly dpop?: ProofOfPossession | undefined;
  /** How the user must have authenticated. */
  readonly stepUp?: AuthenticationRequirement | undefined;
  /** Seconds by which the provider's clock may differ. */
  readonly clockTolerance: number;
  /** Seconds that a request to the provider may take. */
  readonly httpTimeout: number;
}

/** The parts of a request by which an API decides. */
export interface AccessTokenRequest {
  readonly method: string;
  /** Absolute, or from the path on. */
  readonly url: string;
  /** The Authorization header; several are joined by commas. */
  readonly authorization: string | null | undefined;
  /** The DPoP header; several are joined by commas. */
  readonly proof: string | readonly string[] | null | undefined;
}

/** The claims of an access token. Claims without a type of their own may be any JSON value. */
export interface AccessTokenClaims {
  readonly iss: string;
  /** The user, or the client where a client calls the API for itself. */
  readonly sub: string;
  /** Absent from tokens that were accepted without it: see `clientIds`, and `mayLack` of `introspection`. */
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

/** Claims that the provider vouches for, and what they are checked against. */
export interface VerifiedClaims {
  readonly claims: Members;
  /** The protected header of a JWT. */
  readonly header: Members;
  readonly trusted: Omit<TrustedIssuer, "introspection">;
}

/** Asks the provider whether a token is active. */
export interface TokenIntrospection {
  /** The claims of an active token, or why the token is not accepted. */
  check(
    token: string,
    trusted: TrustedIssuer & Pick<AccessTokenSettings, "httpTimeout">,
    ports: Ports,
  ): Promise<VerifiedClaims | Refused>;
}

/** Reads tokens of the scheme DPoP, and checks the proofs of requests. */
export interface ProofOfPossession {
  tokenIn(authorization: string | null | undefined): string | AccessTokenRefusal;
  /** Undefined if the request proves that its client has the key of the token. */
  check(
    request: AccessTokenRequest,
    access: VerifiedAccessToken,
    context: Pick<AccessTokenSettings, "clockTolerance"> & Pick<Ports, "now" | "random">,
  ): Promise<Refused | undefined>;
  challenge(parameters: string, code: AccessTokenRefusalCode): string;
}

/** Checks how and when the user authenticated (RFC 9470). `now` and `tolerance` in seconds. */
export interface AuthenticationRequirement {
  check(claims: Members, now: number, tolerance: number): Refused | undefined;
}

/** The result of a check. */
type Verdict = { readonly access: VerifiedAccessToken } | Refused;

/** Checks a request for a protected resource. */
export type AccessTokenCheck = (request: AccessTokenRequest) => Promise<Verdict>;

/**
 * Checks a request for a protected resource (RFC 6750 2.1): its access token must be a JWT that a trusted provider signed for this API
 * (RFC 9068 4, RFC 8725), or one that the provider calls active (RFC 7662); must be valid now, and must have the required scopes and
 * claims. Never throws, whatever the headers contain and whatever the provider does.
 */
export function createAccessTokenCheck(settings: AccessTokenSettings, ports: Ports): AccessTokenCheck {
  const { dpop } = settings;
  const verifyToken = createTokenVerifier(settings, ports);
  return async (request) => {
    const token = (dpop?.tokenIn ?? bearerToken)(request.authorization);
    if (typeof token !== "string") return { refusal: token };
    const verified = await verifyToken(token);
    if ("refusal" in verified) return verified;
    const { claims } = verified;
    const wrong = firstWrong(checkMembers(settings, verified, ports.now() / 1000));
    if (wrong) return wrongClaim(wrong, claims);
    const access = { token, claims: claims as AccessTokenClaims };
    return (
      (await dpop?.check(request, access, { ...ports, ...settings })) ?? lacking(settings, claims, ports) ?? { access }
    );
  };
}

/** Verifies that a trusted provider issued a token. */
function createTokenVerifier({ issuers, httpTimeout }: AccessTokenSettings, ports: Ports) {
  const networks = issuers.map((trusted): [trusted: TrustedIssuer, network: VerifyingNetwork] => {
    const network = createNetwork({ ...trusted, httpTimeout }, ports);
    return [trusted, { ...pausing(network), verifyJws }];
  });

  return async (token: string): Promise<VerifiedClaims | Refused> => {
    const [, payload] = /^[\w-]+\.([\w-]+)\.[\w-]+$/.exec(token) ?? [];
    const unverified = payload && claimsIn(payload);
    // Any client can send such tokens: those that no trusted provider can have made are refused without a request to one.
    const [trusted, network] =
      networks.find(([{ issuer, introspection }]) => (unverified ? unverified["iss"] === issuer : introspection)) ?? [];
    if (!trusted || !network)
      return unverified ? wrongClaim("iss", unverified) : invalid(payload ? "payload" : "format");
    if (!unverified)
      return trusted.introspection?.check(token, { ...trusted, httpTimeout }, ports) ?? invalid("format");
    try {
      const signed = await verifySignature(network, token, trusted.signingAlg);
      return { claims: claimsIn(signed.payload) ?? {}, header: signed.protectedHeader, trusted };
    } catch (cause) {
      return cause instanceof ExchangeError ? unavailable(cause, "issuer, network") : invalid("signature", cause);
    }
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

const invalid = (reason: string, cause?: unknown): Refused => ({
  refusal: { code: "invalid_token", reason, cause, advice: ADVICE[reason] },
});

const wrongClaim = (name: string, claims: Members): Refused => invalid(name, { [name]: claims[name] });

/** The claims of a JWT; undefined when the payload is no JSON object (RFC 7519 7.2). */
function claimsIn(payload: string | Uint8Array): Members | undefined {
  try {
    const value = JSON.parse(toText(typeof payload === "string" ? decode(payload) : payload));
    return isObject(value) && !Array.isArray(value) ? value : undefined;
  } catch {
    // The caller refuses the token, with the reason `payload`.
    return undefined;
  }
}

/** Checks the members of an access token: true for each that is right. `now` in seconds. */
function checkMembers(
  { dpop, clockTolerance }: AccessTokenSettings,
  { claims, header: { typ = "jwt" }, trusted }: VerifiedClaims,
  now: number,
) {
  const { aud, client_id: clientId } = claims;
  const type = typeof typ === "string" && typ.toLowerCase().replace(/^application\//, "");
  const isTyped = type === "at+jwt";
  const times = checkTimes(claims, now, clockTolerance);
  return {
    // RFC 9068 4, RFC 8725 3.11: a token made for another purpose, such as a logout token, is not an access token.
    typ: isTyped || (trusted.profile === "any" && type === "jwt"),
    iss: claims["iss"] === trusted.issuer,
    aud:
      aud === undefined
        ? trusted.clientIds.includes(clientId)
        : [aud].flat().some((name) => trusted.audience.includes(name as string)),
    sub: isText(claims["sub"]),
    ...times,
    iat: (claims["iat"] === undefined && !isTyped) || times.iat,
    // RFC 9068 2.2.
    client_id: !isTyped || isText(clientId),
    jti: !isTyped || isText(claims["jti"]),
    // RFC 9449 7.1, RFC 8705 3: such a token needs a proof of possession, which a Bearer request does not have.
    cnf: dpop !== undefined || claims["cnf"] === undefined,
    // OpenID Connect Core 2 and 3.1.3.6 put these claims into ID Tokens, which have no type of their own.
    id_token: isTyped || (claims["nonce"] === undefined && claims["at_hash"] === undefined),
  };
}

/** Whether a valid token lacks what the API requires. */
function lacking(
  { scope, claims: required, stepUp, clockTolerance }: AccessTokenSettings,
  claims: Members,
  { now }: Ports,
): Refused | undefined {
  const granted = grantedScopes(claims);
  const reason = missingClaim(claims, required);
  if (reason || !scope.every((name) => granted.includes(name)))
    return { refusal: { code: "insufficient_scope", ...(reason && { reason }) } };
  return stepUp?.check(claims, now() / 1000, clockTolerance);
}

/** RFC 9068 2.2.3: `scope`, separated by spaces. Okta and Entra call it `scp`; some providers of both kinds make it a list. */
const grantedScopes = ({ scope, scp }: Members): readonly string[] =>
  [scope, scp].flat().flatMap((names) => (typeof names === "string" ? names.split(" ") : []));
