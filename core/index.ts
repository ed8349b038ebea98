/** The public names of the core. */
export type { Awaitable } from "./awaitable.js";
export {
  CookieTooLargeError,
  ExchangeError,
  type ExchangeErrorCode,
  LatchkeyError,
  type MisuseCode,
  MisuseError,
} from "./errors.js";
export type { LatchkeyEvent } from "./events.js";
export { auth0 } from "./provider/auth0.js";
export {
  type AppSealer as Sealer,
  createAppSealer as createSealer,
  type Opened,
  type SealerOptions,
} from "./seal/app-sealer.js";
export { packed } from "./seal/payload.js";
export type { Codec, SealRefusal } from "./seal/sealer.js";
export { inStore } from "./session/in-store.js";
export type { LifetimeOptions, Session } from "./session/lifetime.js";
export type { SessionRefusal } from "./session/reading.js";
export type { StandardSchema } from "./session/schema.js";
export type { RequestSession } from "./session/scope.js";
export type { CookieOptions, Sessions, SessionsOptions } from "./session/sessions.js";
export { createMemoryStore, type SessionStore, type StoredSession, type VersionedSession } from "./session/store.js";
