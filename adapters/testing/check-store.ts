import { MisuseError } from "../../core/errors.js";
import type { StorePort } from "../../core/store/port.js";

/** Options of {@link checkStore}. */
export interface CheckStoreOptions {
  /** The same store over another connection, as a second machine has it. @default the store itself */
  another?: StorePort;
  /** Milliseconds of a short life in the checks that wait for its end. @default 300 */
  shortLife?: number;
}

/**
 * Checks that a store keeps the promises of `StorePort`: what is read, what is atomic, what ends when. It takes about a second, or three
 * where a promise about time is broken, uses keys of its own, which begin with `check:`, and needs no empty store.
 *
 * @example
 * ```ts
 * import { createMemoryStore } from "latchkey";
 * import { checkStore } from "latchkey/testing";
 *
 * await checkStore(createMemoryStore());
 * ```
 * @throws MisuseError (`invalid_store`) whose message names each promise that is broken
 */
export async function checkStore(store: StorePort, options: CheckStoreOptions = {}): Promise<void> {
  const { another = store, shortLife = 300 } = options;
  const faultOf = async (promise: string, check: Check, life: number): Promise<string | undefined> => {
    const key = `check:${Math.random().toString(36).slice(2)}`;
    try {
      return (await check({ store, another, shortLife: life, key })) ? undefined : promise;
    } catch (error) {
      return `${promise} (it rejected: ${(error as Partial<Error> | undefined)?.message ?? "no reason"})`;
    }
  };
  const faults = await Promise.all([
    ...Object.entries(checks).map(([promise, check]) => faultOf(promise, check, shortLife)),
    // Over a slow connection the first calls of a check may outlast a short life, so a longer one decides.
    ...Object.entries(timedChecks).map(
      async ([promise, check]) =>
        (await faultOf(promise, check, shortLife)) && faultOf(promise, check, LONGER * shortLife),
    ),
  ]);
  const broken = faults.filter(Boolean);
  if (broken.length > 0) throw new MisuseError("invalid_store", `the store breaks its contract: ${broken.join("; ")}`);
}

/** What a check works with. */
interface CheckContext {
  readonly store: StorePort;
  readonly another: StorePort;
  readonly shortLife: number;
  /** A key of this check alone. */
  readonly key: string;
}

/** Resolves to whether the promise holds. */
type Check = (context: CheckContext) => Promise<boolean>;

const LONG = 60_000;

/** How many times as long the lives of the second try are. */
const LONGER = 5;

const after = (milliseconds: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, milliseconds));

/** Members of both, in any order. */
const sameMembers = (left: readonly string[], right: readonly string[]): boolean =>
  JSON.stringify([...left].sort()) === JSON.stringify([...right].sort());

/** Calls on both machines at once, alternately. */
const race = <Result>(
  { store, another }: CheckContext,
  count: number,
  call: (store: StorePort, index: number) => Promise<Result>,
): Promise<Result[]> =>
  Promise.all(Array.from({ length: count }, (_, index) => call(index % 2 ? another : store, index)));

/** Text of all kinds that a value may hold: sealed values are base64url, but a store must not depend on that. */
const TEXT = `A1-_.~ "'\\ \u00e4\u20ac\u{1f512} ${"x".repeat(1_000)}`;

