import { ExchangeError } from "../errors.js";
import { cellOf } from "./cell.js";
import { type AccessToken, findToken, type TokenRequest, type TokenSet } from "./token-set.js";
import type { TokenResponse } from "./types.js";

/*
 * Theory of operation. This machine decides about one access token that a session needs for one request.
 *
 * `assess` finds the first state: `fresh` (use the token), `due` (renew it), or `missing` (no token is valid, or a new one is required,
 * and the session has no refresh token). Only `due` needs the machine, which `renewToken` (renewal.ts) runs:
 * 1. If the new tokens can be stored, `refresh_started` leads to `refreshing`, with the effect `refresh`. If they cannot (the headers
 *    of the response have left), `refresh_impossible` ends the run before anything is spent.
 * 2. New tokens lead to `fresh`, with the effect `store_tokens`: they are stored before the caller gets the token, since a
 *    rotated refresh token exists nowhere else. If the headers have left meanwhile, the caller gets the token all the same, and the
 *    process keeps the new refresh token (core/provider/refresher.ts).
 * 3. A failure leads to `stale` while the old token is still valid, else to `unavailable`. The session stays in both. If the refresh
 *    brought a rotated refresh token all the same, the effect `store_tokens` stores it before the error is reported.
 * 4. `grant_ended` (RFC 6749 5.2 `invalid_grant`), and no other failure, leads to `ended`, with the effect `end_session`.
 *
 * `fresh` and `stale` carry the token to use; `unavailable` and `ended` carry the error.
 */

/** The result of a refresh. Servers and pages add members that they need to store it. */
export interface Renewal extends Pick<TokenResponse, "malformed"> {
  readonly tokens: TokenSet;
  /** The refresh brought a rotated refresh token, which is in `tokens`, and no access token to use. */
  readonly error?: ExchangeError | undefined;
}

export type TokenState =
  | { readonly name: "fresh"; readonly token: AccessToken }
  /** About to expire, expired, or to be renewed by request. `token`: still valid, for use if the refresh fails. */
  | { readonly name: "due"; readonly request: TokenRequest; readonly token?: AccessToken | undefined }
  | { readonly name: "refreshing"; readonly request: TokenRequest; readonly token?: AccessToken | undefined }
  /** The refresh failed; the old token is still valid. */
  | { readonly name: "stale"; readonly token: AccessToken }
  /** The refresh failed, and no token is valid; the session stays. */
  | { readonly name: "unavailable"; readonly error: ExchangeError }
  /** The provider revoked the grant. */
  | { readonly name: "ended"; readonly error: ExchangeError }
  /** The session has no valid token for the request, and no refresh token. */
  | { readonly name: "missing" };

export type TokenEvent<Renewed extends Renewal = Renewal> =
  | { readonly name: "refresh_started" }
  /** This response can no longer carry the cookies of a refreshed token. */
  | { readonly name: "refresh_impossible" }
  | { readonly name: "refreshed"; readonly renewal: Renewed }
  /** `renewal`: what the refresh brought all the same. */
  | {
      readonly name: "refresh_failed";
      readonly error: ExchangeError;
      readonly now: number;
      readonly renewal?: Renewed;
    };

export type TokenEffect<Renewed extends Renewal = Renewal> =
  | { readonly name: "refresh"; readonly request: TokenRequest }
  | { readonly name: "store_tokens"; readonly renewal: Renewed }
  | { readonly name: "end_session" };

/** Milliseconds before its end at which a token becomes due: requests take time, clocks differ. */
const MARGIN = 60_000;

/** The state of a session's tokens for a request. `canRenew`: whether there is a way to get a new token. */
export function assess(
  tokens: TokenSet | undefined,
  request: TokenRequest,
  now: number,
  canRenew = Boolean(tokens?.refreshToken),
): TokenState {
  if (!tokens) return { name: "missing" };
  const stored = findToken(tokens, request);
  const { expiresAt = Infinity, dueAt = expiresAt - MARGIN } = stored ?? {};
  const token = stored && !request.refresh && now < expiresAt ? stored : undefined;
  // Without a way to renew it, a token serves to its very end.
  if (token && (now < dueAt || !canRenew)) return { name: "fresh", token };
  return canRenew ? { name: "due", request, token } : { name: "missing" };
}

export type StateOf<Name> = Extract<TokenState, { name: Name }>;
type EventOf<Name> = Extract<TokenEvent, { name: Name }>;
type Next<Name = TokenState["name"], Renewed extends Renewal = Renewal> = readonly [
  StateOf<Name>,
  readonly TokenEffect<Renewed>[],
];

/** All transitions: the state, the event, and the states that the two may lead to. Any other transition is illegal. */
export const tokenArrows = {
  due: {
    refresh_started: ["refreshing"],
    refresh_impossible: ["stale", "unavailable"],
  },
  refreshing: {
    refreshed: ["fresh"],
    refresh_failed: ["stale", "unavailable", "ended"],
  },
} as const;

type Arrows = typeof tokenArrows;

/** One handler per transition; its return type limits it to the states listed in `tokenArrows`. */
type Table = {
  readonly [S in keyof Arrows]: {
    readonly [E in keyof Arrows[S]]: (
      state: StateOf<S>,
      event: EventOf<E>,
    ) => Next<Extract<Arrows[S][E], readonly unknown[]>[number]>;
  };
};

const tokenTransitions: Table = {
  due: {
    refresh_started: ({ request, token }) => [{ name: "refreshing", request, token }, [{ name: "refresh", request }]],
    // A rotating refresh token is never spent where its successor cannot be stored.
    refresh_impossible: ({ token }) => [
      token ? { name: "stale", token } : { name: "unavailable", error: new ExchangeError("refresh_required") },
      [],
    ],
  },
  refreshing: {
    refreshed: ({ request }, { renewal }) => [
      { name: "fresh", token: findToken(renewal.tokens, request) ?? renewal.tokens },
      [{ name: "store_tokens", renewal }],
    ],
    refresh_failed({ token }, { error, now, renewal }) {
      if (error.code === "grant_ended") return [{ name: "ended", error }, [{ name: "end_session" }]];
      // The refresh took time: the token may have expired meanwhile.
      const isValid = token && now < (token.expiresAt ?? Infinity);
      return [
        isValid ? { name: "stale", token } : { name: "unavailable", error },
        renewal ? [{ name: "store_tokens", renewal }] : [],
      ];
    },
  },
};

/**
 * The state of a token after an event, and the effects to perform.
 * @throws TypeError for a transition that is not in the table: no client can cause one
 */
export function tokenTransition<Renewed extends Renewal>(
  state: TokenState,
  event: TokenEvent<Renewed>,
): Next<TokenState["name"], Renewed> {
  type Handler = (state: TokenState, event: TokenEvent<Renewed>) => Next<TokenState["name"], Renewed>;
  return cellOf<Handler>(tokenTransitions, state, event)(state, event);
}
