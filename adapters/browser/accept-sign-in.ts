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
  return context.takeTurn(async (turn) => {
    const current = context.session();
    const isAccepted = !isSilent || isExpected(current, result.claims.sub, turn.wasSignedIn);
    if (isAccepted && (await turn.replaceSession(sessionAfter(context, result, current)))) {
      context.emit({ type: "signed_in" });
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
export function acceptNoSession(context: ClientContext, subject: User["sub"] | undefined): Promise<void> {
  return context.takeTurn(async (turn) => {
    const current = context.session();
    if (!current) await turn.recordNoSession();
    // Another tab may have signed in meanwhile: its session stays.
    else if (current.user.sub === subject && !isUsable(current.tokens, context.ports.now())) {
      await turn.replaceSession(null);
    }
  });
}

/** Revokes a refresh token that no session has. */
export function revokeUnused({ provider }: ClientContext, refreshToken: string | undefined): void {
  if (refreshToken !== undefined) provider.revoke(refreshToken).catch(() => {});
}
