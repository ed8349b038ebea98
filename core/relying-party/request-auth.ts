import type { TokenRequest } from "../exchange/token-set.js";
import type { User } from "../exchange/user.js";
import type { RegisteredData } from "../register.js";
import type { SessionRefusal } from "../session/refusal.js";
import type { SessionSource } from "./config.js";
import type { LoginOptions } from "./login-options.js";
import type { LogoutOptions } from "./sign-out.js";

/**
 * The session of a signed-in user. All times are milliseconds since the epoch. Change it only with `update`: a change inside `user` or
 * `data` may or may not be sealed along with the next update.
 */
export interface AuthSession<Data = RegisteredData> extends SessionSource {
  readonly id: string;
  readonly user: User;
  /** The app's own data, written with `update`. */
  readonly data: Data;
  /** When the user authenticated at the provider. Only after a sign-in with `maxAge` or `acrValues`. */
  readonly authenticatedAt?: number | undefined;
  /** How the user authenticated at the provider: the `acr` of the ID Token. Only after a sign-in with `maxAge` or `acrValues`. */
  readonly acr?: string | undefined;
  readonly beganAt: number;
  /** When the session was last sealed. */
  readonly writtenAt: number;
  /** The latest activity that was written to a cookie. */
  readonly lastSeenAt: number;
  /** When inactivity would end the session; Infinity when sessions do not roll. */
  readonly inactiveAt: number;
  /** When the absolute limit ends the session. */
  readonly endsAt: number;
  /** When the session ends without further activity: the earlier one of `inactiveAt` and `endsAt`. */
  readonly expiresAt: number;
}

/**
 * The session of a request, and the methods of an app on it. `Answer` is the type that the adapter makes of a reply, `Init` the
 * platform's own type of request options, which the core does not know. Methods work when they are taken off
 * (`const { update } = req.auth`); a copy (`{ ...auth }`) is empty.
 */
export interface RequestAuth<Data, Answer, Init = object> {
  /** The session, or null if no user is signed in. */
  readonly session: AuthSession<Data> | null;
  /**
   * Why the request has no session although it has cookies that could be one; `login_required` if a silent sign-in (`prompt: "none"`)
   * found no session at the provider within the last 15 minutes, unless the store is away.
   */
  readonly reason: SessionRefusal | "login_required" | undefined;
  /**
   * Merges a patch into `session.data`, or applies a function to it.
   * @throws MisuseError `no_session`, `not_json`; `headers_sent` if the browser does not get the change, which a store may have
   * @throws MisuseError `value_too_large`, ExchangeError `store_unavailable` or `store_conflict` with sessions in a store, and `no_session`
   * if the session has ended elsewhere meanwhile
   * @throws CookieTooLargeError when the session would not fit; nothing is written then
   */
  update(change: Partial<Data> | ((data: Data) => Data)): Promise<void>;
  /**
   * A valid access token; refreshed when it is about to expire, or by request.
   * @throws ExchangeError `no_session`, `no_access_token`, `refresh_required`, `grant_ended`, `provider_unreachable` and others
   */
  getAccessToken(request?: TokenRequest): Promise<string>;
  /**
   * `fetch` with the access token, to `apiOrigins` only; after a 401 it is tried once more with a new token. `init`: the
   * options of the platform's own `fetch`, passed on as they are.
   * @throws MisuseError `origin_not_allowed`; ExchangeError as `getAccessToken`
   */
  fetch(url: string | URL, init?: Init, request?: TokenRequest): Promise<Response>;
  /** Answers by sending the browser to sign in. @throws MisuseError `headers_sent` */
  login(options?: LoginOptions): Promise<Answer>;
  /** Signs out here and at the provider, and answers by sending the browser there. @throws MisuseError `headers_sent` */
  logout(options?: LogoutOptions): Promise<Answer>;
}
