export type { Awaitable } from "../../core/awaitable.js";
export {
  ExchangeError,
  type ExchangeErrorCode,
  LatchkeyError,
  type MisuseCode,
  MisuseError,
} from "../../core/errors.js";
export type { IdTokenClaims } from "../../core/exchange/types.js";
export type { ClientAssertion, ClientAuthentication } from "../../core/provider/client-authentication.js";
export type { IdentifyUser, ProviderDifferences, ProviderParameters } from "../../core/provider/differences.js";
export type { DiscoveryDocument } from "../../core/provider/discovery-document.js";
export type { ProviderOptions } from "../lib/auth-options.js";
export { type AdfsOptions, adfs } from "./adfs.js";
export { type AppleOptions, type AppleUser, apple, appleUser } from "./apple.js";
export { type Auth0Options, auth0 } from "./auth0.js";
export { type AuthentikOptions, authentik } from "./authentik.js";
export { type ClerkOptions, clerk } from "./clerk.js";
export { clientSecretFrom } from "./client-secret-from.js";
export { clientSecretJwt } from "./client-secret-jwt.js";
export { type CognitoOptions, cognito } from "./cognito.js";
export type { DescriptionOptions } from "./description.js";
export { type DiscordOptions, discord } from "./discord.js";
export { encryptedIdTokens } from "./encrypted-id-tokens.js";
export {
  type AzureB2cOptions,
  azureB2c,
  type EntraCertificate,
  type EntraExternalIdOptions,
  type EntraOptions,
  entra,
  entraExternalId,
  hasGroupsOverage,
} from "./entra.js";
export { type FacebookOptions, facebook } from "./facebook.js";
export { type FranceConnectOptions, franceConnect } from "./france-connect.js";
export { type FusionauthOptions, fusionauth } from "./fusionauth.js";
export { type GithubOptions, github } from "./github.js";
export { type GitlabOptions, gitlab } from "./gitlab.js";
export { type GoogleOptions, google } from "./google.js";
export { type GovUkOneLoginOptions, govUkOneLogin } from "./gov-uk-one-login.js";
export { hs256IdTokens } from "./hs256-id-tokens.js";
export { type KeycloakOptions, keycloak } from "./keycloak.js";
export { type LineOptions, line } from "./line.js";
export { type LinkedinOptions, linkedin } from "./linkedin.js";
export { type LoginGovOptions, loginGov } from "./login-gov.js";
export { type LogtoOptions, logto } from "./logto.js";
export { type OktaOptions, okta } from "./okta.js";
export { type PingOptions, ping } from "./ping.js";
export { type FetchProfile, type Profile, profile } from "./profile.js";
export { type SalesforceOptions, salesforce } from "./salesforce.js";
export { type SingpassOptions, singpass } from "./singpass.js";
export { type SlackOptions, slack } from "./slack.js";
export { type TwitchOptions, twitch } from "./twitch.js";
export { type WorkosOptions, workos } from "./workos.js";
export { type ZitadelOptions, zitadel } from "./zitadel.js";
