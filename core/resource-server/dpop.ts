import { decodeProtectedHeader } from "jose/decode/protected_header";
import { sha256, toText } from "../bytes.js";
import { ExchangeError } from "../errors.js";
import { isObject } from "../is-object.js";
import type { Ports } from "../ports.js";
import { firstWrong, isText, type Members } from "../provider/claims.js";
import { verifyJws } from "../provider/jose.js";
import { fits } from "../provider/keys.js";
import type { AccessTokenRequest, ProofOfPossession, VerifiedAccessToken } from "./access-token.js";
import { bearerToken } from "./bearer.js";
import { type Refused, unavailable } from "./refusal.js";

/** Which DPoP proofs an API takes. */
export interface DpopSettings {
  /** The public URLs of the API: origins, with the path that a proxy takes off. */
  readonly baseUrls: readonly URL[];
  /** Algorithms of proofs. */
  readonly algs: readonly string[];
  /** Seconds for which a proof is taken. */
  readonly maxAge: number;
  /** Whether tokens that are bound to no key are taken with the scheme Bearer. */
  readonly bearer: boolean;
  /** Whether this is the first use of a name; the use is remembered for `forMs`. @throws ExchangeError */
  isFirstUse(name: string, forMs: number, ports: Pick<Ports, "now" | "random">): Promise<boolean>;
  /** The nonces of the API; undefined if proofs need none. */
  readonly nonces?: ProofNonces | undefined;
}

/** Nonces that an API issues (RFC 9449 9). `now` in milliseconds. */
export interface ProofNonces {
  issue(now: number): Promise<string>;
  isValid(nonce: unknown, now: number): Promise<boolean>;
}

type Context = Parameters<ProofOfPossession["check"]>[2];

/** Characters of a proof that are read: it holds a public key and some claims. */
const MAX_LENGTH = 8_192;

/** Members of a private key, or of a secret (RFC 7518 6). */
const PRIVATE = ["d", "p", "q", "dp", "dq", "qi", "oth", "k"];

/**
 * Checks that the client of a request has the private key that its access token is bound to (RFC 9449 7.1).
 *
 * Theory of operation. The token is verified first, so that only clients with a valid token reach the checks of the proof. The proof is
 * checked by value, in the order of RFC 9449 4.3; its `jti` is spent last, so that a proof that fails costs no memory. A token with a
 * `cnf` is never taken with the scheme Bearer (7.2), and one without never with the scheme DPoP.
 */
export function createDpop(settings: DpopSettings): ProofOfPossession {
  const { algs, bearer } = settings;
  return {
    tokenIn(authorization) {
      if (/^dpop(?![!-+\--~])/i.test(authorization ?? "")) return bearerToken(`Bearer${authorization?.slice(4)}`);
      const token = bearerToken(authorization);
      return bearer || typeof token !== "string" ? token : { code: "no_token" };
    },
    async check(request, access, context) {
      const { cnf } = access.claims;
      const isProof = /^dpop/i.test(request.authorization ?? "");
      if (!isProof) return cnf === undefined ? undefined : wrongToken(cnf);
      // A token that is bound to a certificate too (RFC 8705 3.1) needs a proof that this request does not have.
      const { jkt, ...others } = (isObject(cnf) ? cnf : {}) as Members;
      if (!isText(jkt) || Object.keys(others).length > 0) return wrongToken(cnf);
      return checkProof(settings, request, { ...access, jkt }, context);
    },
    challenge(parameters, code) {
      const dpop = `DPoP ${parameters}, algs="${algs.join(" ")}"`;
      return bearer && !/dpop/.test(code) ? `Bearer ${parameters}, ${dpop}` : dpop;
    },
  };
}

const wrongToken = (cnf: unknown): Refused => ({
  refusal: { code: "invalid_token", reason: "cnf", cause: { cnf } },
});

const wrongProof = (reason: string, cause?: unknown, advice?: string): Refused => ({
  refusal: { code: "invalid_dpop_proof", reason, cause, advice },
});

/** What to check if proofs of good clients are refused. */
const ADVICE: Readonly<Record<string, string>> = {
  htu: "baseUrl of dpop",
  alg: "algs of dpop",
  iat: "clock, clockTolerance, maxAge of dpop",
};

