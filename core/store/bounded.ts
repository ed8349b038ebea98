import { ExchangeError } from "../errors.js";
import type { Timers } from "./clock.js";
import type { StorePort } from "./port.js";
import { mapFunctions } from "./port-functions.js";

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
        let cancel = after(timeout, () => {
          // Once more around the event loop: the answer may have arrived while the process was busy.
          cancel = after(0, () => fail({ message: `no answer within ${timeout} ms` }));
        });
        // The async function turns an error that `call` throws at once into a rejection.
        (async () => call())()
          .then(resolve, fail)
          .finally(() => cancel());
      }),
  );
