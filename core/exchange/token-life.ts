import type { ExchangeErrorCode } from "../errors.js";
import { cellOf } from "./cell.js";
import type { TokenResponse } from "./machine.js";

export interface AccessToken {
  readonly accessToken: string;
  /** Milliseconds since the epoch; absent when the provider did not say. */
  readonly expiresAt?: number;
  /** When to renew a token so short-lived that the usual margin would be most of its life. */
  readonly dueAt?: number;
  readonly scope?: string;
  readonly audience?: string;
}

/** The tokens of one session. */
export interface TokenSet extends AccessToken {
  readonly idToken?: string;
  readonly refreshToken?: string;
  /** Tokens for other audiences or scopes, newest first. */
  readonly otherTokens?: readonly AccessToken[];
}

/** What kind of access token is asked for. */
export interface TokenRequest {
  /** @default the audience of the sign-in */
  readonly audience?: string;
  /** @default the scope of the sign-in */
  readonly scope?: string;
  /** A new one or an error, even if the token at hand is fresh. @default false */
  readonly refresh?: boolean;
}

export type TokenState =
  | { readonly name: "fresh"; readonly token: AccessToken }
  /** About to expire, expired, or to be renewed: `token` is one to fall back on. */
  | {
      readonly name: "due";
      readonly request: TokenRequest;
      readonly refreshToken: string;
      readonly token?: AccessToken;
    }
  | { readonly name: "refreshing"; readonly request: TokenRequest; readonly token?: AccessToken }
  /** The refresh failed for now; the session stays. */
  | { readonly name: "kept" }
  /** The provider revoked the grant. */
  | { readonly name: "ended" }
  /** There is none, and no means to get one. */
  | { readonly name: "missing" };

export type TokenEvent =
  | { readonly name: "refresh_started" }
  /** This response can no longer carry the cookies of a refreshed token. */
  | { readonly name: "refresh_impossible" }
  | { readonly name: "refreshed"; readonly tokens: TokenSet }
  /** `grant_ended` (RFC 6749 5.2 `invalid_grant`), and nothing else, ends the session. */
  | { readonly name: "refresh_failed"; readonly code: ExchangeErrorCode; readonly now: number };

export type TokenEffect =
  | { readonly name: "refresh"; readonly refreshToken: string; readonly request: TokenRequest }
  | { readonly name: "write_tokens"; readonly tokens: TokenSet }
  | { readonly name: "use_token"; readonly token: AccessToken }
  | { readonly name: "end_session" }
  | { readonly name: "fail"; readonly code: ExchangeErrorCode };

/** Seconds; tokens that live shorter are renewed after four fifths of their life. */
const SHORT_LIVED = 300;

/** The token set of a sign-in. The answer may have been long under way, or be shared: a life is counted from the request. */
export function tokenSetOf({ requestedAt, expiresIn, ...tokens }: TokenResponse): TokenSet {
  if (expiresIn === undefined) return tokens;
  const dueAt = expiresIn < SHORT_LIVED ? requestedAt + expiresIn * 800 : undefined;
  return { ...tokens, expiresAt: requestedAt + expiresIn * 1000, dueAt };
}

/** Whether it is not the sign-in's own token that is asked for. */
export const isSpecial = ({ audience, scope }: TokenRequest): boolean => (audience ?? scope) !== undefined;

/**
 * The set after a refresh: what was not renewed is kept; a token for another audience or scope is put beside the others, of
 * which the newest are kept.
 */
export function mergeTokens(previous: TokenSet, response: TokenResponse, request: TokenRequest, maxMore = 3): TokenSet {
  const { idToken = previous.idToken, refreshToken = previous.refreshToken, ...token } = tokenSetOf(response);
  const { otherTokens = [] } = previous;
  if (!isSpecial(request)) return { ...token, idToken, refreshToken, otherTokens: previous.otherTokens };
  const { audience, scope = token.scope } = request;
  // Under the words it was asked for in: the next request has the same.
  const special: AccessToken = { ...token, audience, scope };
  const others = otherTokens.filter((other) => other.audience !== audience || other.scope !== scope);
  return { ...previous, idToken, refreshToken, otherTokens: [special, ...others].slice(0, maxMore) };
}

