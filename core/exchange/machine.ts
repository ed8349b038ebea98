import type { ExchangeErrorCode } from "../errors.js";
import { cellOf } from "./cell.js";
import { authenticationError, callbackError, sameText } from "./checks.js";

/** A sign-in in progress: the one state that outlives a request, sealed into a cookie of its own. All JSON. */
export interface Transaction {
  /** RFC 6749 10.12 */
  readonly state: string;
  /** OpenID Connect Core 15.5.2 */
  readonly nonce: string;
  /** RFC 7636 4.1 */
  readonly codeVerifier: string;
  readonly redirectUri: string;
  /** A path on our own origin. */
  readonly returnTo: string;
  readonly issuer: string;
  /** The provider announced that it sends `iss` (RFC 9207 3). */
  readonly issRequired: boolean;
  /** Milliseconds since the epoch. */
  readonly startedAt: number;
  /** Seconds since the user authenticated, at most. */
  readonly maxAge?: number;
  readonly organization?: string;
  /** What the app wants to find again when the sign-in is done. */
  readonly appState?: unknown;
}

/** Parameters of a request to the provider; a list is a parameter that is repeated, as `resource` may be (RFC 8707 2). */
export type AuthorizationParameters = Readonly<Record<string, string | readonly string[]>>;

/** What a token endpoint answers (RFC 6749 5.1), and when it was asked. */
export interface TokenResponse {
  readonly accessToken: string;
  /** When it was asked for, in milliseconds since the epoch: its life began no earlier. */
  readonly requestedAt: number;
  /** Seconds. */
  readonly expiresIn?: number;
  readonly scope?: string;
  readonly idToken?: string;
  readonly refreshToken?: string;
}

/** Claims of an ID Token whose signature, issuer, audience and times were verified. */
export type IdTokenClaims = { readonly iss: string; readonly sub: string; readonly [claim: string]: unknown };

/** What does not change from one sign-in to the next. */
export interface ExchangeConfig {
  /** The one issuer that codes are redeemed at. */
  readonly issuer: string;
  readonly clientId: string;
  readonly scope: string;
  readonly responseMode: "query" | "form_post";
  /** Seconds that a sign-in may take. */
  readonly transactionDuration: number;
  /** Seconds by which the provider's clock may differ. */
  readonly clockTolerance: number;
}

export type State =
  | { readonly name: "idle" }
  | { readonly name: "awaiting_callback"; readonly transaction: Transaction }
  | { readonly name: "redeeming_code"; readonly transaction: Transaction }
  | { readonly name: "verifying_id_token"; readonly transaction: Transaction; readonly tokens: TokenResponse }
  | { readonly name: "authenticated"; readonly returnTo: string }
  | { readonly name: "failed"; readonly code: ExchangeErrorCode };

export type Event =
  | {
      readonly name: "login_requested";
      /** Milliseconds since the epoch. */
      readonly now: number;
      /** Random, of 256 bits each; `codeChallenge` is S256 of the verifier (RFC 7636 4.2). */
      readonly secrets: {
        readonly state: string;
        readonly nonce: string;
        readonly codeVerifier: string;
        readonly codeChallenge: string;
      };
      readonly redirectUri: string;
      readonly returnTo: string;
      readonly issuer: string;
      readonly issRequired: boolean;
      /** Further authorization parameters; ours always win. */
      readonly parameters: AuthorizationParameters;
      readonly maxAge?: number;
      readonly organization?: string;
      readonly appState?: unknown;
    }
  | { readonly name: "callback_received"; readonly now: number; readonly parameters: URLSearchParams }
  | { readonly name: "tokens_received"; readonly tokens: TokenResponse }
  | { readonly name: "id_token_verified"; readonly now: number; readonly claims: IdTokenClaims }
  | { readonly name: "step_failed"; readonly code: ExchangeErrorCode };

/** What is to be done, in this order; only the relying party does it. */
export type Effect =
  | { readonly name: "set_transaction"; readonly transaction: Transaction }
  | { readonly name: "clear_transaction" }
  /** Send the browser to the authorization endpoint. */
  | { readonly name: "authorize"; readonly parameters: AuthorizationParameters }
  | {
      readonly name: "redeem_code";
      readonly code: string;
      readonly codeVerifier: string;
      readonly redirectUri: string;
    }
  | { readonly name: "verify_id_token"; readonly idToken: string; readonly accessToken: string }
  | { readonly name: "establish_session"; readonly claims: IdTokenClaims; readonly tokens: TokenResponse }
  /** Send the browser back into the app. */
  | { readonly name: "redirect"; readonly to: string };

type StateOf<Name> = Extract<State, { name: Name }>;
type EventOf<Name> = Extract<Event, { name: Name }>;
type Next<Name = State["name"]> = readonly [StateOf<Name>, readonly Effect[]];

/** Every transition there is: the state, the event, and where the two may lead. What is missing is illegal. */
export const arrows = {
  idle: {
    login_requested: ["awaiting_callback"],
    callback_received: ["failed"],
  },
  awaiting_callback: {
    callback_received: ["redeeming_code", "failed"],
    step_failed: ["failed"],
  },
  redeeming_code: {
    tokens_received: ["verifying_id_token", "failed"],
    step_failed: ["failed"],
  },
  verifying_id_token: {
    id_token_verified: ["authenticated", "failed"],
    step_failed: ["failed"],
  },
  authenticated: {
    step_failed: ["failed"],
  },
} as const;

