import { ExchangeError, must } from "../../core/errors.js";
import type { UntimedEvent } from "../../core/events.js";
import { type AuthorizationOptions, authorizationOf } from "../../core/exchange/authorization.js";
import * as exchange from "../../core/exchange/sign-in.js";
import { isSpecial, type TokenRequest } from "../../core/exchange/token-set.js";
import type { AuthorizationParameters, IdTokenClaims, TokenResponse, Transaction } from "../../core/exchange/types.js";
import { modePrefixes, type SignInMode } from "./callback-relay.js";
import type { Settings } from "./settings.js";
import type { Tabs } from "./tabs.js";
import { removeTransaction, storeTransaction } from "./transactions.js";

/**
 * How a page signs a user in: its handlers for the interpreter in core/exchange. Where the page itself leaves for the provider
 * (`leaveToSignIn`, then `finishSignIn` when it comes back), the transaction waits in `sessionStorage`. Where a frame or a
 * window goes to the provider (`signInElsewhere`), this page waits, and the transaction stays in memory.
 */

/** What the files of this room share: one client of one page. */
export interface ClientContext {
  readonly settings: Settings;
  /** Opened at the first use: a page that needs no session opens no channel. @throws MisuseError on a server */
  readonly tabs: Tabs;
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

/** The result of a sign-in. */
export interface SignInResult {
  /** Of the ID Token, and of userinfo where the client asks for it. */
  readonly claims: IdTokenClaims;
  /** Their `scope` is always present. */
  readonly tokens: TokenResponse;
  readonly tokenRequest: TokenRequest;
  /** The scope that was requested. */
  readonly scope: string;
  readonly organization?: string | undefined;
}

/** What the client stores with a transaction, beside what the protocol needs. */
export interface SignInState {
  readonly tokenRequest: TokenRequest;
  readonly appState?: unknown;
}

export const signInStateOf = ({ appState }: Transaction): SignInState => appState as SignInState;

/** The words of several scopes, each once. */
const joined = (...scopes: ReadonlyArray<string | undefined>): string =>
  [...new Set(scopes.flatMap((scope) => scope?.split(" ") ?? []))].filter(Boolean).join(" ");

/**
 * The scope of a sign-in. A sign-in for another audience requests no refresh token, which would serve no other audience; with
 * resource indicators one refresh token serves all.
 */
function scopeOf({ scope, resourceIndicators }: Settings, { tokenRequest, scope: extra }: SignInRequest): string {
  if (resourceIndicators || !isSpecial(tokenRequest)) return joined(scope, tokenRequest.scope, extra);
  const words = joined("openid", tokenRequest.scope ?? scope, extra).split(" ");
  return joined(...words.filter((word) => word !== "offline_access"));
}

/** The parameters of an authorization request that name its audience. */
function audiencesIn({ audiences, resourceIndicators }: Settings, { audience = audiences[0] }: TokenRequest) {
  if (audience === undefined) return {};
  const parameters: AuthorizationParameters = resourceIndicators ? { resource: audiences } : { audience };
  return parameters;
}

/** What a token request says of the audience. With resource indicators it always names one (RFC 8707 2.2). */
export const audienceParameter = (
  { resourceIndicators, audiences }: Settings,
  { audience = resourceIndicators ? audiences[0] : undefined }: TokenRequest,
): { audience?: string | undefined } => (resourceIndicators ? { audience } : {});

/** `storeTransaction` is the one thing that the ways of a sign-in do differently. */
function contextOf(
  { settings, emit }: ClientContext,
  storeTransaction: exchange.SignInHandlers["storeTransaction"],
  userinfo = settings.userinfo,
): exchange.SignInContext {
  const handlers = { storeTransaction, clearTransaction: removeTransaction, establishSession() {} };
  return { ...settings, exchange: { ...settings, userinfo }, emit, handlers };
}

/** @throws ExchangeError `no_transaction` when the browser lets this page store nothing */
const storeFor =
  ({ clientKey }: Settings) =>
  (transaction: Transaction): void => {
    try {
      storeTransaction(transaction, clientKey);
    } catch (cause) {
      throw new ExchangeError("no_transaction", { cause });
    }
  };

const storeNothing = () => {};

function begin(context: ClientContext, request: SignInRequest, store: (transaction: Transaction) => void) {
  const { settings } = context;
  const { mode, tokenRequest, appState, returnTo, subject } = request;
  // Browsers have no Web Crypto elsewhere.
  must(globalThis.isSecureContext !== false, "serve the page over https, or from localhost");
  const parameters = { ...settings.authorizationParams, ...audiencesIn(settings, tokenRequest) };
  const signIn = {
    ...authorizationOf(parameters, request),
    ...audienceParameter(settings, tokenRequest),
    returnTo,
    subject,
    redirectUri: mode === "frame" ? settings.silentRedirectUri : settings.redirectUri,
    scope: scopeOf(settings, request),
    appState: { tokenRequest, appState } satisfies SignInState,
  };
  return exchange.beginSignIn(contextOf(context, store), signIn, `${modePrefixes[mode]}.`);
}

/** Sends this page to the provider. `finishSignIn` finishes the sign-in when it comes back. @throws ExchangeError */
export async function leaveToSignIn(context: ClientContext, request: SignInRequest): Promise<void> {
  const { url } = await begin(context, request, storeFor(context.settings));
  context.settings.navigate(url);
}

/**
 * Signs in by a frame or a window while this page waits. `visit` sends it to the URL of the authorization request, and returns
 * the URL with which it comes back for this `state`. @throws ExchangeError
 */
export async function signInElsewhere(
  context: ClientContext,
  request: SignInRequest,
  visit: (url: string, state: string) => Promise<string>,
): Promise<SignInResult> {
  const { url, transaction } = await begin(context, request, storeNothing);
  return finishSignIn(context, transaction, await visit(url, transaction.state));
}

/** Finishes the sign-in of a transaction with the URL of its callback. @throws ExchangeError */
export async function finishSignIn(
  context: ClientContext,
  transaction: Transaction,
  url: string,
): Promise<SignInResult> {
  const { settings } = context;
  const { tokenRequest } = signInStateOf(transaction);
  // The userinfo endpoint takes the client's own access token alone.
  const exchangeContext = contextOf(context, storeNothing, settings.userinfo && !isSpecial(tokenRequest));
  const { claims, userinfo, tokens } = await exchange.finishSignIn(
    exchangeContext,
    transaction,
    new URL(url).searchParams,
  );
  const { scope = settings.scope, organization } = transaction;
  return { claims: { ...claims, ...userinfo }, tokens, tokenRequest, scope, organization };
}
