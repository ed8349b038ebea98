import type { Session } from "../session/lifetime.js";
import type { SignedIn } from "./config.js";
import type { AuthSession } from "./request-auth.js";

/** When a session ends without further activity. Milliseconds since the epoch. */
export const expiresAtOf = ({ inactiveAt, endsAt }: Pick<Session<unknown>, "inactiveAt" | "endsAt">): number =>
  Math.min(inactiveAt, endsAt);

/** A session as apps see it. */
export const presentSession = <Data>(session: Session<SignedIn<Data>>): AuthSession<Data> => ({
  ...session,
  ...session.data,
  expiresAt: expiresAtOf(session),
});