/** Each promise, with the check that holds only if the promise does. */
const checks: Readonly<Record<string, Check>> = {
  "get gives undefined for a key without a value": async ({ store, key }) => (await store.get(key)) === undefined,

  "add sets a value, which the other machine reads at once": async ({ store, another, key }) =>
    (await store.add(key, TEXT, LONG)) === TEXT && (await another.get(key)) === TEXT,

  "add gives the value that the key has already, and leaves it": async ({ store, another, key }) => {
    await store.add(key, "first", LONG);
    return (await another.add(key, "second", LONG)) === "first" && (await store.get(key)) === "first";
  },

  "of many adds at once exactly one sets its value": async (context) => {
    const values = await race(context, 20, (store, index) => store.add(context.key, `value ${index}`, LONG));
    return new Set(values).size === 1 && values[0] === (await context.store.get(context.key));
  },

  "a value of 64,000 characters is kept whole": async ({ store, another, key }) => {
    const value = "v".repeat(64_000);
    await store.add(key, value, LONG);
    return (await another.get(key)) === value;
  },

  "replace replaces the expected value": async ({ store, another, key }) => {
    await store.add(key, TEXT, LONG);
    return (await another.replace(key, TEXT, "next", LONG)) === "next" && (await store.get(key)) === "next";
  },

  "replace leaves another value, and gives it": async ({ store, another, key }) => {
    await store.add(key, "first", LONG);
    return (await another.replace(key, "other", "next", LONG)) === "first" && (await store.get(key)) === "first";
  },

  "replace sets nothing for a key without a value": async ({ store, another, key }) =>
    (await store.replace(key, "first", "next", LONG)) === undefined && (await another.get(key)) === undefined,

  "replace sets nothing for a value that was deleted": async ({ store, another, key }) => {
    await store.add(key, "first", LONG);
    await another.delete(key);
    return (await store.replace(key, "first", "next", LONG)) === undefined && (await store.get(key)) === undefined;
  },

  "of many replaces of one value at once exactly one succeeds": async (context) => {
    const { store, key } = context;
    await store.add(key, "first", LONG);
    const values = await race(context, 20, (each, index) => each.replace(key, "first", `next ${index}`, LONG));
    const winners = values.filter((value, index) => value === `next ${index}`);
    return (
      winners.length === 1 && (await store.get(key)) === winners[0] && values.every((value) => value === winners[0])
    );
  },

  "each of many changes at once is kept when those that came too late are tried again": async (context) => {
    const { store, key } = context;
    await store.add(key, "0", LONG);
    await race(context, 10, async (each, index) => {
      let seen: string | undefined = "0";
      for (let next = ""; seen !== undefined && seen !== next; ) {
        next = `${seen},${index + 1}`;
        seen = await each.replace(key, seen, next, LONG);
      }
    });
    const kept = ((await store.get(key)) ?? "").split(",");
    return sameMembers(kept, ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "10"]);
  },

  "extend does nothing for a key without a value": async ({ store, key }) => {
    await store.extend(key, LONG);
    return (await store.get(key)) === undefined;
  },

  "delete deletes, and may be called for a key without a value": async ({ store, another, key }) => {
    await store.add(key, "first", LONG);
    await another.delete(key);
    await store.delete(key);
    return (await store.get(key)) === undefined && (await another.add(key, "second", LONG)) === "second";
  },

  "a set without an added member has no members": async ({ store, key }) => (await store.members(key)).length === 0,

  "a set has each of its members once": async ({ store, another, key }) => {
    await Promise.all([store.addMember(key, "one", LONG), another.addMember(key, "two", LONG)]);
    await another.addMember(key, "one", LONG);
    return sameMembers(await store.members(key), ["one", "two"]);
  },

  "of many members that are added at once none is lost": async (context) => {
    const { key, another } = context;
    await race(context, 50, (store, index) => store.addMember(key, `member:${index}`, LONG));
    return sameMembers(
      await another.members(key),
      Array.from({ length: 50 }, (_, index) => `member:${index}`),
    );
  },

  "removeMember removes one member, and may be called for one that is not there": async ({ store, another, key }) => {
    await store.addMember(key, "one", LONG);
    await store.addMember(key, "two", LONG);
    await another.removeMember(key, "one");
    await store.removeMember(key, "three");
    return sameMembers(await store.members(key), ["two"]);
  },

  "sets and values of one name do not meet": async ({ store, key }) => {
    await store.addMember(key, "member", LONG);
    await store.add(key, "value", LONG);
    await store.delete(key);
    return sameMembers(await store.members(key), ["member"]);
  },
};

/** The promises about time. */
const timedChecks: Readonly<Record<string, Check>> = {
  "an added value ends with its time, and the key can be added again": async ({ store, another, shortLife, key }) => {
    await store.add(key, "first", shortLife);
    const before = await another.get(key);
    await after(shortLife * 1.5);
    return (
      before === "first" &&
      (await another.get(key)) === undefined &&
      (await another.add(key, "second", LONG)) === "second"
    );
  },

  "add does not prolong the value that the key has": async ({ store, shortLife, key }) => {
    await store.add(key, "first", shortLife);
    await store.add(key, "second", LONG);
    await after(shortLife * 1.5);
    return (await store.get(key)) === undefined;
  },

  "replace sets nothing for a value whose time is over": async ({ store, shortLife, key }) => {
    await store.add(key, "first", shortLife);
    await after(shortLife * 1.5);
    return (await store.replace(key, "first", "next", LONG)) === undefined && (await store.get(key)) === undefined;
  },

  "replace sets a new time": async ({ store, shortLife, key }) => {
    await store.add(key, "first", shortLife);
    await store.replace(key, "first", "next", LONG);
    await after(shortLife * 1.5);
    return (await store.get(key)) === "next";
  },

  "a replaced value ends with its new time": async ({ store, shortLife, key }) => {
    await store.add(key, "first", LONG);
    await store.replace(key, "first", "next", shortLife);
    await after(shortLife * 1.5);
    return (await store.get(key)) === undefined;
  },

  "extend keeps a value longer, and shortens it as well": async ({ store, another, shortLife, key }) => {
    await store.add(key, "long", shortLife);
    await another.extend(key, LONG);
    await store.add(`${key}:2`, "short", LONG);
    await another.extend(`${key}:2`, shortLife);
    await after(shortLife * 1.5);
    return (await store.get(key)) === "long" && (await store.get(`${key}:2`)) === undefined;
  },

  "a member ends with its time, and the others stay": async ({ store, another, shortLife, key }) => {
    await store.addMember(key, "short", shortLife);
    await store.addMember(key, "long", LONG);
    await store.addMember(key, "prolonged", shortLife);
    await another.addMember(key, "prolonged", LONG);
    await after(shortLife * 1.5);
    return sameMembers(await another.members(key), ["long", "prolonged"]);
  },
};
