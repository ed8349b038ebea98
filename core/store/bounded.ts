import { ExchangeError } from "../errors.js";
import type { Ports } from "../ports.js";
import type { StorePort } from "./port.js";

/** The clock of the calls of a store. */
export type StoreClock = Required<Pick<Ports, "now" | "sleep">>;

/** The functions of a port. */
export const FUNCTIONS = ["get", "add", "replace", "extend", "delete", "addMember", "removeMember", "members"] as const;

/** A store with the same functions, each of which runs the call of the other store by `run`. Durations become positive integers. */
export function mapFunctions(store: StorePort, run: (call: () => Promise<never>) => Promise<never>): StorePort {
  type Call = (...args: unknown[]) => Promise<never>;
  const whole = (value: unknown) => (typeof value === "number" ? Math.max(1, Math.ceil(value)) : value);
  const mapped = FUNCTIONS.map((name): [string, Call] => [
    name,
    (...args) => run(() => (store[name] as Call)(...args.map(whole))),
  ]);
  return Object.fromEntries(mapped) as Record<(typeof FUNCTIONS)[number], Call>;
}

/** How a store waits. */
export interface Timers extends Pick<StoreClock, "sleep"> {
  /** Calls `task` after this many milliseconds, unless the function that it returns is called before. */
  after(milliseconds: number, task: () => void): () => void;
}

/**
 * A store whose calls end after `timeout` milliseconds: the clients of databases wait for minutes by default. A call that is late or
 * rejects fails with ExchangeError `store_unavailable`; the database may do it all the same.
 */
export const boundedStore = (store: StorePort, { after }: Timers, timeout: number): StorePort =>
  mapFunctions(
    store,
    (call) =>
      new Promise((resolve, reject) => {
        // The error of a client may hold the command that failed, such as one with the password.
        const fail = (thrown: unknown) => {
          const { name, code, message } = (thrown ?? {}) as { name?: unknown; code?: unknown; message?: unknown };
          reject(new ExchangeError("store_unavailable", { cause: { name, code, message } }));
        };
        const cancel = after(timeout, () => fail({ message: `no answer within ${timeout} ms` }));
        // The async function turns an error that `call` throws at once into a rejection.
        (async () => call())().then(resolve, fail).finally(cancel);
      }),
  );
