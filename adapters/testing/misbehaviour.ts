import type { ClaimFault, EndpointFaults } from "./faults.js";
import type { Claims } from "./tokens.js";

const HTML = "<!doctype html><title>Hello</title>";

/** Bytes; a valid response has a few thousand. */
const HUGE = 1_000_000;

/** The response that a transport fault makes, or a promise that rejects; undefined if the endpoint has no such fault. */
export function transportFault(faults: EndpointFaults, signal: AbortSignal): Promise<Response> | undefined {
  if (faults.commits("unreachable")) return Promise.reject(new TypeError("fetch failed"));
  if (faults.commits("slow")) return untilAborted(signal);
  const response = faultyResponse(faults);
  return response && Promise.resolve(response);
}

function faultyResponse(faults: EndpointFaults): Response | undefined {
  if (faults.commits("html")) return new Response(HTML, { headers: { "content-type": "text/html" } });
  if (faults.commits("huge_body")) return Response.json({ padding: "x".repeat(HUGE) });
  if (faults.commits("redirect")) return Response.redirect("https://elsewhere.example/", 302);
  const named = ([429, 500, 503] as const).find((code) => faults.commits(`status_${code}`));
  const status = named ?? faults.status();
  return status === undefined ? undefined : Response.json({}, { status });
}

const untilAborted = (signal: AbortSignal): Promise<never> =>
  new Promise((_resolve, reject) => signal.addEventListener("abort", () => reject(signal.reason), { once: true }));

/** The claims of an ID Token that each fault changes; `now` in seconds. */
const spoilers: Record<Exclude<ClaimFault, "other_subject_on_refresh">, (claims: Claims, now: number) => Claims> = {
  invalid_iss: ({ iss }) => ({ iss: `${iss}1` }),
  missing_iss: () => ({ iss: undefined }),
  invalid_aud: ({ aud }) => ({ aud: `${aud}1` }),
  missing_aud: () => ({ aud: undefined }),
  invalid_secondary_aud: ({ aud }) => ({ aud: [aud, "another-client"], azp: undefined }),
  other_azp: () => ({ azp: "another-client" }),
  missing_sub: () => ({ sub: undefined }),
  empty_sub: () => ({ sub: "" }),
  missing_iat: () => ({ iat: undefined }),
  future_iat: (_claims, now) => ({ iat: now + 86_400, exp: now + 90_000 }),
  missing_exp: () => ({ exp: undefined }),
  expired_id_token: (_claims, now) => ({ iat: now - 7200, exp: now - 3600 }),
  invalid_nonce: ({ nonce = "" }) => ({ nonce: `${nonce}1` }),
  missing_nonce: () => ({ nonce: undefined }),
  wrong_at_hash: ({ at_hash: hash }) => ({ at_hash: String(hash).split("").reverse().join("") }),
};

/** ID Token claims with the current faults; JSON leaves out claims that are undefined. `now` in seconds. */
export function spoilClaims(claims: Claims, faults: EndpointFaults, now: number, isRefresh: boolean): Claims {
  const result: Claims = { ...claims };
  for (const [fault, spoil] of Object.entries(spoilers)) {
    if (faults.commits(fault as ClaimFault)) Object.assign(result, spoil(claims, now));
  }
  if (isRefresh && faults.commits("other_subject_on_refresh")) result["sub"] = `${claims["sub"]}1`;
  return faults.rewrite(result);
}
