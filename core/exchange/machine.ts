import { ExchangeError, type ExchangeErrorCode } from "../errors.js";
import { cellOf } from "./cell.js";
import { authenticationError, callbackError, sameText } from "./checks.js";
import { grantedScope } from "./token-set.js";
import type {
  Authentication,
  AuthorizationParameters,
  ExchangeConfig,
  IdTokenClaims,
  RequestParameters,
  TokenResponse,
  Transaction,
} from "./types.js";

/*
 * Theory of operation. This machine decides what happens in a sign-in with the authorization code flow (OpenID Connect
 * Core 3.1). It performs nothing: each transition returns the next state and the effects that the interpreter (sign-in.ts)
 * performs in their order. The result of an effect is the next event.
 *
 * A sign-in is two runs of the machine, because the browser leaves for the provider between them:
 * 1. From `idle` by `login_requested` to `requesting_authorization`: the transaction is stored, and the URL of the authorization
 *    request is built. The run ends in `awaiting_callback`, which carries that URL.
 * 2. From `awaiting_callback`, with the transaction that was stored, by `callback_received`: the transaction is deleted first,
 *    then the code is redeemed, the ID Token verified, userinfo fetched where it is configured. The run ends in
 *    `authenticated` or in `failed`. A callback without a stored transaction starts in `idle` and fails. For a provider whose
 *    differences say how it identifies a user, there may be no ID Token, and the result of that function is what was verified.
 *
 * Only the transaction outlives a request. Nothing but this machine decides that a user is authenticated, and it does so only
 * in a state that a verified ID Token of this transaction led to. An ExchangeError at any step leads to `failed`; any other
 * error (of the app's `onSignIn`, of a cookie that does not fit) is thrown through, from `authenticated`. The transaction is gone
 * by then, so that no callback can be tried twice (S25).
 */

export type State =
  | { readonly name: "idle" }
  | { readonly name: "requesting_authorization"; readonly transaction: Transaction }
  /** `url` is the authorization request to send the browser to; a transaction that was read back has none. */
  | { readonly name: "awaiting_callback"; readonly transaction: Transaction; readonly url?: string }
  | { readonly name: "redeeming_code"; readonly transaction: Transaction }
  | { readonly name: "verifying_id_token"; readonly transaction: Transaction; readonly tokens: TokenResponse }
  | {
      readonly name: "fetching_userinfo";
      readonly transaction: Transaction;
      readonly tokens: TokenResponse;
      readonly claims: IdTokenClaims;
    }
  | ({ readonly name: "authenticated"; readonly returnTo: string } & Authentication)
  | { readonly name: "failed"; readonly error: ExchangeError };

export type Event =
  | ({
      readonly name: "login_requested";
      /** S256 of the verifier (RFC 7636 4.2). */
      readonly codeChallenge: string;
      /** Further authorization parameters; those of the protocol win. */
      readonly parameters: AuthorizationParameters;
    } & Transaction)
  | { readonly name: "authorization_url_built"; readonly url: string }
  | { readonly name: "callback_received"; readonly now: number; readonly parameters: URLSearchParams }
  | { readonly name: "tokens_received"; readonly tokens: TokenResponse }
  | { readonly name: "id_token_verified"; readonly now: number; readonly claims: IdTokenClaims }
  | { readonly name: "userinfo_received"; readonly userinfo: Authentication["userinfo"] }
  | { readonly name: "step_failed"; readonly error: ExchangeError };

/** A task for the interpreter after a transition. Each effect has all values that the task takes. */
export type Effect =
  | { readonly name: "store_transaction"; readonly transaction: Transaction }
  | { readonly name: "clear_transaction"; readonly state: string }
  | { readonly name: "build_authorization_url"; readonly parameters: RequestParameters }
  | {
      readonly name: "redeem_code";
      readonly code: string;
      readonly codeVerifier: string;
      readonly redirectUri: string;
      readonly audience?: string | undefined;
    }
  | { readonly name: "verify_id_token"; readonly idToken: string | undefined; readonly accessToken: string }
  | { readonly name: "fetch_userinfo"; readonly accessToken: string; readonly subject: string }
  | ({ readonly name: "establish_session" } & Authentication);

export type StateOf<Name> = Extract<State, { name: Name }>;
type EventOf<Name> = Extract<Event, { name: Name }>;
type Next<Name = State["name"]> = readonly [StateOf<Name>, readonly Effect[]];

/** All transitions: the state, the event, and the states that the two may lead to. Any other transition is illegal. */
export const arrows = {
  idle: {
    login_requested: ["requesting_authorization"],
    callback_received: ["failed"],
  },
  requesting_authorization: {
    authorization_url_built: ["awaiting_callback"],
    step_failed: ["failed"],
  },
  awaiting_callback: {
    callback_received: ["redeeming_code", "failed"],
  },
  redeeming_code: {
    tokens_received: ["verifying_id_token", "failed"],
    step_failed: ["failed"],
  },
  verifying_id_token: {
    id_token_verified: ["fetching_userinfo", "authenticated", "failed"],
    step_failed: ["failed"],
  },
  fetching_userinfo: {
    userinfo_received: ["authenticated"],
    step_failed: ["failed"],
  },
  authenticated: {
    step_failed: ["failed"],
  },
} as const;

type Arrows = typeof arrows;

/** One handler per transition; its return type limits it to the states listed in `arrows`. */
type Table = {
  readonly [S in keyof Arrows]: {
    readonly [E in keyof Arrows[S]]: (
      config: ExchangeConfig,
      state: StateOf<S>,
      event: EventOf<E>,
    ) => Next<Extract<Arrows[S][E], readonly unknown[]>[number]>;
  };
};

