import { sha256 } from "../bytes.js";
import { type CookieAttributes, setCookieLine } from "../cookie/header.js";
import { type Jar, MAX_COOKIE } from "../cookie/jar.js";
import { TRANSACTION_DURATION } from "../defaults.js";
import { CookieTooLargeError, ExchangeError } from "../errors.js";
import type { Transaction } from "../exchange/types.js";
import type { Sealer } from "../seal/sealer.js";
import { largestFields } from "../session/largest.js";

/** The sign-ins in progress of one browser. Each has a sealed cookie of its own, so that tabs do not overwrite each other's. */
export interface Transactions {
  /** @throws ExchangeError `sign_in_too_large` if the transaction does not fit into one cookie */
  add(transaction: Transaction): Promise<void>;
  /** The transaction that a callback's state belongs to. */
  find(state: string): Promise<Transaction | undefined>;
  remove(state: string): Promise<void>;
}

/** The transactions in the cookies of one request. A cookie is named `prefix` and a hash of its transaction's state. */
export function openTransactions(
  jar: Jar,
  prefix: string,
  sealer: Sealer,
  attributes: CookieAttributes,
  now: () => number,
): Transactions {
  /**
   * Sign-ins in progress that a browser may hold at once; the next one evicts the oldest. A browser that opens the tabs of its last
   * session again begins many at once.
   */
  const MAX_PENDING = 10;
  /**
   * Bytes that all cookies of latchkey may take while sign-ins are in progress, also with a larger `maxCookieBytes`: proxies refuse
   * a header line of 8 KiB.
   */
  const MAX_BYTES = 7600;
  /** A name that is made of the state: a callback reads and deletes only the cookie of its own transaction. */
  const nameOf = async (state: string) => prefix + (await sha256(state)).slice(0, 10);

  async function read(name: string): Promise<Transaction | undefined> {
    const sealed = jar.get(name);
    const opened = sealed ? await sealer.open(sealed, now()) : undefined;
    // This purpose is only for transactions, so `add` has sealed any value that opens.
    return typeof opened === "object" ? (opened.payload as Transaction) : undefined;
  }

  /** Deletes the oldest transactions until the limits hold; a value that does not open counts as the oldest. `removable` bounds the deletions. */
  async function makeRoom(newest: string): Promise<void> {
    const names = jar.names().filter((name) => name.startsWith(prefix) && name !== newest);
    const removable = jar.removable(names);
    const pending = await Promise.all(
      removable.map(async (name) => ({ name, at: (await read(name))?.startedAt ?? 0 })),
    );
    const bytes = () => jar.bytes(jar.names().filter((name) => !names.includes(name) || removable.includes(name)));
    let left = pending.length;
    for (const { name } of pending.sort((one, other) => one.at - other.at)) {
      if (left < MAX_PENDING && bytes() <= MAX_BYTES) break;
      jar.delete(name, attributes);
      left--;
    }
  }

  return {
    async add(transaction) {
      const sealed = await sealer.seal(transaction, now());
      const name = await nameOf(transaction.state);
      const { length } = setCookieLine(name, sealed, attributes, TRANSACTION_DURATION);
      if (length > MAX_COOKIE) {
        const cause = new CookieTooLargeError(length, MAX_COOKIE, largestFields(transaction));
        throw new ExchangeError("sign_in_too_large", { cause });
      }
      jar.set(name, sealed, TRANSACTION_DURATION, attributes);
      await makeRoom(name);
    },
    find: async (state) => read(await nameOf(state)),
    remove: async (state) => jar.delete(await nameOf(state), attributes),
  };
}
