import { doShared, outcomeOf, type SharedWork, take, type WaitPorts } from "./shared-work.js";

/** A public document: as it was loaded last, and the load that is under way. */
export interface Entry<Value> {
  loaded?: {
    readonly value: Value;
    /** Milliseconds since the epoch. */
    readonly at: number;
  };
  loading?: SharedWork<Value> | undefined;
}

/** How a document is loaded, and how long it serves; both times in milliseconds. */
interface Loading<Value> {
  readonly lifetime: number;
  /** The longest that a load can take: one that takes longer has lost its request. */
  readonly timeout: number;
  load(): Promise<Value>;
}

/** Milliseconds beyond the longest load, in which its outcome arrives. */
const SLACK = 200;
/** Milliseconds that a request waits for the load that another one began in the place of a load that was given up. */
const GRACE = 300;

/**
 * The document that was loaded less than `lifetime` ago, or loads it. Requests at the same time share one load; a failure is
 * told to them and to no later request. A request whose wait was in vain loads the document itself, whatever others do: a
 * client that resets its connections must not keep anybody waiting.
 */
export async function recall<Value>(
  cache: Map<string, Entry<Value>>,
  key: string,
  ports: WaitPorts,
  { lifetime, timeout, load }: Loading<Value>,
): Promise<Value> {
  const entry = cache.get(key) ?? {};
  cache.set(key, entry);
  for (const limit of [timeout + SLACK, GRACE, 0]) {
    const { loaded, loading } = entry;
    const now = ports.now();
    if (loaded && now - loaded.at < lifetime && now >= loaded.at) return loaded.value;
    if (!limit || !loading || now - loading.startedAt > timeout) break;
    const outcome = await outcomeOf(loading, ports, limit);
    if (outcome) return take(outcome);
    if (entry.loading === loading) break;
  }
  const now = ports.now();
  const loading: SharedWork<Value> = { startedAt: now };
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
