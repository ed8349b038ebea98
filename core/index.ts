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
export type { User, UserClaims } from "./exchange/user.js";
export { auth0 } from "./provider/auth0.js";
export type { Register, RegisteredData, RegisteredUser } from "./register.js";
export type { AuthSession } from "./relying-party/request-auth.js";
export type { AppSealer as Sealer, Opened, SealerOptions } from "./seal/app-sealer.js";
export { packed } from "./seal/payload.js";
export type { Codec, SealRefusal } from "./seal/sealer.js";
export type { Identity } from "./session/identity.js";
export type { LifetimeOptions, Session } from "./session/lifetime.js";
export type { CookieOptions, SessionsOptions } from "./session/options.js";
export type { SessionRefusal } from "./session/refusal.js";
export type { RequestSession, Sessions } from "./session/request-session.js";
export type { StandardSchema } from "./session/schema.js";
export type { StoreOptions } from "./store/create-store.js";
export type { StorePort } from "./store/port.js";
export type { UserSession } from "./store/sign-outs.js";
export type { SignOutOptions, Store } from "./store/store.js";
