import { createLocalJWKSet } from "jose/jwks/local";
import { compactVerify } from "jose/jws/compact/verify";
import { ExchangeError } from "../errors.js";
import type { Ports } from "../ports.js";
import { sharedMap } from "../registry.js";
import { type Cached, cached } from "./discovery.js";
import type { BoundedFetch } from "./transport.js";

type Verified = Awaited<ReturnType<typeof compactVerify>>;
type KeySet = ReturnType<typeof createLocalJWKSet>;

/** Milliseconds between two fetches of a key set that did not have the key. */
const COOLDOWN = 5_000;

/** A provider's signing keys, cached by their URL. */
export interface Keys {
  /** Header and payload of a token signed with one of them, by exactly this algorithm. @throws ExchangeError `id_token_invalid` */
  verify(token: string, algorithm: string): Promise<Verified>;
}

export function createKeys(url: string, ports: Ports, fetch: BoundedFetch): Keys {
  const map = sharedMap<Cached<KeySet>>(ports.fetch, "keys");

  const load = async (): Promise<KeySet> => {
    const response = await fetch(url);
    try {
      return createLocalJWKSet((await response.json()) as never);
    } catch (cause) {
      throw new ExchangeError("provider_invalid", { cause });
    }
  };
  const keySet = () => cached(map, url, ports.now(), load);

  /** A key we do not know may be a new one: asked for again, but not for every token that claims so. */
  function refetch(): Promise<KeySet> | undefined {
    const known = map.get(url);
    if (known && ports.now() - known.at < COOLDOWN) return undefined;
    map.delete(url);
    return keySet();
  }

  return {
    async verify(token, algorithm) {
      try {
        return await verifyWith(await keySet(), token, algorithm);
      } catch (cause) {
        if (cause instanceof ExchangeError) throw cause;
        const renewed = codeOf(cause) === "ERR_JWKS_NO_MATCHING_KEY" ? await refetch() : undefined;
        if (!renewed) throw new ExchangeError("id_token_invalid", { cause });
        return verifyWith(renewed, token, algorithm).catch((again: unknown) => {
          throw new ExchangeError("id_token_invalid", { cause: again });
        });
      }
    },
  };
}

/** RFC 8725 3.1: the algorithm is ours to choose, never the token's. */
async function verifyWith(keys: KeySet, token: string, algorithm: string): Promise<Verified> {
  const options = { algorithms: [algorithm] };
  try {
    return await compactVerify(token, keys, options);
  } catch (error) {
    if (codeOf(error) !== "ERR_JWKS_MULTIPLE_MATCHING_KEYS") throw error;
    // No kid and several keys that fit: one of them has to be right (RFC 7517 4.5).
    let last = error;
    for await (const key of error as AsyncIterable<Parameters<typeof compactVerify>[1]>) {
      try {
        return await compactVerify(token, key, options);
      } catch (failure) {
        last = failure;
      }
    }
    throw last;
  }
}

const codeOf = (error: unknown): unknown => (error as { code?: unknown } | null)?.code;
