import { createLocalJWKSet } from "jose/jwks/local";
import { compactVerify } from "jose/jws/compact/verify";
import type { Ports } from "../ports.js";
import { sharedMap } from "../registry.js";
import { type Entry, recall } from "./cache.js";
import { LIFETIME } from "./discovery.js";
import { answerOf, asExchangeError } from "./failures.js";
import type { BoundedFetch } from "./transport.js";

type KeySet = ReturnType<typeof createLocalJWKSet>;

const cacheOf = (ports: Ports) => sharedMap<Entry<KeySet>>(ports.fetch, "keys");

/** The provider's keys (RFC 7517 5), cached by where they are. */
export const keysAt = (uri: unknown, ports: Ports, fetch: BoundedFetch, key = `${uri}`, lifetime = LIFETIME) =>
  recall(cacheOf(ports), key, ports.now(), lifetime, () =>
    asExchangeError("provider_invalid", async () =>
      createLocalJWKSet((await answerOf(await fetch(`${uri}`))) as never),
    ),
  );

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
) {
  const verify = async (keys: Promise<KeySet>) => compactVerify(token, await keys, { algorithms: [algorithm] });
  try {
    return await verify(keysAt(uri, ports, fetch));
  } catch (error) {
    if ((error as { code?: unknown }).code !== "ERR_JWKS_NO_MATCHING_KEY") throw error;
    /** Milliseconds between two fetches of a key set that did not have the key. */
    const COOLDOWN = 5_000;
    const value = keysAt(uri, ports, fetch, `again ${uri}`, COOLDOWN);
    // Those at hand stay until there are others.
    await value;
    cacheOf(ports).set(`${uri}`, { value, at: ports.now() });
    return verify(value);
  }
}
