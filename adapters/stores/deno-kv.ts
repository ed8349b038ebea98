import { must } from "../../core/errors.js";
import type { StoreOptions } from "../../core/store/create-store.js";
import type { StorePort } from "../../core/store/port.js";
import type { Store } from "../../core/store/store.js";
import { createStore } from "./create-store.js";

export * from "./exports.js";

/** The functions of a database of `Deno.openKv()` that the store uses. */
export interface DenoKv {
  get(key: readonly string[]): Promise<DenoKvEntry>;
  set(key: readonly string[], value: unknown, options: { expireIn: number }): Promise<unknown>;
  delete(key: readonly string[]): Promise<void>;
  list(selector: { prefix: readonly string[] }): AsyncIterable<DenoKvEntry>;
  atomic(): DenoKvOperation;
}

/** An entry; without a value both are null. */
export interface DenoKvEntry {
  readonly key: readonly unknown[];
  readonly value: unknown;
  readonly versionstamp: string | null;
}

/** Checks and writes that are done together or not at all. */
export interface DenoKvOperation {
  check(check: { key: readonly string[]; versionstamp: string | null }): DenoKvOperation;
  set(key: readonly string[], value: unknown, options: { expireIn: number }): DenoKvOperation;
  commit(): Promise<{ readonly ok: boolean }>;
}

/** A value of the store. Deno KV deletes entries late, so each has the end of its life. */
interface TimedValue {
  readonly value: string;
  /** Milliseconds since the epoch. */
  readonly until: number;
}

/** Options of {@link denoKvStore}. */
export interface DenoKvStoreOptions extends StoreOptions {
  /** The first part of all keys: another one for each app that shares the database. @default "latchkey" */
  prefix?: string;
}

/**
 * A store in Deno KV: on Deno Deploy, or in a `denokv` server. A database in a file is for one process.
 *
 * The ends of lives are times of the machine that wrote them: keep the clocks of machines together (NTP).
 *
 * @example
 * ```ts
 * import { type DenoKv, denoKvStore } from "latchkey/deno-kv";
 *
 * // On Deno: `openStore(await Deno.openKv())`.
 * export const openStore = (kv: DenoKv) => denoKvStore(kv);
 * ```
 * @param kv what `await Deno.openKv()` gives
 * @param options the first part of all keys, and how latchkey uses the store
 * @throws MisuseError (`invalid_config`) when it is no such database
 */
export function denoKvStore(kv: DenoKv, { prefix = "latchkey", ...options }: DenoKvStoreOptions = {}): Store {
  must(typeof kv?.atomic === "function", "denoKvStore takes what `await Deno.openKv()` gives");
  return createStore(new DenoKvPort(kv, prefix), options);
}

class DenoKvPort implements StorePort {
  readonly #kv: DenoKv;
  readonly #prefix: string;

  constructor(kv: DenoKv, prefix: string) {
    this.#kv = kv;
    this.#prefix = prefix;
  }

  async get(key: string): Promise<string | undefined> {
    // The default consistency is strong: each machine reads the latest value.
    return liveValue(await this.#kv.get(this.#keyOf(key)));
  }

  async add(key: string, value: string, forMs: number): Promise<string> {
    return (await this.#change(key, forMs, (current) => (current === undefined ? value : undefined))) as string;
  }

  replace(key: string, expected: string, value: string, forMs: number): Promise<string | undefined> {
    return this.#change(key, forMs, (current) => (current === expected ? value : undefined));
  }

  async extend(key: string, forMs: number): Promise<void> {
    await this.#change(key, forMs, (current) => current);
  }

  delete(key: string): Promise<void> {
    return this.#kv.delete(this.#keyOf(key));
  }

  async addMember(set: string, member: string, forMs: number): Promise<void> {
    await this.#kv.set(this.#memberKey(set, member), timed(member, forMs), { expireIn: forMs });
  }

  removeMember(set: string, member: string): Promise<void> {
    return this.#kv.delete(this.#memberKey(set, member));
  }

  async members(set: string): Promise<string[]> {
    const members: string[] = [];
    for await (const entry of this.#kv.list({ prefix: [this.#prefix, "set", set] })) {
      const member = liveValue(entry);
      if (member !== undefined) members.push(member);
    }
    return members;
  }

  /**
   * Changes the value of a key in one atomic step. `decide` returns the new value, or undefined to write nothing; it is called again
   * whenever another machine was faster. Resolves to the value that the key then has.
   */
  async #change(
    key: string,
    forMs: number,
    decide: (current: string | undefined) => string | undefined,
  ): Promise<string | undefined> {
    for (;;) {
      const entry = await this.#kv.get(this.#keyOf(key));
      const current = liveValue(entry);
      const next = decide(current);
      if (next === undefined) return current;
      const { ok } = await this.#kv
        .atomic()
        .check({ key: this.#keyOf(key), versionstamp: entry.versionstamp })
        .set(this.#keyOf(key), timed(next, forMs), { expireIn: forMs })
        .commit();
      if (ok) return next;
    }
  }

  #keyOf(key: string): readonly string[] {
    return [this.#prefix, "value", key];
  }

  #memberKey(set: string, member: string): readonly string[] {
    return [this.#prefix, "set", set, member];
  }
}

const timed = (value: string, forMs: number): TimedValue => ({ value, until: Date.now() + forMs });

/** The value of an entry whose life is not over. */
function liveValue({ value }: DenoKvEntry): string | undefined {
  const { value: text, until } = (value ?? {}) as Partial<TimedValue>;
  return until !== undefined && until > Date.now() ? text : undefined;
}
