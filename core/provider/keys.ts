import { createLocalJWKSet } from "jose/jwks/local";
import { compactVerify } from "jose/jws/compact/verify";
import type { Ports } from "../ports.js";
import { sharedMap } from "../registry.js";
import { type Entry, recall } from "./cache.js";
import { LIFETIME } from "./discovery.js";
import { answerOf, asExchangeError } from "./failures.js";
import type { BoundedFetch } from "./transport.js";

type KeySet = ReturnType<typeof createLocalJWKSet>;

/** Milliseconds between two fetches of a key set that did not have the key. */
const COOLDOWN = 5_000;

/**
 * The header and the payload of a signed token (RFC 7515 5.2), if one of the keys at `uri` signed it with `algorithm`: the
 * algorithm is ours to choose, never the token's (RFC 8725 3.1). A key that is not there may be a new one: the set is
 * asked for again, and not for every token that claims so.
 */
export async function verifySignature(
  token: string,
  algorithm: string,
  uri: string,
  ports: Ports,
  fetch: BoundedFetch,
) {
  const cache = sharedMap<Entry<KeySet>>(ports.fetch, "keys");
  const load = () =>
    asExchangeError("provider_invalid", async () => createLocalJWKSet((await answerOf(await fetch(uri))) as never));
  const verify = async (keys: Promise<KeySet>) => compactVerify(token, await keys, { algorithms: [algorithm] });
  try {
    return await verify(recall(cache, uri, ports.now(), LIFETIME, load));
  } catch (error) {
    if ((error as { code?: unknown }).code !== "ERR_JWKS_NO_MATCHING_KEY") throw error;
    const again = `again ${uri}`;
    const renewed = recall(cache, again, ports.now(), COOLDOWN, load);
    cache.set(uri, cache.get(again) as Entry<KeySet>);
    return verify(renewed);
  }
}
