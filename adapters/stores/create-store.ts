import { createStore as createCoreStore, type StoreOptions } from "../../core/store/create-store.js";
import type { StorePort } from "../../core/store/port.js";
import type { Store } from "../../core/store/store.js";
import { after, sleep } from "../lib/sleep.js";

/**
 * Makes a store of a database of your own: implement {@link StorePort} over it, and prove it with `checkStore` of `latchkey/testing`.
 *
 * @example
 * ```ts
 * import { createStore, type StorePort } from "latchkey";
 * import { auth } from "latchkey/express";
 *
 * // `port`: the eight functions of a store, over the app's own database.
 * export const signIn = (port: StorePort) => auth({ store: createStore(port, { timeout: 2 }) });
 * ```
 * @throws MisuseError (`invalid_config`) when the port lacks a function, or an option is wrong
 */
export const createStore = (port: StorePort, options: StoreOptions = {}): Store =>
  createCoreStore(port, options, { after, sleep });
