/** The public names that the entries of stores share: those that their signatures name, and the errors that they throw. */
export {
  ExchangeError,
  type ExchangeErrorCode,
  LatchkeyError,
  type MisuseCode,
  MisuseError,
} from "../../core/errors.js";
export type { StoreOptions } from "../../core/store/create-store.js";
export type { StorePort } from "../../core/store/port.js";
export type { UserSession } from "../../core/store/sign-outs.js";
export type { SignOutOptions, Store } from "../../core/store/store.js";