const failed = (code: ExchangeErrorCode, cause?: unknown): Next<"failed"> => [
  { name: "failed", error: new ExchangeError(code, { cause }) },
  [],
];

const clear = ({ state }: Transaction): Effect => ({ name: "clear_transaction", state });

/** The interpreter could not perform a step. */
const stepFailed = (_config: unknown, _state: unknown, { error }: EventOf<"step_failed">): Next<"failed"> => [
  { name: "failed", error },
  [],
];

const transitions: Table = {
  idle: {
    login_requested: requestLogin,
    // No sign-in of this browser belongs to this callback (S27, S29).
    callback_received: () => failed("no_transaction"),
  },
  requesting_authorization: {
    authorization_url_built: (_config, { transaction }, { url }) => [
      { name: "awaiting_callback", transaction, url },
      [],
    ],
    // The browser cannot be sent to the provider, so its transaction is deleted.
    step_failed: (_config, { transaction }, { error }) => [{ name: "failed", error }, [clear(transaction)]],
  },
  awaiting_callback: {
    callback_received: receiveCallback,
  },
  redeeming_code: {
    tokens_received: receiveTokens,
    step_failed: stepFailed,
  },
  verifying_id_token: {
    id_token_verified: acceptIdToken,
    step_failed: stepFailed,
  },
  fetching_userinfo: {
    userinfo_received: (_config, { name: _, ...state }, { userinfo }) => authenticate({ ...state, userinfo }),
    step_failed: stepFailed,
  },
  // The session could not be established.
  authenticated: { step_failed: stepFailed },
};

/**
 * The state after an event, and the effects to perform.
 * @throws TypeError for a transition that is not in the table: no client can cause one
 */
export function transition(config: ExchangeConfig, state: State, event: Event): Next {
  type Handler = (config: ExchangeConfig, state: State, event: Event) => Next;
  return cellOf<Handler>(transitions, state, event)(config, state, event);
}

function requestLogin(
  { clientId, responseMode, differences, ...config }: ExchangeConfig,
  _state: StateOf<"idle">,
  { name: _, codeChallenge, parameters: further, ...transaction }: EventOf<"login_requested">,
): Next<"requesting_authorization"> {
  const { state, nonce, redirectUri, maxAge, organization, scope = config.scope } = transaction;
  const parameters: RequestParameters = {
    ...further,
    response_type: "code",
    client_id: clientId,
    redirect_uri: redirectUri,
    scope,
    state,
    nonce,
    ...(differences?.takesPkce === false ? {} : { code_challenge: codeChallenge, code_challenge_method: "S256" }),
    response_mode: responseMode === "query" ? undefined : responseMode,
    max_age: maxAge?.toString(),
    organization: organization || undefined,
  };
  return [
    { name: "requesting_authorization", transaction },
    [
      { name: "store_transaction", transaction },
      { name: "build_authorization_url", parameters },
    ],
  ];
}

/** Uses the transaction up, whatever the callback says (S25). */
function receiveCallback(
  config: ExchangeConfig,
  { transaction }: StateOf<"awaiting_callback">,
  { now, parameters }: EventOf<"callback_received">,
): Next<"redeeming_code" | "failed"> {
  const error = callbackError(config, transaction, parameters, now);
  if (error) return [{ name: "failed", error }, [clear(transaction)]];
  const { codeVerifier, redirectUri, audience } = transaction;
  const code = parameters.get("code") as string;
  return [
    { name: "redeeming_code", transaction },
    [clear(transaction), { name: "redeem_code", code, codeVerifier, redirectUri, audience }],
  ];
}

function receiveTokens(
  config: ExchangeConfig,
  { transaction }: StateOf<"redeeming_code">,
  { tokens: response }: EventOf<"tokens_received">,
): Next<"verifying_id_token" | "failed"> {
  const { idToken, accessToken } = response;
  const tokens = { ...response, scope: grantedScope(response, transaction.scope ?? config.scope) };
  // OpenID Connect Core 3.1.3.3: without an ID Token no user was authenticated.
  if (idToken === undefined && !config.differences?.identify)
    return failed("id_token_invalid", { member: "id_token", value: "missing" });
  return [{ name: "verifying_id_token", transaction, tokens }, [{ name: "verify_id_token", idToken, accessToken }]];
}

function acceptIdToken(
  config: ExchangeConfig,
  { transaction, tokens }: StateOf<"verifying_id_token">,
  { claims, now }: EventOf<"id_token_verified">,
): Next<"fetching_userinfo" | "authenticated" | "failed"> {
  const { nonce } = claims;
  // A provider that never returns a nonce has that said of it by name; one that is returned must be right all the same.
  const isExcused = config.differences?.returnsNonce === false && nonce === undefined;
  if (!isExcused && !sameText(nonce, transaction.nonce)) return failed("nonce_mismatch");
  const code = authenticationError(config, transaction, claims, now);
  if (code) return failed(code);
  if (!config.userinfo) return authenticate({ transaction, tokens, claims, userinfo: {} });
  const { accessToken } = tokens;
  return [
    { name: "fetching_userinfo", transaction, tokens, claims },
    [{ name: "fetch_userinfo", accessToken, subject: claims.sub }],
  ];
}

const authenticate = (authentication: Authentication): Next<"authenticated"> => [
  { name: "authenticated", returnTo: authentication.transaction.returnTo, ...authentication },
  [{ name: "establish_session", ...authentication }],
];
