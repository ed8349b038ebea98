/** Tools that test an app which uses latchkey, without a network, a browser or real time. */
export type { Awaitable } from "../../core/awaitable.js";
export {
  CookieTooLargeError,
  ExchangeError,
  type ExchangeErrorCode,
  LatchkeyError,
  type MisuseCode,
  MisuseError,
} from "../../core/errors.js";
export type { AccessToken, TokenSet } from "../../core/exchange/token-set.js";
export type { IdTokenClaims } from "../../core/exchange/types.js";
export type { User, UserClaims } from "../../core/exchange/user.js";
export type { ClientAssertion, ClientAuthentication } from "../../core/provider/client-authentication.js";
export type { IdentifyUser, ProviderDifferences, ProviderParameters } from "../../core/provider/differences.js";
export type { DiscoveryDocument } from "../../core/provider/discovery-document.js";
export type { RegisteredData, RegisteredUser } from "../../core/register.js";
export type { CookieOptions } from "../../core/session/options.js";
export type { StandardSchema } from "../../core/session/schema.js";
export type { StorePort } from "../../core/store/port.js";
export type { UserSession } from "../../core/store/sign-outs.js";
export type { SignOutOptions, Store } from "../../core/store/store.js";
export type { AuthSessionOptions, ProviderOptions } from "../lib/auth-options.js";
export { type CheckStoreOptions, checkStore } from "./check-store.js";
export { createClock, type FixedClock } from "./clock.js";
export type {
  ClaimFault,
  Endpoint,
  Fault,
  FaultName,
  MisbehaveOptions,
  ProtocolFault,
  SignatureFault,
  TransportFault,
} from "./faults.js";
export { type CookieJar, createCookieJar, type RequestContext } from "./jar.js";
export { type MintOptions, mintSession } from "./mint.js";
export { createTestProvider } from "./provider.js";
export type {
  AuthorizationResponse,
  AuthorizeOptions,
  ProviderRequest,
  TestProvider,
  TestProviderOptions,
} from "./provider-options.js";
export type { SigningAlg } from "./tokens.js";
