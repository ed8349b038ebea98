import { must } from "../../core/errors.js";
import type { UntimedEvent } from "../../core/events.js";
import { type AuthorizationOptions, authorizationOf } from "../../core/exchange/authorization.js";
import * as exchange from "../../core/exchange/sign-in.js";
import { isSpecial, type TokenRequest } from "../../core/exchange/token-set.js";
import type { Authentication, AuthorizationParameters, Transaction } from "../../core/exchange/types.js";
import { modePrefixes, type SignInMode } from "./callback-relay.js";
import type { Settings } from "./settings.js";
import type { Tabs } from "./tabs.js";
import { removeTransaction, storeTransaction } from "./transactions.js";

/**
 * How a page signs a user in: its handlers for the interpreter in core/exchange. Where the page itself leaves for the provider
 * (`leaveToSignIn`, then `finishSignIn` when it comes back), the transaction waits in `sessionStorage`. Where a frame or a
 * window goes to the provider (`signInElsewhere`), this page waits, and the transaction stays in memory.
 */

/**
 * What the files of this room share: one client of one page. It opens its channel to other tabs at the first turn: a page that
 * needs no session opens none. @throws MisuseError for a turn on a server
 */
export interface ClientContext extends Settings, Tabs {
  emit(event: UntimedEvent): void;
}

/** A sign-in to begin. */
export interface SignInRequest extends AuthorizationOptions {
  readonly mode: SignInMode;
  readonly returnTo: string;
  readonly appState?: unknown;
  /** The access token that the session needs, where that is not the client's own. */
  readonly tokenRequest: TokenRequest;
  /** Requested in addition to the client's own scope. */
  readonly scope?: string | undefined;
  /** The user who must sign in, where no other will do. */
  readonly subject?: string | undefined;
}

/** What the client stores with a transaction, beside what the protocol needs. */
export interface SignInState {
  readonly tokenRequest: TokenRequest;
  readonly appState?: unknown;
}

export const signInStateOf = ({ appState }: Transaction): SignInState => appState as SignInState;

/** The words of several scopes, each once. */
const joined = (...scopes: ReadonlyArray<string | undefined>): string =>
  [...new Set(scopes.join(" ").split(" "))].filter(Boolean).join(" ");

/**
 * The scope of a sign-in. A sign-in for another audience requests no refresh token, which would serve no other audience; with
 * resource indicators one refresh token serves all.
 */
function scopeOf({ scope, resourceIndicators }: Settings, { tokenRequest, scope: extra }: SignInRequest): string {
  if (resourceIndicators || !isSpecial(tokenRequest)) return joined(scope, tokenRequest.scope, extra);
  const words = joined("openid", tokenRequest.scope ?? scope, extra).split(" ");
  return words.filter((word) => word !== "offline_access").join(" ");
}

/** The parameters of an authorization request that name its audience. */
function audiencesIn({ audiences, resourceIndicators }: Settings, { audience = audiences[0] }: TokenRequest) {
  if (audience === undefined) return {};
  const parameters: AuthorizationParameters = resourceIndicators ? { resource: audiences } : { audience };
  return parameters;
}

/** The audience of a token request. With resource indicators it always names one (RFC 8707 2.2). */
export const resourceOf = (
  { resourceIndicators, audiences }: Settings,
  { audience = audiences[0] }: TokenRequest,
): string | undefined => (resourceIndicators ? audience : undefined);

/** @param isStored whether the transaction must outlive this page */
function contextOf(context: ClientContext, tokenRequest: TokenRequest, isStored = false): exchange.SignInContext {
  // The userinfo endpoint takes the client's own access token alone.
  const config = { ...context, userinfo: context.userinfo && !isSpecial(tokenRequest) };
  const handlers: exchange.SignInHandlers = {
    storeTransaction: (transaction) => isStored && storeTransaction(transaction, context.clientKey),
    clearTransaction: removeTransaction,
    establishSession() {},
  };
  return { ...config, exchange: config, handlers };
}

function begin(context: ClientContext, request: SignInRequest, isStored?: boolean) {
  const { mode, tokenRequest, appState, returnTo, subject } = request;
  // Browsers have no Web Crypto elsewhere.
  must(globalThis.isSecureContext !== false, "serve the page over https, or from localhost");
  const parameters = { ...context.authorizationParams, ...audiencesIn(context, tokenRequest) };
  const signIn = {
    ...authorizationOf(parameters, request),
    audience: resourceOf(context, tokenRequest),
    returnTo,
    subject,
    redirectUri: mode === "frame" ? context.silentRedirectUri : context.redirectUri,
    scope: scopeOf(context, request),
    appState: { tokenRequest, appState } satisfies SignInState,
  };
  return exchange.beginSignIn(contextOf(context, tokenRequest, isStored), signIn, `${modePrefixes[mode]}.`);
}

/** Sends this page to the provider. `finishSignIn` finishes the sign-in when it comes back. @throws ExchangeError */
export async function leaveToSignIn(context: ClientContext, request: SignInRequest): Promise<void> {
  const { url } = await begin(context, request, true);
  context.navigate(url);
}

/**
 * Signs in by a frame or a window while this page waits. `visit` sends it to the URL of the authorization request, and returns
 * the URL with which it comes back for this `state`. @throws ExchangeError
 */
export async function signInElsewhere(
  context: ClientContext,
  request: SignInRequest,
  visit: (url: string, state: string) => Promise<string>,
): Promise<Authentication> {
  const { url, transaction } = await begin(context, request);
  return finishSignIn(context, transaction, await visit(url, transaction.state));
}

/** Finishes the sign-in of a transaction with the URL of its callback. @throws ExchangeError */
export const finishSignIn = (context: ClientContext, transaction: Transaction, url: string): Promise<Authentication> =>
  exchange.finishSignIn(
    contextOf(context, signInStateOf(transaction).tokenRequest),
    transaction,
    new URL(url).searchParams,
  );
