import { isObject } from "../is-object.js";
import { curveOf, keyTypeOf } from "./algorithms.js";
import { DOCUMENT_LIFETIME } from "./discovery.js";
import { type CachedDocument, cachedDocument } from "./document-cache.js";
import type { Network } from "./network.js";
import { asExchangeError, readResponse } from "./response.js";
import { type Patience, patienceOf } from "./shared-work.js";

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

/** A JWS that one of the provider's keys must have signed. */
export interface SignedToken {
  readonly token: string;
  /** The algorithm is configured, and never taken from the token (RFC 8725 3.1). */
  readonly algorithm: string;
  /** The URL of the key set. */
  readonly keysUrl: string;
  readonly verifyJws: VerifyJws;
}

const cacheOf = (network: Network) => network.shared<CachedDocument<readonly PublicKey[]>>("keys");

/** The provider's key set (RFC 7517 5), cached by its URL. @throws ExchangeError */
export const fetchKeys = (network: Network, url: string, patience: Patience): Promise<readonly PublicKey[]> =>
  loadKeys(network, url, { key: url, lifetime: DOCUMENT_LIFETIME, patience });

const loadKeys = (network: Network, url: string, caching: { key: string; lifetime: number; patience: Patience }) =>
  cachedDocument<readonly PublicKey[]>(network, cacheOf(network), {
    ...caching,
    load: () =>
      asExchangeError("provider_invalid", async () => {
        const { keys } = await readResponse(await network.fetch(url), { endpoint: url });
        return (keys as PublicKey[]).filter(isObject);
      }),
  });

/** Fetches a key set that lacked a key, and puts it in the place of the cached one; not again within the cooldown. */
async function refetchKeys(network: Network, url: string, patience: Patience): Promise<readonly PublicKey[]> {
  /** Milliseconds. */
  const COOLDOWN = 5_000;
  const value = await loadKeys(network, url, { key: `again ${url}`, lifetime: COOLDOWN, patience });
  const document = cacheOf(network).get(url);
  if (document) document.loaded = { value, at: network.now() };
  return value;
}

/** Whether a key may have made signatures with this algorithm under this id (OpenID Connect Core 10.1). */
const fits =
  (algorithm: string, id: unknown) =>
  ({ kty, crv, use = "sig", alg = algorithm, kid }: PublicKey): boolean =>
    kty === keyTypeOf(algorithm) &&
    crv === (curveOf(algorithm) ?? crv) &&
    use === "sig" &&
    alg === algorithm &&
    kid === (id ?? kid);

/**
 * The header and the payload of a JWS, if one of the provider's keys signed it. When the set lacks the key, the provider may have
 * added it since: the set is fetched again, but not for every token that names an unknown key.
 */
export async function verifySignature(
  network: Network,
  { token, algorithm, keysUrl, verifyJws }: SignedToken,
  patience: Patience = patienceOf(network.timeout),
) {
  let lacksKey = false;
  const verify = (keys: readonly PublicKey[]) =>
    verifyJws(token, algorithm, ({ kid }) => {
      const [key, another] = keys.filter(fits(algorithm, kid));
      lacksKey = key === undefined;
      // Without an id, only one key may fit.
      if (!key || another) throw new TypeError("no key for this token, or several");
      return key;
    });
  const keys = await fetchKeys(network, keysUrl, patience);
  try {
    return await verify(keys);
  } catch (error) {
    if (!lacksKey) throw error;
    return verify(await refetchKeys(network, keysUrl, patience));
  }
}
