import type { Claims } from "./tokens.js";

/** Where a provider is asked. */
export type Endpoint = "discovery" | "jwks" | "authorize" | "par" | "token" | "userinfo" | "revocation" | "end_session";

/** What is wrong with every ID Token from now on. */
export type IdTokenFault =
  | "invalid_iss"
  | "invalid_aud"
  | "missing_sub"
  | "empty_sub"
  | "missing_iat"
  | "future_iat"
  | "expired_id_token"
  | "invalid_nonce"
  | "missing_nonce"
  | "other_azp"
  | "wrong_at_hash"
  | "alg_none"
  | "alg_hs256"
  | "invalid_signature"
  | "logout_typ"
  | "kid_absent"
  | "unknown_kid"
  | "other_subject_on_refresh";

/** How an endpoint answers, if it answers at all: `slow` waits until the request is given up. */
export type TransportFault =
  | "unreachable"
  | "slow"
  | "html"
  | "huge_body"
  | "status_429"
  | "status_500"
  | "status_503"
  | "redirect";

/** What is wrong with an answer that is otherwise in order. */
export type ProtocolFault =
  | "no_id_token"
  | "no_expires_in"
  | "other_token_type"
  | "invalid_grant"
  | "invalid_client"
  | "wrong_issuer_in_discovery"
  | "wrong_iss_in_response"
  | "missing_iss_in_response"
  | "userinfo_of_another_subject";

/** Something that a provider can be told to do wrong. */
export type Fault = IdTokenFault | TransportFault | ProtocolFault;

/** What a transport fault makes of a request; undefined for faults of other kinds. */
export function answerBadly(fault: Fault, signal: AbortSignal | undefined): Promise<Response> | undefined {
  switch (fault) {
    case "unreachable":
      return Promise.reject(new TypeError("fetch failed"));
    case "slow":
      return new Promise((_resolve, reject) => signal?.addEventListener("abort", () => reject(signal.reason)));
    case "html":
      return Promise.resolve(
        new Response("<!doctype html><title>Hello</title>", { headers: { "content-type": "text/html" } }),
      );
    case "huge_body":
      return Promise.resolve(new Response("x".repeat(1_000_000), { headers: { "content-type": "application/json" } }));
    case "redirect":
      return Promise.resolve(new Response(null, { status: 302, headers: { location: "https://elsewhere.example/" } }));
    case "status_429":
    case "status_500":
    case "status_503":
      return Promise.resolve(new Response("{}", { status: Number(fault.slice(7)) }));
    default:
      return undefined;
  }
}

/** ID Token claims with the faults of the moment. `seconds` is now. */
export function spoilClaims(claims: Claims, faults: ReadonlySet<Fault>, seconds: number, isRefresh: boolean): Claims {
  const spoiled: Claims = { ...claims };
  const wrong: Partial<Record<Fault, () => void>> = {
    invalid_iss: () => Object.assign(spoiled, { iss: `${claims["iss"]}1` }),
    invalid_aud: () => Object.assign(spoiled, { aud: `${claims["aud"]}1` }),
    missing_sub: () => delete spoiled["sub"],
    empty_sub: () => Object.assign(spoiled, { sub: "" }),
    missing_iat: () => delete spoiled["iat"],
    future_iat: () => Object.assign(spoiled, { iat: seconds + 86_400 }),
    expired_id_token: () => Object.assign(spoiled, { iat: seconds - 7200, exp: seconds - 3600 }),
    invalid_nonce: () => Object.assign(spoiled, { nonce: `${claims["nonce"]}1` }),
    missing_nonce: () => delete spoiled["nonce"],
    other_azp: () => Object.assign(spoiled, { azp: "another-client" }),
    wrong_at_hash: () => Object.assign(spoiled, { at_hash: "AAAAAAAAAAAAAAAAAAAAAA" }),
    other_subject_on_refresh: () => isRefresh && Object.assign(spoiled, { sub: "mallory" }),
  };
  for (const fault of faults) wrong[fault]?.();
  return spoiled;
}