/**
 * Where the tokens of a session stand for a request. `refreshToken` is what a new one can be got with, for who has other
 * means than the refresh token of the set.
 */
export function assess(
  tokens: TokenSet | undefined,
  request: TokenRequest,
  now: number,
  refreshToken = tokens?.refreshToken,
): TokenState {
  if (!tokens) return { name: "missing" };
  const { audience, scope } = request;
  const known = isSpecial(request)
    ? tokens.otherTokens?.find((other) => other.audience === audience && (scope ?? other.scope) === other.scope)
    : tokens;
  /** Milliseconds before its end from which on a token is renewed: requests take time, clocks differ. */
  const MARGIN = 60_000;
  const { expiresAt = Infinity, dueAt = expiresAt - MARGIN } = known ?? {};
  const token = known && !request.refresh && now < expiresAt ? known : undefined;
  // Without a refresh token the one at hand serves to its very end.
  if (token && (now < dueAt || !refreshToken)) return { name: "fresh", token };
  return refreshToken ? { name: "due", request, refreshToken, token } : { name: "missing" };
}

type StateOf<Name> = Extract<TokenState, { name: Name }>;
type EventOf<Name> = Extract<TokenEvent, { name: Name }>;
type Next<Name = TokenState["name"]> = readonly [StateOf<Name>, readonly TokenEffect[]];

/** Every transition there is: the state, the event, and where the two may lead. What is missing is illegal. */
export const tokenArrows = {
  due: {
    refresh_started: ["refreshing"],
    refresh_impossible: ["kept"],
  },
  refreshing: {
    refreshed: ["fresh"],
    refresh_failed: ["kept", "ended"],
  },
} as const;

type Arrows = typeof tokenArrows;

/** How it goes along each arrow. The compiler minds that it leads nowhere else. */
type Table = {
  readonly [S in keyof Arrows]: {
    readonly [E in keyof Arrows[S]]: (
      state: StateOf<S>,
      event: EventOf<E>,
    ) => Next<Extract<Arrows[S][E], readonly unknown[]>[number]>;
  };
};

/** Goes on with the token at hand, or says why there is none. */
const fallBack = (token: AccessToken | undefined, code: ExchangeErrorCode): readonly TokenEffect[] =>
  token ? [{ name: "use_token", token }] : [{ name: "fail", code }];

const tokenTransitions: Table = {
  due: {
    refresh_started: ({ request, refreshToken, token }) => [
      { name: "refreshing", request, token },
      [{ name: "refresh", refreshToken, request }],
    ],
    // A rotating refresh token is never spent where its successor cannot be kept.
    refresh_impossible: ({ token }) => [{ name: "kept" }, fallBack(token, "refresh_required")],
  },
  refreshing: {
    refreshed({ request }, { tokens }) {
      const [token = tokens] = (isSpecial(request) && tokens.otherTokens) || [];
      return [
        { name: "fresh", token },
        [
          { name: "write_tokens", tokens },
          { name: "use_token", token },
        ],
      ];
    },
    refresh_failed({ token }, { code, now }) {
      if (code === "grant_ended") return [{ name: "ended" }, [{ name: "end_session" }, { name: "fail", code }]];
      // It took its time: what served when it was asked for may be over.
      const usable = now < (token?.expiresAt ?? Infinity) ? token : undefined;
      return [{ name: "kept" }, fallBack(usable, code)];
    },
  },
};

/**
 * The state of a token after an event, and what is to be done.
 * @throws TypeError for a transition that is not in the table: no client can cause one
 */
export function tokenTransition(state: TokenState, event: TokenEvent): Next {
  return cellOf<(state: TokenState, event: TokenEvent) => Next>(tokenTransitions, state, event)(state, event);
}
