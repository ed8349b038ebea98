import { must } from "../../core/errors.js";
import type { StoreOptions } from "../../core/store/create-store.js";
import type { StorePort } from "../../core/store/port.js";
import type { Store } from "../../core/store/store.js";
import { createStore } from "./create-store.js";

export * from "./exports.js";

/** The binding of a class of Durable Objects: `env.LATCHKEY`. */
export interface DurableObjectNamespace {
  idFromName(name: string): unknown;
  get(id: never): { fetch(url: string, init: { method: string; body: string }): Promise<Response> };
}

/** The parts of a Durable Object's state that the store uses. */
export interface DurableObjectState {
  readonly storage: {
    get(key: string): Promise<unknown>;
    put(key: string, value: unknown): Promise<void>;
    delete(key: string): Promise<unknown>;
    deleteAll(): Promise<void>;
    list(): Promise<Map<string, unknown>>;
    setAlarm(time: number): Promise<void>;
    getAlarm(): Promise<number | null>;
  };
}

/** A value, or a member of a set. */
interface TimedValue {
  readonly value: string;
  /** The end of its life, in milliseconds since the epoch. */
  readonly until: number;
}

/** A call of an object: the name of a function of the port, and its arguments without the key. */
type Call = readonly [name: keyof StorePort, ...args: readonly unknown[]];

/**
 * One key of a store, or one set: a Durable Object is in one place of the world, and does one thing at a time. Export it from the
 * Worker, and bind it in `wrangler.toml`.
 *
 * Between a read of its storage and the write that follows, the runtime lets no other request in, so that each function is one
 * atomic step.
 */
export class LatchkeyStore {
  readonly #storage: DurableObjectState["storage"];

  constructor(state: DurableObjectState) {
    this.#storage = state.storage;
  }

  /** Only {@link durableObjectStore} calls it. */
  async fetch(request: Request): Promise<Response> {
    const [name, ...args] = (await request.json()) as Call;
    return Response.json({ result: await this.#run(name, args) });
  }

  /** Deletes values whose life is over. The object itself goes when nothing is left in it. */
  async alarm(): Promise<void> {
    const all = (await this.#storage.list()) as Map<string, TimedValue>;
    const live = [...all].filter(([, { until }]) => until > Date.now());
    if (live.length === 0) return this.#storage.deleteAll();
    for (const [key, { until }] of all) if (until <= Date.now()) await this.#storage.delete(key);
    return this.#storage.setAlarm(Math.min(...live.map(([, { until }]) => until)));
  }

  async #run(name: keyof StorePort, args: readonly unknown[]): Promise<unknown> {
    const [first, second, third] = args as [never, never, never];
    switch (name) {
      case "get":
        return this.#live(VALUE);
      case "add":
        return (await this.#live(VALUE)) ?? this.#put(VALUE, first, second);
      case "replace": {
        const current = await this.#live(VALUE);
        return current === first ? this.#put(VALUE, second, third) : current;
      }
      case "extend": {
        const current = await this.#live(VALUE);
        return current === undefined ? undefined : this.#put(VALUE, current, first);
      }
      case "delete":
        return this.#storage.deleteAll();
      case "addMember":
        return this.#put(first, first, second);
      case "removeMember":
        return this.#storage.delete(first);
      case "members": {
        const all = (await this.#storage.list()) as Map<string, TimedValue>;
        return [...all.values()].filter(({ until }) => until > Date.now()).map(({ value }) => value);
      }
    }
  }

  async #live(key: string): Promise<string | undefined> {
    const timed = (await this.#storage.get(key)) as TimedValue | undefined;
    return timed && timed.until > Date.now() ? timed.value : undefined;
  }

  async #put(key: string, value: string, forMs: number): Promise<string> {
    const until = Date.now() + forMs;
    await this.#storage.put(key, { value, until });
    const alarm = await this.#storage.getAlarm();
    if (alarm === null || alarm > until) await this.#storage.setAlarm(until);
    return value;
  }
}

/** The name of the value in an object that is a key. */
const VALUE = "value";

/**
 * A store in Durable Objects, for Workers: an object for each session, and one for each user. Export `LatchkeyStore` from the Worker, and
 * bind it.
 *
 * @example
 * ```ts
 * import { type DurableObjectNamespace, durableObjectStore } from "latchkey/durable-objects";
 *
 * export { LatchkeyStore } from "latchkey/durable-objects";
 *
 * // With the binding of the Worker: `openStore(env.LATCHKEY)`.
 * export const openStore = (binding: DurableObjectNamespace) => durableObjectStore(binding);
 * ```
 * @param namespace the binding: `env.LATCHKEY`
 * @throws MisuseError (`invalid_config`) when it is no such binding
 */
export function durableObjectStore(namespace: DurableObjectNamespace, options: StoreOptions = {}): Store {
  must(
    typeof namespace?.idFromName === "function",
    "durableObjectStore takes the binding of LatchkeyStore: env.LATCHKEY, as in wrangler.toml",
  );

  async function ask(object: string, ...call: Call): Promise<never> {
    const stub = namespace.get(namespace.idFromName(object) as never);
    const response = await stub.fetch("https://store.invalid/", { method: "POST", body: JSON.stringify(call) });
    if (!response.ok) throw new Error(`the Durable Object answered ${response.status}`);
    return ((await response.json()) as { result: never }).result;
  }
  const value = (key: string) => `value:${key}`;
  const set = (name: string) => `set:${name}`;

  return createStore(
    {
      get: (key) => ask(value(key), "get"),
      add: (key, text, forMs) => ask(value(key), "add", text, forMs),
      replace: (key, expected, text, forMs) => ask(value(key), "replace", expected, text, forMs),
      extend: (key, forMs) => ask(value(key), "extend", forMs),
      delete: (key) => ask(value(key), "delete"),
      addMember: (name, member, forMs) => ask(set(name), "addMember", member, forMs),
      removeMember: (name, member) => ask(set(name), "removeMember", member),
      members: (name) => ask(set(name), "members"),
    },
    options,
  );
}
