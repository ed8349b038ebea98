/** Tries the settings of an app, for health endpoints and for `npx latchkey check`. */
export {
  CookieTooLargeError,
  ExchangeError,
  type ExchangeErrorCode,
  LatchkeyError,
  type MisuseCode,
  MisuseError,
} from "../../core/errors.js";
export type * from "../lib/exports.js";
export type { WaitUntil } from "../lib/wait-until.js";
export { type CheckSetupOptions, checkSetup, type SetupOptions } from "./check-setup.js";
export type { SetupCheck, SetupFinding, SetupStatus } from "./findings.js";
export type { SetupReport } from "./report.js";
