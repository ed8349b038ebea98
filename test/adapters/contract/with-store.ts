import type { Column } from "./columns.js";

/** The columns of apps that have a store: what their names say, and the rows that a store answers otherwise. */
export const described = { store: "sessions in a store", cookies: "a store beside the cookies" } as const;

const INSTEAD = "the store has the data and the tokens, so that";

/** Rows about what cookies hold, or about a response that must carry them. */
export const inStore: Column["cannot"] = {
  "an app with several base URLs redirects back to the one that the browser used": `${INSTEAD} the row finds one cookie where it expects several`,
  "every session cookie is HttpOnly, SameSite=Lax and host-only, in a Set-Cookie line of its own": `${INSTEAD} there is no cookie of tokens`,
  "data that does not fit into cookies is a CookieTooLargeError, and the session stays as it was": `${INSTEAD} cookies do not grow`,
  "a user whose claims do not fit into cookies sees an error page, and no cookie is left": `${INSTEAD} cookies do not grow`,
  "a token's lifetime counts from its refresh, also for a request that gets the token half a minute later": `${INSTEAD} a request that asks for another token gets another one, whatever its cookies`,
  "a refresh token that the provider refuses ends the session when it comes again ten seconds later": `${INSTEAD} no other machine can have newer ones: the session ends at once`,
  "a refresh token that the provider refuses costs nothing when the browser gets newer tokens": `${INSTEAD} no other machine can have newer ones: the session ends at once`,
  "a protocol upgrade request refreshes and writes nothing, and the session stays": `${INSTEAD} a refresh needs no response to carry it`,
};

/** For a store beside the cookies whose database follows the real clock, and not that of the test. */
export const onRealClock: Column["cannot"] = {
  "a refresh token that the provider refuses costs nothing when the browser gets newer tokens":
    "the database follows the real clock, so that the store still has the result of the refresh",
};
