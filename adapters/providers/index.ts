export {
  ExchangeError,
  type ExchangeErrorCode,
  LatchkeyError,
  type MisuseCode,
  MisuseError,
} from "../../core/errors.js";
export type { IdentifyUser, ProviderDifferences, ProviderParameters } from "../../core/provider/differences.js";
export { hs256IdTokens } from "./hs256-id-tokens.js";
export { type FetchProfile, type Profile, profile } from "./profile.js";
