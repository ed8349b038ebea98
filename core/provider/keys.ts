import { isObject } from "../is-object.js";
import type { Ports } from "../ports.js";
import { sharedMap } from "../registry.js";
import { type Entry, recall } from "./cache.js";
import { LIFETIME } from "./discovery.js";
import { answerOf, asExchangeError } from "./failures.js";
import type { BoundedFetch } from "./transport.js";

/** A public key (RFC 7517 4), as far as one is told from another by it. */
export type Key = Readonly<Partial<Record<"kty" | "crv" | "use" | "alg" | "kid", unknown>>>;

const cacheOf = (ports: Ports) => sharedMap<Entry<readonly Key[]>>(ports.fetch, "keys");

/**
 * The header and the payload of a signed token in compact form (RFC 7515 5.2), if the key that `keyOf` gives for its header
 * made its signature with `algorithm`; an error if not. What it cannot make out is an error as well: another algorithm in
 * the header, an extension that must be understood.
 */
export type Verify = (
  token: string,
  algorithm: string,
  keyOf: (header: { readonly kid?: unknown }) => Key,
) => Promise<{ readonly protectedHeader: Readonly<Record<string, unknown>>; readonly payload: Uint8Array }>;

/** The provider's keys (RFC 7517 5), cached by where they are. */
export const keysAt = (uri: unknown, ports: Ports, fetch: BoundedFetch, key = `${uri}`, lifetime = LIFETIME) =>
  recall(cacheOf(ports), key, ports, {
    lifetime,
    fetch,
    load: () =>
      asExchangeError("provider_invalid", async () => {
        const { keys } = await answerOf(await fetch(`${uri}`));
        return (keys as Key[]).filter(isObject);
      }),
  });

/** What keys for an algorithm are (RFC 7518 6.1, RFC 8037 2), by how its name begins. */
const TYPES: Readonly<Record<string, string>> = { RS: "RSA", PS: "RSA", ES: "EC", Ed: "OKP" };
const CURVES: Readonly<Record<string, string>> = {
  ES256: "P-256",
  ES384: "P-384",
  ES512: "P-521",
  EdDSA: "Ed25519",
  Ed25519: "Ed25519",
};

/** Whether a key may have made signatures with this algorithm under this id (OpenID Connect Core 10.1). */
const fits =
  (algorithm: string, id: unknown) =>
  ({ kty, crv, use = "sig", alg = algorithm, kid }: Key): boolean =>
    kty === TYPES[algorithm.slice(0, 2)] &&
    crv === (CURVES[algorithm] ?? crv) &&
    use === "sig" &&
    alg === algorithm &&
    kid === (id ?? kid);

/**
 * The header and the payload of a signed token (RFC 7515 5.2), if one of the keys at `uri` signed it with `algorithm`: the
 * algorithm is ours to choose, never the token's (RFC 8725 3.1). A key that is not there may be a new one: the set is
 * asked for again, and not for every token that claims so.
 */
export async function verifySignature(
  token: string,
  algorithm: string,
  uri: unknown,
  ports: Ports,
  fetch: BoundedFetch,
  verifyWith: Verify,
) {
  let isKnown = true;
  const verify = (keys: readonly Key[]) =>
    verifyWith(token, algorithm, ({ kid }) => {
      const [found, another] = keys.filter(fits(algorithm, kid));
      isKnown = found !== undefined;
      // Without an id there must be but one to choose from.
      if (!found || another) throw new TypeError("no key for this token, or several");
      return found;
    });
  const known = await keysAt(uri, ports, fetch);
  try {
    return await verify(known);
  } catch (error) {
    if (isKnown) throw error;
    /** Milliseconds between two fetches of a key set that did not have the key. */
    const COOLDOWN = 5_000;
    // Those at hand stay until there are others.
    const value = await keysAt(uri, ports, fetch, `again ${uri}`, COOLDOWN);
    const entry = cacheOf(ports).get(`${uri}`);
    if (entry) entry.loaded = { value, at: ports.now() };
    return verify(value);
  }
}