type Arrows = typeof arrows;

/** How it goes along each arrow. The compiler minds that it leads nowhere else. */
type Table = {
  readonly [S in keyof Arrows]: {
    readonly [E in keyof Arrows[S]]: (
      config: ExchangeConfig,
      state: StateOf<S>,
      event: EventOf<E>,
    ) => Next<Extract<Arrows[S][E], readonly unknown[]>[number]>;
  };
};

/** Names that neither an app nor a query may set: the protocol relies on them. */
export const protectedParameters: ReadonlySet<string> = new Set([
  "client_id",
  "client_secret",
  "code_challenge",
  "code_challenge_method",
  "code_verifier",
  "nonce",
  "redirect_uri",
  "request",
  "request_uri",
  "response_mode",
  "response_type",
  "scope",
  "state",
]);

const CLEAR: Effect = { name: "clear_transaction" };

const failed = (code: ExchangeErrorCode, effects: readonly Effect[] = []): Next<"failed"> => [
  { name: "failed", code },
  effects,
];

/** Any step that the interpreter could not perform. */
const stepFailed = (_config: unknown, _state: unknown, { code }: EventOf<"step_failed">) => failed(code);

const transitions: Table = {
  idle: {
    login_requested: requestLogin,
    // A callback that no sign-in in this browser belongs to (S27, S29).
    callback_received: () => failed("no_transaction"),
  },
  awaiting_callback: {
    callback_received: receiveCallback,
    // The browser could not be sent to the provider: nothing is left behind.
    step_failed: (_config, _state, { code }) => failed(code, [CLEAR]),
  },
  redeeming_code: {
    tokens_received: receiveTokens,
    step_failed: stepFailed,
  },
  verifying_id_token: {
    id_token_verified: acceptIdToken,
    step_failed: stepFailed,
  },
  // The session could not be established.
  authenticated: { step_failed: stepFailed },
};

/**
 * The state after an event, and what is to be done.
 * @throws TypeError for a transition that is not in the table: no client can cause one
 */
export function transition(config: ExchangeConfig, state: State, event: Event): Next {
  return cellOf<(config: ExchangeConfig, state: State, event: Event) => Next>(transitions, state, event)(
    config,
    state,
    event,
  );
}

function requestLogin(
  config: ExchangeConfig,
  _state: StateOf<"idle">,
  event: EventOf<"login_requested">,
): Next<"awaiting_callback"> {
  const { name: _name, now: startedAt, secrets, parameters: asked, ...answerable } = event;
  const { codeChallenge, ...kept } = secrets;
  const transaction: Transaction = { ...kept, ...answerable, startedAt };
  const { state, nonce, redirectUri, maxAge, organization } = transaction;
  const parameters: Record<string, string | readonly string[]> = {
    ...asked,
    response_type: "code",
    client_id: config.clientId,
    redirect_uri: redirectUri,
    scope: config.scope,
    state,
    nonce,
    code_challenge: codeChallenge,
    code_challenge_method: "S256",
  };
  if (config.responseMode !== "query") parameters["response_mode"] = config.responseMode;
  if (maxAge !== undefined) parameters["max_age"] = String(maxAge);
  if (organization) parameters["organization"] = organization;
  return [
    { name: "awaiting_callback", transaction },
    [
      { name: "set_transaction", transaction },
      { name: "authorize", parameters },
    ],
  ];
}

/** The transaction is used up here, whatever the callback says (S25). */
function receiveCallback(
  config: ExchangeConfig,
  { transaction }: StateOf<"awaiting_callback">,
  { now, parameters }: EventOf<"callback_received">,
): Next<"redeeming_code" | "failed"> {
  const error = callbackError(config, transaction, parameters, now);
  if (error) return failed(error, [CLEAR]);
  const { codeVerifier, redirectUri } = transaction;
  const code = parameters.get("code") as string;
  return [{ name: "redeeming_code", transaction }, [CLEAR, { name: "redeem_code", code, codeVerifier, redirectUri }]];
}

function receiveTokens(
  _config: ExchangeConfig,
  { transaction }: StateOf<"redeeming_code">,
  { tokens }: EventOf<"tokens_received">,
): Next<"verifying_id_token" | "failed"> {
  // OpenID Connect Core 3.1.3.3: without an ID Token nobody was authenticated.
  if (tokens.idToken === undefined) return failed("id_token_invalid");
  const { idToken, accessToken } = tokens;
  return [{ name: "verifying_id_token", transaction, tokens }, [{ name: "verify_id_token", idToken, accessToken }]];
}

function acceptIdToken(
  config: ExchangeConfig,
  { transaction, tokens }: StateOf<"verifying_id_token">,
  { claims, now }: EventOf<"id_token_verified">,
): Next<"authenticated" | "failed"> {
  if (!sameText(claims["nonce"], transaction.nonce)) return failed("nonce_mismatch");
  const code = authenticationError(config, transaction, claims, now);
  if (code) return failed(code);
  const { returnTo } = transaction;
  return [
    { name: "authenticated", returnTo },
    [
      { name: "establish_session", claims, tokens },
      { name: "redirect", to: returnTo },
    ],
  ];
}
