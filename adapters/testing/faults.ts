/** The endpoints of the provider. */
export type Endpoint = "discovery" | "jwks" | "authorize" | "par" | "token" | "userinfo" | "revocation" | "end_session";

/** A fault of the claims of an ID Token. */
export type ClaimFault =
  | "invalid_iss"
  | "missing_iss"
  | "invalid_aud"
  | "missing_aud"
  | "invalid_secondary_aud"
  | "other_azp"
  | "missing_sub"
  | "empty_sub"
  | "other_subject_on_refresh"
  | "missing_iat"
  | "future_iat"
  | "missing_exp"
  | "expired_id_token"
  | "invalid_nonce"
  | "missing_nonce"
  | "wrong_at_hash";

/** A fault of the header or the signature of an ID Token. */
export type SignatureFault =
  | "alg_none"
  | "alg_hs256"
  | "other_alg"
  | "invalid_signature"
  | "logout_typ"
  | "kid_absent"
  | "unknown_kid";

/** A fault of the network, or of a server in front of the provider. `slow`: no response until the caller aborts the request. */
export type TransportFault =
  | "unreachable"
  | "slow"
  | "html"
  | "huge_body"
  | "redirect"
  | "status_429"
  | "status_500"
  | "status_503";

/** A fault of a response that is otherwise valid. */
export type ProtocolFault =
  | "invalid_client"
  | "invalid_grant"
  | "missing_code_in_response"
  | "missing_iss_in_response"
  | "missing_state_in_response"
  | "multiple_keys"
  | "no_expires_in"
  | "no_id_token"
  | "other_audience"
  | "other_token_type"
  | "userinfo_of_another_subject"
  | "wrong_iss_in_response"
  | "wrong_issuer_in_discovery"
  | "wrong_state_in_response";

/** The names of all faults. */
export type FaultName = ClaimFault | SignatureFault | TransportFault | ProtocolFault;

/** A fault that a test gives to the provider: at every endpoint that it concerns, or at one. */
export type Fault =
  | FaultName
  | { readonly fault: FaultName; readonly endpoint: Endpoint }
  /** Answers with this status and an empty object. */
  | { readonly status: number; readonly endpoint?: Endpoint }
  /** Signs the claims that this function returns in place of those of an ID Token. */
  | { readonly idToken: (claims: Record<string, unknown>) => Record<string, unknown> };

/** The current faults of one endpoint. Each call that finds a fault counts as one use of it. */
export interface EndpointFaults {
  /** Whether the endpoint has this fault now. */
  commits(fault: FaultName): boolean;
  /** The status of a fault `{ status }`. */
  status(): number | undefined;
  /** The claims after every fault `{ idToken }`. */
  rewrite(claims: Record<string, unknown>): Record<string, unknown>;
}

/** The endpoint and the number of times of a fault. */
export interface MisbehaveOptions {
  /** The only endpoint that has the fault. @default every endpoint that it concerns */
  endpoint?: Endpoint;
  /** How many times the fault happens. @default until the function that `misbehave` returned is called */
  times?: number;
}

interface ActiveFault {
  readonly fault?: FaultName;
  readonly status?: number;
  readonly idToken?: (claims: Record<string, unknown>) => Record<string, unknown>;
  readonly endpoint?: Endpoint | undefined;
  /** How many times the fault still happens. */
  left: number;
}

/** The faults that a test has given to the provider. */
export function createFaults() {
  const active = new Set<ActiveFault>();
  const use = (one: ActiveFault | undefined) => {
    if (one && --one.left === 0) active.delete(one);
    return one;
  };
  return {
    /** Returns a function that removes the fault. */
    add(fault: Fault, { endpoint, times = Number.POSITIVE_INFINITY }: MisbehaveOptions): () => void {
      const one: ActiveFault = { endpoint, ...(typeof fault === "string" ? { fault } : fault), left: times };
      active.add(one);
      return () => void active.delete(one);
    },
    at(endpoint: Endpoint): EndpointFaults {
      const atEndpoint = () => [...active].filter((one) => (one.endpoint ?? endpoint) === endpoint);
      return {
        commits: (name) => use(atEndpoint().find(({ fault }) => fault === name)) !== undefined,
        status: () => use(atEndpoint().find(({ status }) => status !== undefined))?.status,
        rewrite: (claims) =>
          atEndpoint().reduce((before, one) => (one.idToken && use(one)?.idToken?.(before)) ?? before, claims),
      };
    },
  };
}
