import type { Awaitable } from "../awaitable.js";
import { exchangeErrorOf } from "../errors.js";
import { failure } from "../events.js";
import type { Ports } from "../ports.js";
import { drive, type Observer } from "./drive.js";
import {
  type Renewal,
  type StateOf,
  type TokenEffect,
  type TokenEvent,
  type TokenState,
  tokenTransition,
} from "./token-life.js";
import { reportMalformed, type TokenRequest } from "./token-set.js";

/** The steps of a renewal that a server and a page do differently. */
export interface RenewalHandlers<Renewed extends Renewal> {
  /** Gets a new token from the provider. */
  refresh(request: TokenRequest): Promise<Renewed>;
  /** Returns false if it was too late to store the tokens. */
  storeTokens(renewal: Renewed): Awaitable<boolean>;
  /** Ends the session, because the provider has ended the grant. */
  endSession(): Awaitable<unknown>;
}

/**
 * Renews a token that is due, and returns the access token to use: the one interpreter of the token machine.
 * @throws ExchangeError that says why no token is valid
 */
export async function renewToken<Renewed extends Renewal>(
  { emit, ports }: Observer & { readonly ports: Pick<Ports, "now"> },
  start: TokenState,
  first: TokenEvent<Renewed>,
  handlers: RenewalHandlers<Renewed>,
): Promise<string> {
  const perform = async (effect: TokenEffect<Renewed>): Promise<TokenEvent<Renewed> | undefined> => {
    switch (effect.name) {
      case "refresh":
        try {
          const renewal = await handlers.refresh(effect.request);
          const { error } = renewal;
          return error ? { name: "refresh_failed", error, renewal, now: ports.now() } : { name: "refreshed", renewal };
        } catch (error) {
          return { name: "refresh_failed", error: exchangeErrorOf(error), now: ports.now() };
        }
      case "store_tokens":
        if ((await handlers.storeTokens(effect.renewal)) && !effect.renewal.error) emit({ type: "refreshed" });
        reportMalformed(effect.renewal, emit);
        return undefined;
      case "end_session":
        await handlers.endSession();
        return undefined;
    }
  };
  const state: TokenState = await drive(
    { machine: "token", emit, transition: tokenTransition<Renewed>, perform },
    start,
    first,
  );
  if ("error" in state) {
    emit(failure(state.error));
    throw state.error;
  }
  // The machine ends with an error, or with a token.
  return (state as StateOf<"fresh" | "stale">).token.accessToken;
}
