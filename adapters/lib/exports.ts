/** The public names that the entries with sign-in on a server share: those that their signatures name, and the errors that they throw. */
export type { Awaitable } from "../../core/awaitable.js";
export {
  CookieTooLargeError,
  ExchangeError,
  type ExchangeErrorCode,
  LatchkeyError,
  type MisuseCode,
  MisuseError,
} from "../../core/errors.js";
export type { LatchkeyEvent } from "../../core/events.js";
export type { TokenRequest } from "../../core/exchange/token-set.js";
export type { AuthorizationParameters, IdTokenClaims, TokenResponse } from "../../core/exchange/types.js";
export type { ShapedUser, User, UserClaims } from "../../core/exchange/user.js";
export type { FetchInit, FetchLike } from "../../core/ports.js";
export { auth0 } from "../../core/provider/auth0.js";
export type { ClientAssertion, ClientAuthentication } from "../../core/provider/client-authentication.js";
export type { IdentifyUser, ProviderDifferences, ProviderParameters } from "../../core/provider/differences.js";
export type { DiscoveryDocument } from "../../core/provider/discovery-document.js";
export type { RegisteredData, RegisteredUser } from "../../core/register.js";
export type { SignIn } from "../../core/relying-party/config.js";
export type { ErrorPageTexts } from "../../core/relying-party/error-page.js";
export {
  type ExchangedToken,
  exchangeToken,
  type TokenExchangeOptions,
} from "../../core/relying-party/exchange-token.js";
export type { Failure } from "../../core/relying-party/failure.js";
export { hasScope } from "../../core/relying-party/has-scope.js";
export type { LoginOptions } from "../../core/relying-party/login-options.js";
export { type RefreshedUser, refreshUser, type SignedInRequest } from "../../core/relying-party/refresh-user.js";
export type { AuthSession } from "../../core/relying-party/request-auth.js";
export type { Allow, SessionRequirement, SessionStepUp } from "../../core/relying-party/requirement.js";
export type { LogoutOptions } from "../../core/relying-party/sign-out.js";
export { stepUpOf } from "../../core/relying-party/step-up.js";
export type { ClaimValue, RequiredClaims } from "../../core/required-claims.js";
export type { AccessTokenClaims, VerifiedAccessToken } from "../../core/resource-server/access-token.js";
export type { AccessTokenRefusal, AccessTokenRefusalCode } from "../../core/resource-server/refusal.js";
export type { CookieOptions } from "../../core/session/options.js";
export type { SessionRefusal } from "../../core/session/refusal.js";
export type { StandardSchema } from "../../core/session/schema.js";
export type { StorePort } from "../../core/store/port.js";
export type { UserSession } from "../../core/store/sign-outs.js";
export type { SignOutOptions, Store } from "../../core/store/store.js";
export type { Dpop } from "../dpop.js";
export type { AccessTokenOptions, IssuerOptions } from "./access-token.js";
export type { AuthOptions, AuthSessionOptions, ProviderOptions } from "./auth-options.js";
export { type BackchannelLogout, backchannelLogout } from "./backchannel-logout.js";
export { type Introspection, type IntrospectionOptions, introspection } from "./introspection.js";
export { type PrivateKeyJwtOptions, privateKeyJwt } from "./private-key-jwt.js";
export type { ProtectedResourceOptions } from "./protected-resource.js";
export { type StepUp, type StepUpOptions, stepUp } from "./step-up.js";
export { translatedErrorPage } from "./translated-error-page.js";
