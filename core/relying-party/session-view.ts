import type { Session } from "../session/lifetime.js";
import type { SignedIn } from "./config.js";
import type { AuthSession } from "./request-auth.js";

/** A session as apps see it. */
export const presentSession = <Data>(session: Session<SignedIn<Data>>): AuthSession<Data> => ({
  ...session,
  ...session.data,
});
