import { ExchangeError } from "../../core/errors.js";
import { firstWrong, isText } from "../../core/provider/claims.js";
import type { IdentifyUser } from "../../core/provider/differences.js";
import type { Client } from "../../core/provider/provider.js";
import { fetchJson } from "../../core/provider/response.js";

/**
 * Sends a GET with the access token to an API of the provider, and returns the JSON object or list of the response. The time and the size
 * of the response are limited.
 * @throws ExchangeError
 */
export type FetchProfile = (
  url: string,
  headers?: Readonly<Record<string, string>>,
) => Promise<Readonly<Record<string, unknown>>>;

/** The user of a provider without ID Tokens: claims, of which `sub` is required. */
export interface Profile {
  /** Unique at the provider, and never given to another user. */
  readonly sub: string;
  readonly [claim: string]: unknown;
}

/**
 * The user of a provider that issues no ID Tokens (plain OAuth 2.0): what its API says about the owner of the access token. The value of
 * `differences.identify`, beside `returnsNonce: false`.
 *
 * What it costs: an ID Token proves that it was issued to this client, for this sign-in, by this issuer. Here the proof is that this
 * client itself redeemed the code, at the provider's own token endpoint, with its `state`, its PKCE verifier and its redirect URI. So
 * several providers of an app must not share a redirect URI, and an access token that came in any other way must never be taken.
 *
 * @example
 * ```ts
 * import { profile } from "latchkey/providers";
 *
 * export const identify = profile(async (fetchProfile) => {
 *   const { id, name } = await fetchProfile("https://social.example.com/api/me");
 *   return { sub: `${id}`, name };
 * });
 * ```
 */
export const profile =
  (fetchUser: (fetchProfile: FetchProfile) => Promise<Profile>): IdentifyUser =>
  async (client: Client, { accessToken }) => {
    const claims = await fetchUser((url, headers) =>
      fetchJson(client, url, {
        headers: { accept: "application/json", ...headers, authorization: `Bearer ${accessToken}` },
      }),
    );
    if (!isText(claims.sub)) throw new ExchangeError("provider_invalid", { cause: { member: "sub" } });
    const verified = { ...claims, iss: client.issuer };
    // For an app that adds `checkClaims` to such a description: without an ID Token no other check would call it.
    const claim = firstWrong({ ...(await client.differences?.checkClaims?.(verified)) });
    if (claim) throw new ExchangeError("id_token_invalid", { cause: { claim } });
    return verified;
  };
