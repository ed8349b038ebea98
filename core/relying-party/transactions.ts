import { sha256 } from "../bytes.js";
import type { CookieAttributes } from "../cookie/header.js";
import type { Jar } from "../cookie/jar.js";
import { TRANSACTION_DURATION } from "../defaults.js";
import type { Transaction } from "../exchange/types.js";
import type { Sealer } from "../seal/sealer.js";

/** Sign-ins in progress, one sealed cookie each, so that tabs do not disturb each other. */
export interface Transactions {
  add(transaction: Transaction): Promise<void>;
  /** The transaction that a callback's state belongs to. */
  find(state: string): Promise<Transaction | undefined>;
  remove(state: string): Promise<void>;
}

/** `secret`-sealed transactions in the jar of one request, under `<prefix><id>`. */
export function openTransactions(
  jar: Jar,
  prefix: string,
  sealer: Sealer,
  attributes: CookieAttributes,
  now: () => number,
): Transactions {
  /** Sign-ins in progress that a browser may hold at once; the next one evicts the oldest. */
  const MAX_PENDING = 4;
  /** Bytes that all our cookies may take while sign-ins are in progress: below the header lines that proxies refuse. */
  const MAX_BYTES = 7600;
  /** Named after a hash of its state: a callback finds its own and touches no other. */
  const nameOf = async (state: string) => prefix + (await sha256(state)).slice(0, 10);

  async function read(name: string): Promise<Transaction | undefined> {
    const sealed = jar.get(name);
    const opened = sealed ? await sealer.open(sealed, now()) : undefined;
    // Authentic under a purpose of its own: what opens here was sealed by `add`.
    return typeof opened === "object" ? (opened.payload as Transaction) : undefined;
  }

  /** The oldest go first; what does not open is older than any. Of too many, the rest waits for the next sign-in. */
  async function makeRoom(newest: string): Promise<void> {
    const names = jar.names().filter((name) => name.startsWith(prefix) && name !== newest);
    const startedAt = async (name: string) => ({ name, at: (await read(name))?.startedAt ?? 0 });
    const candidates = jar.removable(names);
    const dated = await Promise.all(candidates.map(startedAt));
    const oldestFirst = dated.sort((left, right) => left.at - right.at).map(({ name }) => name);
    const uncounted = new Set(names.filter((name) => !candidates.includes(name)));
    const bytes = () => jar.bytes(jar.names().filter((name) => !uncounted.has(name)));
    for (const [index, name] of oldestFirst.entries()) {
      if (oldestFirst.length - index < MAX_PENDING && bytes() <= MAX_BYTES) break;
      jar.delete(name, attributes);
    }
  }

  return {
    async add(transaction) {
      const sealed = await sealer.seal(transaction, now());
      const name = await nameOf(transaction.state);
      jar.set(name, sealed, TRANSACTION_DURATION, attributes);
      await makeRoom(name);
    },
    find: async (state) => read(await nameOf(state)),
    remove: async (state) => jar.delete(await nameOf(state), attributes),
  };
}
