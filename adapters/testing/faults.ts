/** Where a provider is asked. */
export type Endpoint = "discovery" | "jwks" | "authorize" | "par" | "token" | "userinfo" | "revocation" | "end_session";

/** What is wrong with the claims of an ID Token. */
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

/** What is wrong with the header or the signature of an ID Token. */
export type SignatureFault =
  | "alg_none"
  | "alg_hs256"
  | "other_alg"
  | "invalid_signature"
  | "logout_typ"
  | "kid_absent"
  | "unknown_kid";

/** How an endpoint answers, if it answers at all: `slow` waits until the request is given up. */
export type TransportFault =
  | "unreachable"
  | "slow"
  | "html"
  | "huge_body"
  | "redirect"
  | "status_429"
  | "status_500"
  | "status_503";

/** What is wrong with an answer that is otherwise in order. */
export type ProtocolFault =
  | "invalid_client"
  | "invalid_grant"
  | "missing_code_in_response"
  | "missing_iss_in_response"
  | "missing_state_in_response"
  | "multiple_keys"
  | "no_expires_in"
  | "no_id_token"
  | "other_token_type"
  | "userinfo_of_another_subject"
  | "wrong_iss_in_response"
  | "wrong_issuer_in_discovery"
  | "wrong_state_in_response";

/** A fault that has a name. */
export type FaultName = ClaimFault | SignatureFault | TransportFault | ProtocolFault;

/** Something that a provider can be told to do wrong: at every endpoint that it concerns, or at one. */
export type Fault =
  | FaultName
  | { readonly fault: FaultName; readonly endpoint: Endpoint }
  /** Answers with this status and an empty object. */
  | { readonly status: number; readonly endpoint?: Endpoint }
  /** Signs what this makes of an ID Token's claims. */
  | { readonly idToken: (claims: Record<string, unknown>) => Record<string, unknown> };

/** The faults of one endpoint at the moment. To ask for one is to commit it: it counts as a use. */
export interface FaultsHere {
  commits(fault: FaultName): boolean;
  status(): number | undefined;
  rewrite(claims: Record<string, unknown>): Record<string, unknown>;
}

/** How far a fault goes. */
export interface MisbehaveOptions {
  /** The same as in the fault itself. @default every endpoint that it concerns */
  endpoint?: Endpoint;
  /** How often. @default until it is ended */
  times?: number;
}

interface Active {
  readonly fault?: FaultName;
  readonly status?: number;
  readonly idToken?: (claims: Record<string, unknown>) => Record<string, unknown>;
  readonly endpoint?: Endpoint | undefined;
  left: number;
}

/** What a provider has been told to do wrong, and how often still. */
export function createFaults() {
  const active = new Set<Active>();
  const use = (one: Active | undefined) => {
    if (one && --one.left === 0) active.delete(one);
    return one;
  };
  return {
    /** Returns a function that ends it. */
    add(fault: Fault, { endpoint, times = Number.POSITIVE_INFINITY }: MisbehaveOptions): () => void {
      const one: Active = { endpoint, ...(typeof fault === "string" ? { fault } : fault), left: times };
      active.add(one);
      return () => void active.delete(one);
    },
    at(endpoint: Endpoint): FaultsHere {
      const here = () => [...active].filter((one) => (one.endpoint ?? endpoint) === endpoint);
      return {
        commits: (name) => use(here().find(({ fault }) => fault === name)) !== undefined,
        status: () => use(here().find(({ status }) => status !== undefined))?.status,
        rewrite: (claims) =>
          here().reduce((before, one) => (one.idToken && use(one)?.idToken?.(before)) ?? before, claims),
      };
    },
  };
}
