/**
 * The functions of a place that the machines of an app share: texts under keys, each for a limited time, and sets of texts. Implement
 * them over a database that all machines reach; `checkStore` of `latchkey/testing` proves that an implementation keeps the promises below.
 *
 * Theory of operation. latchkey seals every value and hashes every name before it calls these functions, so that a copy of the
 * database opens nothing. All that must happen once (the use of a refresh token, a back-channel logout, a change of a session)
 * rests on two functions, `add` and `replace`, which look and write in one atomic step. A value is compared as a whole, so that no
 * version needs to be kept: two values that latchkey seals are never equal.
 *
 * - Keys and members are 1 to 200 characters of `A-Z a-z 0-9 . _ ~ : -`. Values are texts of up to 64 kB.
 * - `forMs`: milliseconds from now, a positive integer; after it, the value is as if it had been deleted. Durations are passed, since
 *   the clocks of several machines differ.
 * - What one machine wrote, each machine reads at once. A replica that lags, or a cache at the edge, does not do.
 * - Each function rejects when the database cannot be reached, or refuses. It never resolves before the database has answered.
 */
export interface StorePort {
  /** The value of a key; undefined without one. */
  get(key: string): Promise<string | undefined>;
  /** Sets the value of a key that has none. Resolves to the value that the key then has: `value`, or the one that it had already. */
  add(key: string, value: string, forMs: number): Promise<string>;
  /**
   * Replaces the value of a key if it is `expected`. Resolves to the value that the key then has: `value`, or another one, which
   * stays. Undefined for a key without a value: it never gets one here, so that a slow response cannot undo a sign-out.
   */
  replace(key: string, expected: string, value: string, forMs: number): Promise<string | undefined>;
  /** Keeps the value of a key for `forMs` from now on. Does nothing for a key without a value. */
  extend(key: string, forMs: number): Promise<void>;
  /** Deletes the value of a key, if it has one. */
  delete(key: string): Promise<void>;
  /** Adds a member to a set, for `forMs`; for a member that the set has already, only the time changes. */
  addMember(set: string, member: string, forMs: number): Promise<void>;
  /** Removes a member from a set, if the set has it. */
  removeMember(set: string, member: string): Promise<void>;
  /** The members of a set whose time is not over, in any order. */
  members(set: string): Promise<string[]>;
}
