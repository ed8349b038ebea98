"use client";
export {
  ExchangeError,
  type ExchangeErrorCode,
  LatchkeyError,
  type MisuseCode,
  MisuseError,
} from "../../core/errors.js";
export type { User } from "../../core/exchange/user.js";
export type { Client } from "../browser/client.js";
export type { ClientOptions } from "../browser/options.js";
export { AuthProvider, type AuthProviderProps } from "./auth-provider.js";
export { Auth0Provider, type Auth0ProviderProps } from "./auth0-provider.js";
export type { AppState, HandledEvent, LoginOptions, LogoutOptions } from "./login-options.js";
export type { AccessTokenRequest, AuthHandlers } from "./model.js";
export type { Place, ReturnTo } from "./return-to.js";
export { type ServerSession, SessionError, type SessionOptions } from "./session-model.js";
export { SessionProvider, type SessionProviderProps } from "./session-provider.js";
export { type UseAuth, useAuth } from "./use-auth.js";
export { type UseSession, useSession } from "./use-session.js";
export { withAuth } from "./with-auth.js";
export { withLoginRequired } from "./with-login-required.js";
