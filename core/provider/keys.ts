import { ExchangeError } from "../errors.js";
import { isObject } from "../is-object.js";
import { curveOf } from "./algorithms.js";
import { discover } from "./discovery.js";
import { type CachedDocument, cachedDocument } from "./document-cache.js";
import { endpointUrl } from "./endpoint.js";
import type { Network } from "./network.js";
import { fetchJson } from "./response.js";
import { patienceOf } from "./shared-work.js";

/** A public key (RFC 7517 4). */
export type PublicKey = Readonly<Record<string, unknown>>;

/**
 * Returns the header and the payload of a JWS in compact form (RFC 7515 5.2) that the key from `keyOf` has signed with `algorithm`.
 * Rejects any other, also one with another algorithm in its header, or with a critical extension.
 */
export type VerifyJws = (
  token: string,
  algorithm: string,
  keyOf: (header: { readonly kid?: unknown }) => PublicKey,
) => Promise<VerifiedJws>;

/** A JWS whose signature was verified. */
export interface VerifiedJws {
  readonly protectedHeader: Readonly<Record<string, unknown>>;
  readonly payload: Uint8Array;
}

/** The network, and the function that verifies signatures. */
export type VerifyingNetwork = Network & { readonly verifyJws: VerifyJws };

/**
 * The provider's key set (RFC 7517 5), cached by its URL. `isStale`: the cached set lacks a key. The set is then fetched again, at most
 * once in five seconds, and replaces the cached one.
 * @throws ExchangeError
 */
export async function fetchKeys(
  network: Network,
  patience = patienceOf(network.timeout),
  isStale = false,
): Promise<readonly PublicKey[]> {
  /** Milliseconds between two such fetches. */
  const COOLDOWN = 5_000;
  const { href: url } = endpointUrl(await discover(network, patience), "jwks_uri");
  const cache = network.shared<CachedDocument<readonly PublicKey[]>>("keys");
  const value = await cachedDocument<readonly PublicKey[]>(network, cache, {
    key: isStale ? `refetch ${url}` : url,
    lifetime: isStale ? COOLDOWN : undefined,
    patience,
    async load() {
      const { keys } = await fetchJson(network, url);
      if (Array.isArray(keys)) return keys.filter(isObject);
      throw new ExchangeError("provider_invalid", { cause: { endpoint: url, member: "keys" } });
    },
  });
  const cached = cache.get(url);
  if (isStale && cached) cached.loaded = { value, at: network.now() };
  return value;
}

/** Whether a key may have made signatures with this algorithm under this id (OpenID Connect Core 10.1). */
export const fits =
  (algorithm: string, id: unknown) =>
  ({ kty, crv, use = "sig", alg = algorithm, kid, d, key_ops: operations = "verify" }: PublicKey): boolean =>
    // RSA keys have no curve.
    (crv ?? kty) === (curveOf(algorithm) ?? "RSA") &&
    use === "sig" &&
    alg === algorithm &&
    // A private key, which its owner must have published by mistake, proves nothing.
    d === undefined &&
    // A list (RFC 7517 4.3), or left out.
    `${operations}`.includes("verify") &&
    kid === (id ?? kid);

/**
 * The header and the payload of a JWS, if one of the provider's keys signed it. `algorithm` is configured, and never taken from
 * the token (RFC 8725 3.1). If the set lacks the key, the provider may have added it since: the set is fetched again, but not for every
 * token that names an unknown key.
 */
export async function verifySignature(
  network: VerifyingNetwork,
  token: string,
  algorithm: string,
): Promise<VerifiedJws> {
  const patience = patienceOf(network.timeout);
  let lacksKey = false;
  const verify = (keys: readonly PublicKey[]) =>
    network.verifyJws(token, algorithm, ({ kid }) => {
      const [key, another] = keys.filter(fits(algorithm, kid));
      lacksKey = key === undefined;
      // Without an id, only one key may fit.
      if (!key || another) throw new TypeError("no key for this token, or several");
      return key;
    });
  const keys = await fetchKeys(network, patience);
  try {
    return await verify(keys);
  } catch (error) {
    if (!lacksKey) throw error;
    return verify(await fetchKeys(network, patience, true));
  }
}
