import { doShared, outcomeOf, patienceOf, type SharedWork, SLACK, take, type WaitPorts } from "./shared-work.js";
import type { BoundedFetch } from "./transport.js";

/** A public document: as it was loaded last, and the load that is under way. */
export interface Entry<Value> {
  loaded?: {
    readonly value: Value;
    /** Milliseconds since the epoch. */
    readonly at: number;
  };
  loading?: SharedWork<Value> | undefined;
}

/** How a document is loaded. */
interface Loading<Value> {
  /** Milliseconds that a document serves. */
  readonly lifetime: number;
  readonly fetch: Pick<BoundedFetch, "timeout" | "patience">;
  load(): Promise<Value>;
}

/**
 * Returns the document if it was loaded less than `lifetime` ago, and loads it otherwise. Requests at the same time share one
 * load; its error reaches the requests that waited for that load, and no later one. The first request whose wait was in vain
 * loads the document anew, and the others wait a moment for that load. A request whose patience is spent loads the document
 * itself, whatever others do: a client that resets its connections must not delay other requests.
 */
export async function recall<Value>(
  cache: Map<string, Entry<Value>>,
  key: string,
  ports: WaitPorts,
  { lifetime, fetch, load }: Loading<Value>,
): Promise<Value> {
  const { timeout, patience = patienceOf(timeout) } = fetch;
  const entry = cache.get(key) ?? {};
  cache.set(key, entry);
  for (;;) {
    const { loaded, loading } = entry;
    const now = ports.now();
    if (loaded && now - loaded.at < lifetime && now >= loaded.at) return loaded.value;
    if (!loading || patience.left <= 0 || now - loading.startedAt > loading.timeout) break;
    const limit = Math.min(loading.timeout + SLACK, patience.left);
    const outcome = await outcomeOf(loading, ports, limit);
    if (outcome) return take(outcome);
    patience.left -= limit;
    if (entry.loading === loading) break;
  }
  const now = ports.now();
  const loading: SharedWork<Value> = { startedAt: now, timeout };
  entry.loading = loading;
  try {
    const value = await doShared(loading, ports, load);
    // A load that was given up may still end, after a later one.
    if (!entry.loaded || entry.loaded.at <= now || ports.now() < entry.loaded.at) entry.loaded = { value, at: now };
    return value;
  } finally {
    if (entry.loading === loading) entry.loading = undefined;
  }
}