async function checkProof(
  settings: DpopSettings,
  request: AccessTokenRequest,
  access: VerifiedAccessToken & { readonly jkt: string },
  context: Context,
): Promise<Refused | undefined> {
  const { proof } = request;
  // RFC 9449 4.3: one header. Several are joined by commas, which no JWT has.
  if (typeof proof !== "string" || proof.length > MAX_LENGTH || !/^([\w-]+\.){2}[\w-]+$/.test(proof))
    return wrongProof("format");
  const opened = await openProof(proof, settings.algs);
  if ("refusal" in opened) return opened;
  const { claims, thumbprint } = opened;
  const { nonces, maxAge } = settings;
  const now = context.now();
  const wrong = firstWrong({
    ...checkClaims(settings, request, claims, now / 1000, context.clockTolerance),
    ath: claims["ath"] === (await sha256(access.token)),
  });
  if (wrong) return wrongProof(wrong, { [wrong]: claims[wrong] }, ADVICE[wrong]);
  if (thumbprint !== access.jkt) return wrongToken({ jkt: thumbprint });
  if (nonces && !(await nonces.isValid(claims["nonce"], now)))
    return { refusal: { code: "use_dpop_nonce" }, headers: { "dpop-nonce": await nonces.issue(now) } };
  const forMs = ((claims["iat"] as number) + maxAge + context.clockTolerance) * 1000 - now;
  try {
    const isFirst = await settings.isFirstUse(await sha256(`${thumbprint} ${claims["jti"]}`), forMs + 1000, context);
    return isFirst ? undefined : wrongProof("jti");
  } catch (cause) {
    if (!(cause instanceof ExchangeError)) throw cause;
    return unavailable(cause, "store of dpop");
  }
}

/** Opens a proof: verifies its signature with the key that it holds (RFC 9449 4.2, 4.3). */
async function openProof(
  proof: string,
  algs: readonly string[],
): Promise<{ readonly claims: Members; readonly thumbprint: string } | Refused> {
  try {
    const { typ, alg, jwk } = decodeProtectedHeader(proof) as Members;
    if (typ !== "dpop+jwt") return wrongProof("typ", { typ });
    if (!isText(alg) || !algs.includes(alg)) return wrongProof("alg", { alg }, ADVICE["alg"]);
    const members = isPublicKey(jwk, alg) && thumbprintMembers(jwk);
    // Without its value: a client that sends its private key must not find the key in a log.
    if (!members) return wrongProof("jwk");
    const { payload } = await verifyJws(proof, alg, () => jwk);
    const claims: unknown = JSON.parse(toText(payload));
    return isObject(claims) ? { claims, thumbprint: await sha256(members) } : wrongProof("payload");
  } catch (cause) {
    return wrongProof("signature", cause);
  }
}

const isPublicKey = (jwk: unknown, alg: string): jwk is Members =>
  isObject(jwk) && !PRIVATE.some((name) => name in jwk) && fits(alg, undefined)(jwk);

/** What the thumbprint of a key is the hash of (RFC 7638 3): the required members in the order of their names. */
function thumbprintMembers({ kty, crv, e, n, x, y }: Members): string | undefined {
  const members = kty === "RSA" ? { e, kty, n } : kty === "EC" ? { crv, kty, x, y } : { crv, kty, x };
  return Object.values(members).every(isText) ? JSON.stringify(members) : undefined;
}

/** Checks the claims of a proof that are about the request (RFC 9449 4.3): true for each that is right. `now` in seconds. */
const checkClaims = (
  { baseUrls, maxAge }: DpopSettings,
  { method, url }: AccessTokenRequest,
  { htm, htu, iat, jti }: Members,
  now: number,
  tolerance: number,
) => ({
  htm: htm === method,
  htu: baseUrls.map((base) => normalUrl(publicUrl(base, url))).includes(isText(htu) ? (normalUrl(htu) ?? "") : ""),
  iat: typeof iat === "number" && iat <= now + tolerance && iat > now - maxAge - tolerance,
  jti: isText(jti),
});

/** The URL of a request as its client sees it: under the base URL, whose path a proxy may have taken off. */
function publicUrl({ origin, pathname }: URL, url: string): string {
  const path = url.replace(/^https?:\/\/[^/?#]*/i, "");
  const base = pathname.replace(/\/$/, "");
  return origin + (`${path}/`.startsWith(`${base}/`) ? path : base + path);
}

/**
 * A URL without query and fragment, in its normal form (RFC 9449 4.3, RFC 3986 6.2.2 and 6.2.3). Undefined for text that is no URL, or
 * has a user.
 */
function normalUrl(text: string): string | undefined {
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    // No URL: the caller refuses the proof.
    return undefined;
  }
  const { origin, pathname, username, password } = url;
  if (username || password) return undefined;
  const path = pathname.replace(/%[\da-f]{2}/gi, (encoded) => {
    const character = String.fromCharCode(Number.parseInt(encoded.slice(1), 16));
    return /[\w.~-]/.test(character) ? character : encoded.toUpperCase();
  });
  return origin + path;
}
