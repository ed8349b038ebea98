import type { StorePort } from "./port.js";

/** A text, or a member of a set, until its time is over. */
interface Entry {
  readonly value: string;
  /** Milliseconds since the epoch. */
  readonly until: number;
}

/** How many entries are put before those whose time is over are deleted. */
const SWEEP_EVERY = 1_000;

/** A {@link StorePort} in the memory of this process. `now`: milliseconds since the epoch. */
export function createMemoryPort(now: () => number): StorePort {
  const entries = new Map<string, Entry>();
  const sets = new Map<string, Map<string, Entry>>();
  let puts = 0;

  const isOver = ({ until }: Entry) => until <= now();

  const live = (map: Map<string, Entry>, key: string): string | undefined => {
    const entry = map.get(key);
    if (entry && isOver(entry)) map.delete(key);
    return map.get(key)?.value;
  };

  function sweep(): void {
    for (const key of [...entries.keys()]) live(entries, key);
    for (const [name, set] of sets) {
      for (const member of [...set.keys()]) live(set, member);
      if (set.size === 0) sets.delete(name);
    }
  }

  function put(map: Map<string, Entry>, key: string, value: string, forMs: number): string {
    if (++puts % SWEEP_EVERY === 0) sweep();
    map.set(key, { value, until: now() + forMs });
    return value;
  }

  return {
    get: async (key) => live(entries, key),
    add: async (key, value, forMs) => live(entries, key) ?? put(entries, key, value, forMs),
    async replace(key, expected, value, forMs) {
      const current = live(entries, key);
      return current === expected ? put(entries, key, value, forMs) : current;
    },
    async extend(key, forMs) {
      const current = live(entries, key);
      if (current !== undefined) put(entries, key, current, forMs);
    },
    async delete(key) {
      entries.delete(key);
    },
    async addMember(name, member, forMs) {
      const set = sets.get(name) ?? new Map<string, Entry>();
      put(set, member, member, forMs);
      sets.set(name, set);
    },
    async removeMember(name, member) {
      sets.get(name)?.delete(member);
    },
    async members(name) {
      const set = sets.get(name) ?? new Map<string, Entry>();
      return [...set.keys()].filter((member) => live(set, member) !== undefined);
    },
  };
}
