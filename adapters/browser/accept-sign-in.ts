import type { Authentication } from "../../core/exchange/types.js";
import type { User } from "../../core/exchange/user.js";
import type { ClientSession } from "./client-session.js";
import { isUsable, sessionAfter } from "./session.js";
import type { ClientContext } from "./sign-in.js";

/** What becomes of the session of all tabs when a sign-in comes back. */

/**
 * Begins the session of a sign-in. A silent one counts only for the user who is signed in, or if no tab knows of a sign-out:
 * otherwise its tokens are revoked.
 */
export function acceptSignIn(context: ClientContext, result: Authentication, isSilent: boolean): Promise<void> {
  const { settings, tabs, emit } = context;
  return tabs.takeTurn(async (turn) => {
    const current = tabs.session();
    const isAccepted = !isSilent || isExpected(current, result.claims.sub, turn.wasSignedIn);
    if (isAccepted && (await turn.replaceSession(sessionAfter(settings, result, current)))) {
      emit({ type: "signed_in" });
    } else revokeUnused(context, result.tokens.refreshToken);
  });
}

/** Whether a silent sign-in of this user goes on with what the tabs know. */
export const isExpected = (
  current: ClientSession | null,
  subject: User["sub"],
  wasSignedIn: boolean | undefined,
): boolean => wasSignedIn !== false && (!current || current.user.sub === subject);

/** A silent sign-in of `subject` found no session at the provider. */
export function acceptNoSession({ settings, tabs }: ClientContext, subject: User["sub"] | undefined): Promise<void> {
  return tabs.takeTurn(async (turn) => {
    const current = tabs.session();
    if (!current) await turn.recordNoSession();
    // Another tab may have signed in meanwhile: its session stays.
    else if (current.user.sub === subject && !isUsable(current.tokens, settings.ports.now())) {
      await turn.replaceSession(null);
    }
  });
}

/** Revokes a refresh token that no session has. */
export function revokeUnused({ settings }: ClientContext, refreshToken: string | undefined): void {
  if (refreshToken !== undefined) settings.provider.revoke(refreshToken).catch(() => {});
}
