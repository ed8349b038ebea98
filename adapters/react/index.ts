"use client";
export {
  ExchangeError,
  type ExchangeErrorCode,
  LatchkeyError,
  type MisuseCode,
  MisuseError,
} from "../../core/errors.js";
export type { User, UserClaims } from "../../core/exchange/user.js";
export type { ClaimValue, RequiredClaims } from "../../core/required-claims.js";
export type {
  AccessToken,
  AuthorizationParameters,
  AuthState,
  Client,
  ClientOptions,
  FetchInit,
  FetchLike,
  LatchkeyEvent,
  LoadingState,
  LoginOptions as ClientLoginOptions,
  LogoutOptions,
  RegisteredUser,
  SignedIn,
  SignedInState,
  SignedOutState,
  TokenRequest,
  UserState,
} from "../browser/index.js";
export { AuthProvider, type AuthProviderProps } from "./auth-provider.js";
export type { Auth0LogoutOptions } from "./auth0-options.js";
export { Auth0Provider, type Auth0ProviderProps } from "./auth0-provider.js";
export type { AppState, HandledEvent, LoginOptions } from "./login-options.js";
export type { AccessTokenRequest, AuthHandlers } from "./model.js";
export type { Place, ReturnTo } from "./return-to.js";
export { type ServerSession, SessionError } from "./server-session.js";
export type { SessionOptions } from "./session-model.js";
export { SessionProvider, type SessionProviderProps } from "./session-provider.js";
export { type UseAuth, useAuth } from "./use-auth.js";
export { type UseSession, useSession } from "./use-session.js";
export { withAuth } from "./with-auth.js";
export { type UserRequirement, withLoginRequired } from "./with-login-required.js";
