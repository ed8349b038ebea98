import { answerLogoutToken } from "../../core/relying-party/backchannel-logout.js";

/** The value of the option `backchannelLogout`, which `backchannelLogout()` returns. */
export interface BackchannelLogout {
  /** Only latchkey calls it. */
  answerLogoutToken(context: never): Promise<unknown>;
}

/**
 * Answers `POST {mount}/backchannel-logout`: the provider ends a user's sessions here when the user signs out elsewhere (OpenID Connect
 * Back-Channel Logout 1.0). Register the URL at the provider as `backchannel_logout_uri`. It needs a `store`.
 *
 * @example
 * ```ts
 * import { createMemoryStore } from "latchkey";
 * import { auth, backchannelLogout } from "latchkey/express";
 *
 * export const signIn = auth({ store: createMemoryStore(), backchannelLogout: backchannelLogout() });
 * ```
 */
export const backchannelLogout = (): BackchannelLogout => ({ answerLogoutToken });
