import { ExchangeError } from "../errors.js";
import type { Ports } from "../ports.js";
import type { StorePort } from "./port.js";

/** The clock of the calls of a store. */
export type StoreClock = Required<Pick<Ports, "now" | "sleep">>;

/** How a store waits. */
export interface Timers extends Pick<StoreClock, "sleep"> {
  /** Calls `task` after this many milliseconds, unless the function that it returns is called before. */
  after(milliseconds: number, task: () => void): () => void;
}

/**
 * A store whose calls end after `timeout` milliseconds: the clients of databases wait for minutes by default. A call that is late or
 * rejects fails with ExchangeError `store_unavailable`; the database may do it all the same. Durations become positive integers.
 */
export function boundedStore(store: StorePort, { after }: Timers, timeout: number): StorePort {
  const bounded = <Result>(call: () => Promise<Result>): Promise<Result> =>
    new Promise((resolve, reject) => {
      const fail = (cause: unknown) => reject(new ExchangeError("store_unavailable", { cause }));
      const cancel = after(timeout, () => fail(`no answer within ${timeout} ms`));
      const end =
        <Value>(settle: (value: Value) => void) =>
        (value: Value) => {
          cancel();
          settle(value);
        };
      try {
        call().then(end(resolve), end(fail));
      } catch (error) {
        end(fail)(error);
      }
    });
  const whole = (milliseconds: number) => Math.max(1, Math.ceil(milliseconds));
  return {
    get: (key) => bounded(() => store.get(key)),
    add: (key, value, forMs) => bounded(() => store.add(key, value, whole(forMs))),
    replace: (key, expected, value, forMs) => bounded(() => store.replace(key, expected, value, whole(forMs))),
    extend: (key, forMs) => bounded(() => store.extend(key, whole(forMs))),
    delete: (key) => bounded(() => store.delete(key)),
    addMember: (set, member, forMs) => bounded(() => store.addMember(set, member, whole(forMs))),
    removeMember: (set, member) => bounded(() => store.removeMember(set, member)),
    members: (set) => bounded(() => store.members(set)),
  };
}
