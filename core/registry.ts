import type { FetchLike } from "./ports.js";

/**
 * What the copies of this package in one process share: caches of public documents, and refreshes under way. A Next server has
 * several copies, so the registry is a property of the global object. `VERSION` changes with the shape of the values.
 */
const REGISTRY = Symbol.for("latchkey");
const VERSION = 3;

type Shared = Map<string, unknown>;
type Registry = { readonly [version: number]: WeakMap<object, Shared> };

/**
 * A map of this name, shared by all copies of this package that use the same `fetch`, and made on first use. All copies of one
 * `VERSION` give the values of a name the same shape.
 */
export function sharedMap<Value>(fetch: FetchLike, name: string): Map<string, Value> {
  const holder = globalThis as { [REGISTRY]?: Registry };
  holder[REGISTRY] = { [VERSION]: new WeakMap(), ...holder[REGISTRY] };
  const networks = holder[REGISTRY][VERSION] as WeakMap<object, Shared>;
  const shared = networks.get(fetch) ?? new Map<string, unknown>();
  networks.set(fetch, shared);
  const map = (shared.get(name) ?? new Map<string, Value>()) as Map<string, Value>;
  shared.set(name, map);
  return map;
}
