import { createStore } from "../../../adapters/stores/create-store.js";
import { createMemoryPort } from "../../../core/store/memory.js";
import type { Framework } from "../../support/app.js";
import { type Column, columns } from "./columns.js";
import { runContract } from "./run.js";

/** A column of the contract whose app has a store, which follows the clock of the test. */
function withStore(name: string, storage: "cookies" | "store", cannot: Column["cannot"] = {}): Column {
  const column = columns.find((each) => each.name === name) as Column;
  const framework: Framework = (options, extend) => {
    // In another process, which makes the store itself.
    if (name === "workerd") return column.framework({ ...options, session: { ...options.session, storage } }, extend);
    const store = createStore(createMemoryPort(options.now as () => number));
    return column.framework({ ...options, store, session: { ...options.session, storage } }, extend);
  };
  return {
    ...column,
    name: `${name}, ${storage === "store" ? "sessions in a store" : "a store beside the cookies"}`,
    framework,
    cannot: { ...column.cannot, ...cannot },
  };
}

const INSTEAD = "the store has the data and the tokens, so that";

/** Rows about what cookies hold, or about a response that must carry them. */
const inStore: Column["cannot"] = {
  "an app with several base URLs redirects back to the one that the browser used": `${INSTEAD} the row finds one cookie where it expects several`,
  "every session cookie is HttpOnly, SameSite=Lax and host-only, in a Set-Cookie line of its own": `${INSTEAD} there is no cookie of tokens`,
  "data that does not fit into cookies is a CookieTooLargeError, and the session stays as it was": `${INSTEAD} cookies do not grow`,
  "a user whose claims do not fit into cookies sees an error page, and no cookie is left": `${INSTEAD} cookies do not grow`,
  "a token's lifetime counts from its refresh, also for a request that gets the token half a minute later": `${INSTEAD} a request that asks for another token gets another one, whatever its cookies`,
  "a refresh token that the provider refuses ends the session when it comes again ten seconds later": `${INSTEAD} no other machine can have newer ones: the session ends at once`,
  "a refresh token that the provider refuses costs nothing when the browser gets newer tokens": `${INSTEAD} no other machine can have newer ones: the session ends at once`,
  "a protocol upgrade request refreshes and writes nothing, and the session stays": `${INSTEAD} a refresh needs no response to carry it`,
};

/** Every row holds with a store as well, except where the row is about what a cookie holds. */
runContract([
  withStore("Express 5", "cookies"),
  withStore("Express 5", "store", inStore),
  withStore("Edge on Node", "cookies"),
  withStore("Edge on Node", "store", inStore),
  withStore("workerd", "cookies", {
    "a refresh token that the provider refuses costs nothing when the browser gets newer tokens":
      "Durable Objects follow the real clock, so that the store still has the result of the refresh",
  }),
  withStore("workerd", "store", inStore),
]);
