import type { FetchPort } from "./ports.js";

/**
 * What one process shares: caches of public documents, and refreshes under way. A Next server holds several copies of
 * this package side by side, so it hangs on the global object, under a name with a version for its shape.
 */
const REGISTRY = Symbol.for("latchkey");
const VERSION = 2;

type Shared = Map<string, unknown>;
type Registry = { readonly [version: number]: WeakMap<object, Shared> };

/**
 * A map shared by all copies of this package that talk through the same `fetch`, made on first use. Values under a name
 * must have the shape that this version gives them.
 */
export function sharedMap<Value>(fetch: FetchPort, name: string): Map<string, Value> {
  const holder = globalThis as { [REGISTRY]?: Registry };
  holder[REGISTRY] = { [VERSION]: new WeakMap(), ...holder[REGISTRY] };
  const networks = holder[REGISTRY][VERSION] as WeakMap<object, Shared>;
  const shared = networks.get(fetch) ?? new Map<string, unknown>();
  networks.set(fetch, shared);
  const map = (shared.get(name) ?? new Map<string, Value>()) as Map<string, Value>;
  shared.set(name, map);
  return map;
}
