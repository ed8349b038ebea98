import type { Awaitable } from "../awaitable.js";
import type { IdTokenClaims } from "../exchange/types.js";
import type { DiscoveryDocument } from "./discovery-document.js";

/** Parameters of a request: those that are undefined are not sent. */
export type ProviderParameters = Readonly<Record<string, string | undefined>>;

/**
 * Finds out which user the tokens of a sign-in or of a refresh belong to, in the place of the verification of an ID Token by the
 * provider's key set: what `hs256IdTokens()` and `profile(...)` return.
 */
export type IdentifyUser = (
  client: never,
  tokens: { readonly idToken?: string | undefined; readonly accessToken: string },
) => Awaitable<IdTokenClaims>;

/**
 * What a provider does otherwise than the specifications say, as data. Each member is read in one place. A member that makes a check
 * looser says what that costs.
 */
export interface ProviderDifferences {
  /** Where the discovery document is; false: there is none, and `metadata` has the endpoints. @default `issuer` + "/.well-known/openid-configuration" */
  readonly discoveryUrl?: string | false;
  /**
   * Members in the place of those of the discovery document; undefined removes one, such as the endpoint of pushed authorization requests.
   * `issuer` is the one that the document must have, where it is not that of the ID Tokens. @default none
   */
  readonly metadata?: Partial<DiscoveryDocument>;
  /**
   * Checks claims of each ID Token, or of the profile in its place: true for each that is right. A claim that latchkey checks too, such
   * as `iss`, is checked by this function alone, so that it can accept less, or more: then it costs what the check of latchkey proves.
   * @default no further checks
   */
  readonly checkClaims?: (claims: Readonly<Record<string, unknown>>) => Readonly<Record<string, boolean>>;
  /** Parameters of each token request, beside those of the protocol. @default none */
  readonly tokenParams?: ProviderParameters;
  /** Makes the parameters of the end_session endpoint from those of RP-Initiated Logout 2. @default those parameters */
  readonly endSessionParams?: (parameters: ProviderParameters) => ProviderParameters;
  /**
   * Finds out who the user is without the provider's key set. Costs what an ID Token by such a key proves, as far as the function does
   * not prove it in another way: `hs256IdTokens` and `profile` say it of theirs. @default the ID Token, verified with the key set
   */
  readonly identify?: IdentifyUser;
  /** False: the provider returns no `nonce`. Costs the proof that the ID Token is of this sign-in; `state` remains, and PKCE where the provider takes it. @default true */
  readonly returnsNonce?: boolean;
  /** False: no PKCE, for a provider that refuses it. Costs the protection of a code that leaked (RFC 9700 2.1.1); the `nonce` remains where the provider returns it. @default true */
  readonly takesPkce?: boolean;
}
