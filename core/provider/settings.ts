import type { ProviderDifferences } from "./differences.js";

/** Which provider the app uses, and as which client. */
export interface ProviderSettings {
  /** Exactly as the provider announces it. */
  readonly issuer: string;
  readonly clientId: string;
  /** The one algorithm that ID Tokens may be signed with. */
  readonly idTokenSigningAlg: string;
  /** The provider calls audiences `resource` (RFC 8707 2), not `audience`. */
  readonly resourceIndicators?: boolean | undefined;
  /** What the provider does otherwise than the specifications say. */
  readonly differences?: ProviderDifferences | undefined;
  /** The audiences of a sign-in. With `resourceIndicators`, a token request that names none is for the first. */
  readonly audience?: string | readonly string[] | undefined;
  /** Seconds that a request may take. */
  readonly httpTimeout: number;
  /** Seconds by which the provider's clock may differ. */
  readonly clockTolerance: number;
}
