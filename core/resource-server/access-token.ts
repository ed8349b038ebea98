import { toText } from "../bytes.js";
import { ExchangeError } from "../errors.js";
import type { Ports } from "../ports.js";
import { discover } from "../provider/discovery.js";
import { verifyWithJose } from "../provider/jose.js";
import { verifySignature } from "../provider/keys.js";
import { type BoundedFetch, boundFetch, withPatience } from "../provider/transport.js";
import { sharedMap } from "../registry.js";
import { type AccessTokenRefusal, presentedToken } from "./bearer.js";

/** Which access tokens an API takes. */
export interface AccessTokenSettings {
  /** Exactly as the provider announces it. */
  readonly issuer: string;
  /** Names of the API: a token must be for one of them. */
  readonly audience: readonly string[];
  /** A token must have been granted all of them. */
  readonly scope: readonly string[];
  /** The one algorithm that access tokens may be signed with. */
  readonly signingAlg: string;
  /** Whether only those that say to be access tokens are taken (RFC 9068). */
  readonly profile: "rfc9068" | "any";
  /** Seconds by which the provider's clock may differ. */
  readonly clockTolerance: number;
  /** Seconds that a request to the provider may take. */
  readonly httpTimeout: number;
}

/** The claims of an access token. Those without a type of their own may be anything. */
export interface AccessTokenClaims {
  readonly iss: string;
  /** Whom it speaks for: a user, or a client by itself. */
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

/** What a check came to. */
type Verdict = { readonly access: VerifiedAccessToken } | { readonly refusal: AccessTokenRefusal };

type Members = Readonly<Record<string, unknown>>;

/**
 * Checks the Authorization header of a request for a protected resource (RFC 6750 2.1): that its access token is a JWT which
 * the provider signed for this API (RFC 9068 4, RFC 8725), that it is valid now, and that it was granted what is required.
 * Never throws for what is in the header, nor for what the provider does.
 */
export function createAccessTokenCheck(settings: AccessTokenSettings, ports: Ports) {
  const { issuer, httpTimeout, signingAlg, scope } = settings;
  const fetch = pausing(boundFetch(ports.fetch, httpTimeout, issuer), ports);

  return async (authorization: string | null | undefined): Promise<Verdict> => {
    const token = presentedToken(authorization);
    if (typeof token !== "string") return { refusal: token };
    // Whatever is no signed JWT costs the provider nothing.
    if (!/^([\w-]+\.){2}[\w-]+$/.test(token)) return invalid("format");
    let signed: Awaited<ReturnType<typeof verifySignature>>;
    try {
      const patient = withPatience(fetch);
      const { jwks_uri: uri } = await discover(issuer, ports, patient);
      signed = await verifySignature(token, signingAlg, uri, ports, patient, verifyWithJose);
    } catch (cause) {
      return cause instanceof ExchangeError
        ? { refusal: { code: "temporarily_unavailable", reason: cause.code, cause } }
        : invalid("signature", cause);
    }
    const claims = membersOf(signed.payload);
    if (!claims) return invalid("payload");
    const wrong = wrongMember(settings, claims, signed.protectedHeader, ports.now() / 1000);
    if (wrong) return invalid(wrong);
    const granted = grantedTo(claims);
    if (!scope.every((each) => granted.includes(each))) return { refusal: { code: "insufficient_scope" } };
    return { access: { token, claims: claims as AccessTokenClaims } };
  };
}

const invalid = (reason: string, cause?: unknown): Verdict => ({
  refusal: { code: "invalid_token", reason, ...(cause === undefined ? {} : { cause }) },
});

/** A JWT's claims; undefined where the payload is no JSON object (RFC 7519 7.2). */
function membersOf(payload: Uint8Array): Members | undefined {
  try {
    const value = JSON.parse(toText(payload));
    return typeof value === "object" && !Array.isArray(value) ? (value ?? undefined) : undefined;
  } catch {
    // A reason, not an error.
    return undefined;
  }
}

const isText = (value: unknown): boolean => typeof value === "string" && value !== "";

/** The name of the member that is wrong. Times are seconds since the epoch. */
function wrongMember(
  { issuer, audience, profile, clockTolerance }: AccessTokenSettings,
  { iss, sub, aud, exp, iat, nbf, jti, client_id: clientId, cnf, nonce, at_hash: hash }: Members,
  { typ = "jwt" }: Members,
  now: number,
): string | undefined {
  const latest = now + clockTolerance;
  const type = typeof typ === "string" && typ.toLowerCase().replace(/^application\//, "");
  const isTyped = type === "at+jwt";
  const holds = {
    // RFC 9068 4, RFC 8725 3.11: a token made for another purpose, such as a logout token, is not an access token.
    typ: isTyped || (profile === "any" && type === "jwt"),
    iss: iss === issuer,
    aud: [aud].flat().some((each) => audience.includes(each as string)),
    sub: isText(sub),
    // RFC 7519 4.1.4: over on the second that it names.
    exp: Number.isFinite(exp) && (exp as number) > now - clockTolerance,
    nbf: nbf === undefined || (Number.isFinite(nbf) && (nbf as number) <= latest),
    iat: (iat === undefined && !isTyped) || (Number.isFinite(iat) && (iat as number) <= latest),
    // RFC 9068 2.2.
    client_id: !isTyped || isText(clientId),
    jti: !isTyped || isText(jti),
    // RFC 9449 7.1, RFC 8705 3: it takes a proof to use it, which Bearer does not bring.
    cnf: cnf === undefined,
    // What OpenID Connect Core 2 and 3.1.3.6 put into ID Tokens, which have no type that would tell them apart.
    id_token: isTyped || (nonce === undefined && hash === undefined),
  };
  return Object.entries(holds).find(([, isRight]) => !isRight)?.[0];
}

/** RFC 9068 2.2.3: `scope`, separated by spaces; Okta and Entra say `scp`; some of both make it a list. */
const grantedTo = ({ scope, scp }: Members): readonly unknown[] =>
  [scope, scp].flat().flatMap((each) => (typeof each === "string" ? each.split(" ") : []));

/** A `fetch` that leaves alone for a second what has just failed: anybody can send tokens that ask for keys. */
function pausing(fetch: BoundedFetch, ports: Ports): BoundedFetch {
  const PAUSE = 1000;
  /** When they failed, by URL: as many as there are providers. */
  const failures = sharedMap<number>(ports.fetch, "failures");
  const cautious = async (url: string) => {
    const now = ports.now();
    const at = failures.get(url) ?? Number.NEGATIVE_INFINITY;
    if (now >= at && now - at < PAUSE)
      throw new ExchangeError("provider_unreachable", { cause: { url, failedAt: at } });
    let isRight = false;
    try {
      const response = await fetch(url);
      isRight = response.ok;
      return response;
    } finally {
      if (isRight) failures.delete(url);
      else failures.set(url, ports.now());
    }
  };
  return Object.assign(cautious, { timeout: fetch.timeout });
}
