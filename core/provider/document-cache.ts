import type { Network } from "./network.js";
import { doShared, outcomeOf, type Patience, patienceOf, type SharedWork, SLACK } from "./shared-work.js";

/** A public document of the provider, as this process has it. */
export interface CachedDocument<Value> {
  /** The last load that succeeded. */
  loaded?: {
    readonly value: Value;
    /** Milliseconds since the epoch. */
    readonly at: number;
  };
  /** The load that is under way. */
  loading?: SharedWork<Value> | undefined;
}

/** A document, and the function that loads it. */
interface DocumentSource<Value> {
  readonly key: string;
  /** Milliseconds for which a loaded document is used. @default ten minutes */
  readonly lifetime?: number | undefined;
  /** Milliseconds that the operation still waits for loads of other requests. @default the patience of one load */
  readonly patience?: Patience | undefined;
  load(): Promise<Value>;
}

/**
 * Returns the document if it was loaded less than `lifetime` ago, and loads it otherwise.
 *
 * Requests at the same time share one load (shared-work.ts):
 * - An error reaches the requests that waited for that load, and no later one.
 * - If the request that loads is cancelled, the first request that stops waiting loads the document, and the others wait a moment
 *   for that load.
 * - A request whose patience is used up loads the document itself, whatever other requests do: a client that resets its connections
 *   must not delay them.
 */
export async function cachedDocument<Value>(
  network: Pick<Network, "now" | "sleep" | "timeout">,
  cache: Map<string, CachedDocument<Value>>,
  { key, lifetime = 600_000, patience = patienceOf(network.timeout), load }: DocumentSource<Value>,
): Promise<Value> {
  const document = cache.get(key) ?? {};
  cache.set(key, document);
  for (;;) {
    const { loaded, loading } = document;
    const now = network.now();
    // `now` may be before `loaded.at`: the clock may have been set back.
    if (loaded && now - loaded.at < lifetime && now >= loaded.at) return loaded.value;
    if (!loading || patience.left <= 0 || now - loading.startedAt > loading.timeout) break;
    const limit = Math.min(loading.timeout + SLACK, patience.left);
    const outcome = await outcomeOf(loading, network, limit);
    if (outcome && "error" in outcome) throw outcome.error;
    if (outcome) return outcome.value;
    patience.left -= limit;
    if (document.loading === loading) break;
  }
  const startedAt = network.now();
  const work: SharedWork<Value> = { startedAt, timeout: network.timeout };
  document.loading = work;
  try {
    const value = await doShared(work, network, load);
    // A load that took too long may still succeed, after a later one did.
    const { loaded } = document;
    if (!loaded || loaded.at <= startedAt || network.now() < loaded.at) document.loaded = { value, at: startedAt };
    return value;
  } finally {
    if (document.loading === work) document.loading = undefined;
  }
}
