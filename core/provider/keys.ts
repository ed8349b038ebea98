import { ExchangeError } from "../errors.js";
import { isObject } from "../is-object.js";
import { curveOf } from "./algorithms.js";
import { discover } from "./discovery.js";
import { type CachedDocument, cachedDocument } from "./document-cache.js";
import { endpointUrl } from "./endpoint.js";
import type { Network } from "./network.js";
import { fetchJson } from "./response.js";
import { patienceOf } from "./shared-work.js";

/** A public key (RFC 7517 4), with the members by which a key is chosen. */
export type PublicKey = Readonly<Partial<Record<"kty" | "crv" | "use" | "alg" | "kid", unknown>>>;

/**
 * Verifies a JWS in compact form (RFC 7515 5.2), and gives its header and its payload: the key that `keyOf` gives for the header
 * must have signed it with `algorithm`. Rejects everything else, such as another algorithm in the header or a critical extension.
 */
export type VerifyJws = (
  token: string,
  algorithm: string,
  keyOf: (header: { readonly kid?: unknown }) => PublicKey,
) => Promise<{ readonly protectedHeader: Readonly<Record<string, unknown>>; readonly payload: Uint8Array }>;

/** The network, and what verifies signatures. */
export type VerifyingNetwork = Network & { readonly verifyJws: VerifyJws };

/**
 * The provider's key set (RFC 7517 5), cached by its URL. `isStale`: the cached one lacks a key. A new one then takes its place,
 * but is not fetched again within the cooldown.
 * @throws ExchangeError
 */
export async function fetchKeys(
  network: Network,
  patience = patienceOf(network.timeout),
  isStale = false,
): Promise<readonly PublicKey[]> {
  /** Milliseconds. */
  const COOLDOWN = 5_000;
  const { href: url } = endpointUrl(await discover(network, patience), "jwks_uri");
  const cache = network.shared<CachedDocument<readonly PublicKey[]>>("keys");
  const value = await cachedDocument<readonly PublicKey[]>(network, cache, {
    key: isStale ? `again ${url}` : url,
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
const fits =
  (algorithm: string, id: unknown) =>
  ({ kty, crv, use = "sig", alg = algorithm, kid }: PublicKey): boolean =>
    // RSA keys have no curve.
    (crv ?? kty) === (curveOf(algorithm) ?? "RSA") && use === "sig" && alg === algorithm && kid === (id ?? kid);

/**
 * The header and the payload of a JWS, if one of the provider's keys signed it. `algorithm` is configured, and never taken from
 * the token (RFC 8725 3.1). When the set lacks the key, the provider may have added it since: the set is fetched again, but not
 * for every token that names an unknown key.
 */
export async function verifySignature(network: VerifyingNetwork, token: string, algorithm: string) {
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
