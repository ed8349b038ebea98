export {
  ExchangeError,
  type ExchangeErrorCode,
  LatchkeyError,
  type MisuseCode,
  MisuseError,
} from "../../core/errors.js";
export type { LatchkeyEvent } from "../../core/events.js";
export type { AccessToken, TokenRequest } from "../../core/exchange/token-set.js";
export type { AuthorizationParameters } from "../../core/exchange/types.js";
export type { User, UserClaims } from "../../core/exchange/user.js";
export type { FetchInit, FetchLike } from "../../core/ports.js";
export { auth0 } from "../../core/provider/auth0.js";
export type { RegisteredUser } from "../../core/register.js";
export type { SignedIn } from "./callback.js";
export { createClient } from "./client.js";
export type { Client, LoginOptions } from "./client-types.js";
export type { ClientOptions } from "./options.js";
export type { LogoutOptions } from "./sign-out.js";
export type { AuthSource, AuthState, LoadingState, SignedInState, SignedOutState, UserState } from "./state.js";
