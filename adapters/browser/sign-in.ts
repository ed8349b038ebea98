import { must } from "../../core/errors.js";
import type { UntimedEvent } from "../../core/events.js";
import { type AuthorizationOptions, authorizationOf } from "../../core/exchange/authorization.js";
import * as exchange from "../../core/exchange/sign-in.js";
import { isSpecial, type TokenRequest } from "../../core/exchange/token-set.js";
import type { Authentication, AuthorizationParameters, Transaction } from "../../core/exchange/types.js";
import { audienceError } from "../../core/provider/audience.js";
import { modePrefixes, type SignInMode } from "./callback-relay.js";
import type { Settings } from "./settings.js";
import type { Tabs } from "./tabs.js";
import { removeTransaction, storeTransaction } from "./transactions.js";

/*
 * How a page signs a user in: its handlers for the interpreter in core/exchange. There are two ways. The page itself goes to the
 * provider (`leaveToSignIn`), with the transaction in `sessionStorage`, and calls `finishWithCallback` when it is back. Or a frame
 * or popup goes to the provider (`signInElsewhere`), while this page waits with the transaction in memory.
 */

/**
 * One client of one page, for all files of this folder. It opens its channel to other tabs at the first turn, so a page that needs
 * no session opens none. @throws MisuseError for a turn on a server
 */
export interface ClientContext extends Settings, Tabs {
  /** The page that the sign-in of this page's callback was to lead to: where another attempt leads. */
  retryTo?: string | undefined;
  emit(event: UntimedEvent): void;
}

/** A sign-in to begin. */
export interface PageSignInRequest extends AuthorizationOptions {
  readonly mode: SignInMode;
  readonly returnTo: string;
  readonly appState?: unknown;
  /** The access token to request; `{}` for the client's own. */
  readonly tokenRequest: TokenRequest;
  /** Requested in addition to the client's own scope. */
  readonly scope?: string | undefined;
  /** The only user who may sign in. @default any user */
  readonly subject?: string | undefined;
}

/** The members of a transaction that the protocol does not need. */
export interface SignInState {
  readonly tokenRequest: TokenRequest;
  readonly appState?: unknown;
}

export const signInStateOf = ({ appState }: Transaction): SignInState => appState as SignInState;

/** The words of several scopes, each once. */
const joinScopes = (...scopes: ReadonlyArray<string | undefined>): string =>
  [...new Set(scopes.join(" ").split(" "))].filter(Boolean).join(" ");

/**
 * The scope of a sign-in. A sign-in for another audience requests no refresh token, which would serve no other audience; with
 * resource indicators one refresh token serves all.
 */
function scopeOf({ scope, resourceIndicators }: Settings, { tokenRequest, scope: extra }: PageSignInRequest): string {
  if (resourceIndicators || !isSpecial(tokenRequest)) return joinScopes(scope, tokenRequest.scope, extra);
  const words = joinScopes("openid", tokenRequest.scope ?? scope, extra).split(" ");
  return words.filter((word) => word !== "offline_access").join(" ");
}

/** The parameters of an authorization request that name its audience. */
function audiencesIn({ audiences, resourceIndicators }: Settings, { audience = audiences[0] }: TokenRequest) {
  if (audience === undefined) return {};
  const parameters: AuthorizationParameters = resourceIndicators ? { resource: audiences } : { audience };
  return parameters;
}

/** The audience that a token request sends. With resource indicators it is always sent (RFC 8707 2.2), without them never. */
export const resourceOf = (
  { resourceIndicators, audiences }: Settings,
  { audience = audiences[0] }: TokenRequest,
): string | undefined => (resourceIndicators ? audience : undefined);

/** The page's handlers. @param isStored whether the transaction must outlive this page */
function createSignInContext(
  context: ClientContext,
  tokenRequest: TokenRequest,
  isStored = false,
): exchange.SignInContext {
  // The userinfo endpoint takes only the client's own access token.
  const config = { ...context, userinfo: context.userinfo && !isSpecial(tokenRequest) };
  const handlers: exchange.SignInHandlers = {
    storeTransaction: (transaction) => isStored && storeTransaction(transaction, context.clientKey),
    clearTransaction: removeTransaction,
    establishSession() {},
  };
  return { ...config, exchange: config, handlers };
}

function begin(context: ClientContext, request: PageSignInRequest, isStored?: boolean) {
  const { mode, tokenRequest, appState, returnTo, subject } = request;
  // Browsers have Web Crypto only in secure contexts.
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
  return exchange.beginSignIn(createSignInContext(context, tokenRequest, isStored), signIn, `${modePrefixes[mode]}.`);
}

/** Sends this page to the provider. `finishWithCallback` finishes the sign-in when the page is back. @throws ExchangeError */
export async function leaveToSignIn(context: ClientContext, request: PageSignInRequest): Promise<void> {
  const { url } = await begin(context, request, true);
  context.navigate(url);
}

/**
 * Signs in by a frame or popup while this page waits. `visit` sends it to the URL of the authorization request, and resolves with
 * the URL of the callback with this `state`. @throws ExchangeError
 */
export async function signInElsewhere(
  context: ClientContext,
  request: PageSignInRequest,
  visit: (url: string, state: string) => Promise<string>,
): Promise<Authentication> {
  const { url, transaction } = await begin(context, request);
  return finishWithCallback(context, transaction, await visit(url, transaction.state));
}

/** Finishes the sign-in of a transaction with the URL of its callback. @throws ExchangeError */
export async function finishWithCallback(
  context: ClientContext,
  transaction: Transaction,
  url: string,
): Promise<Authentication> {
  const { tokenRequest } = signInStateOf(transaction);
  const signInContext = createSignInContext(context, tokenRequest);
  const authentication = await exchange.finishSignIn(signInContext, transaction, new URL(url).searchParams);
  const { accessToken, refreshToken } = authentication.tokens;
  const error = audienceError(accessToken, tokenRequest.audience);
  if (!error) return authentication;
  // No session will have it.
  if (refreshToken !== undefined) context.provider.revoke(refreshToken).catch(() => {});
  throw error;
}
