import type { Authentication } from "../../core/exchange/types.js";
import type { User } from "../../core/exchange/user.js";
import type { ClientSession } from "./client-session.js";
import { isUsable, sessionAfter } from "./session.js";
import type { ClientContext } from "./sign-in.js";

/*
 * How a sign-in changes the session of all tabs when it comes back.
 */

/**
 * Replaces the session by that of a sign-in. If a silent sign-in is not expected, the session stays, and the refresh token of the
 * sign-in is revoked.
 */
export function acceptSignIn(context: ClientContext, result: Authentication, isSilent: boolean): Promise<void> {
  return context.takeTurn(async (turn) => {
    const current = context.session();
    const isAccepted = !isSilent || isExpected(current, result.claims.sub, turn.wasSignedIn);
    if (isAccepted && (await turn.replaceSession(sessionAfter(context, result, current)))) {
      context.emit({ type: "signed_in" });
    } else revokeUnused(context, result.claims.sub, result.tokens.refreshToken);
  });
}

/** Whether a silent sign-in may become the session: no tab has signed out, and a current session is of this user. */
export const isExpected = (
  current: ClientSession | null,
  subject: User["sub"],
  wasSignedIn: boolean | undefined,
): boolean => wasSignedIn !== false && (!current || current.user.sub === subject);

/** Ends the session of this user, unless a token is valid: a silent sign-in of `subject` found no session at the provider. */
export function acceptNoSession(context: ClientContext, subject: User["sub"] | undefined): Promise<void> {
  return context.takeTurn(async (turn) => {
    const current = context.session();
    if (!current) await turn.recordNoSession();
    // The session of another tab that signed in meanwhile stays.
    else if (current.user.sub === subject && !isUsable(current.tokens, context.ports.now())) {
      await turn.replaceSession(null);
    }
  });
}

/**
 * Revokes a refresh token of this user that no session has. Not while the user is signed in: a provider may revoke the refresh
 * token of the session with it, because both are of one grant (RFC 7009 2.1).
 */
export function revokeUnused(
  { provider, session }: ClientContext,
  subject: User["sub"],
  refreshToken: string | undefined,
): void {
  if (refreshToken !== undefined && session()?.user.sub !== subject) provider.revoke(refreshToken).catch(() => {});
}
