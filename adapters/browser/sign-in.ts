import { sha256, toBase64url } from "../../core/bytes.js";
import { ExchangeError, must } from "../../core/errors.js";
import type { UntimedEvent } from "../../core/events.js";
import { type AuthorizationOptions, authorizationOf } from "../../core/exchange/authorization.js";
import { runExchange } from "../../core/exchange/drive.js";
import type {
  AuthorizationParameters,
  Event,
  IdTokenClaims,
  State,
  TokenResponse,
  Transaction,
} from "../../core/exchange/machine.js";
import { isSpecial, type TokenRequest } from "../../core/exchange/token-life.js";
import { modePrefixes, type SignInMode } from "./callback-relay.js";
import type { Settings } from "./settings.js";
import { dropTransaction, keepTransaction } from "./transactions.js";

/** What a sign-in came to. */
export interface SignInResult {
  /** Of the ID Token, and of userinfo where that is asked. */
  readonly claims: IdTokenClaims;
  /** With the scope that they have, said or not. */
  readonly tokens: TokenResponse;
  readonly tokenRequest: TokenRequest;
  /** That was asked for. */
  readonly scope: string;
  readonly organization?: string | undefined;
}

/** How this page itself leaves for the provider: with a transaction that is there when it comes back. */
export const leaveThisPage =
  ({ navigate, clientKey }: Settings): SignInRequest["authorize"] =>
  async (url, transaction) => {
    try {
      keepTransaction(transaction, clientKey);
    } catch (cause) {
      throw new ExchangeError("no_transaction", { cause });
    }
    navigate(url);
    return undefined;
  };

/** What waits with a transaction for the end of its sign-in. */
export interface SignInState {
  readonly tokenRequest: TokenRequest;
  readonly scope: string;
  /** Whom it must be about, where it goes on with somebody. */
  readonly subject?: string | undefined;
  readonly organization?: string | undefined;
  readonly appState?: unknown;
}

export const signInStateOf = ({ appState }: Transaction): SignInState => appState as SignInState;

/** One sign-in that is begun. */
export interface SignInRequest extends AuthorizationOptions {
  readonly mode: SignInMode;
  readonly returnTo: string;
  readonly appState?: unknown;
  /** What its access token is for, where that is not what the client is for. */
  readonly tokenRequest: TokenRequest;
  /** Asked for beside the client's own. */
  readonly scope?: string | undefined;
  readonly subject?: string | undefined;
  /** Brings somebody, or a frame, to the provider: the URL that came back, or undefined where this page itself leaves. */
  authorize(url: string, transaction: Transaction): Promise<string | undefined>;
}

/** What the files of this room share. */
export interface ClientContext {
  readonly settings: Settings;
  emit(event: UntimedEvent): void;
}

/** The words of several scopes, each once. */
const joined = (...scopes: ReadonlyArray<string | undefined>): string =>
  [...new Set(scopes.flatMap((scope) => scope?.split(" ") ?? []))].filter(Boolean).join(" ");

/**
 * The scope of a sign-in. One for another audience brings no refresh token, which would serve nothing else; with resource
 * indicators it serves all.
 */
function scopeOf({ scope, resourceIndicators }: Settings, { tokenRequest, scope: extra }: SignInRequest): string {
  if (resourceIndicators || !isSpecial(tokenRequest)) return joined(scope, tokenRequest.scope, extra);
  const words = joined("openid", tokenRequest.scope ?? scope, extra).split(" ");
  return joined(...words.filter((word) => word !== "offline_access"));
}

/** Begins a sign-in; undefined when this page leaves for it. @throws ExchangeError */
export async function beginSignIn(context: ClientContext, request: SignInRequest): Promise<SignInResult | undefined> {
  const { settings } = context;
  const { ports, provider, audiences, resourceIndicators } = settings;
  const { mode, returnTo, appState, tokenRequest, scope: _extra, subject, authorize, ...options } = request;
  const scope = scopeOf(settings, request);
  // Elsewhere browsers have no crypto.
  must(globalThis.isSecureContext !== false, "serve the page over https, or from localhost");
  const draw = () => toBase64url(ports.random(32));
  const codeVerifier = draw();
  const codeChallenge = await sha256(codeVerifier);
  const { issuer, issRequired } = await provider.metadata();
  const audience = tokenRequest.audience ?? audiences[0];
  const { organization } = options;
  const named: AuthorizationParameters =
    audience === undefined ? {} : resourceIndicators ? { resource: audiences } : { audience };
  return run(
    context,
    scope,
    { name: "idle" },
    {
      name: "login_requested",
      now: ports.now(),
      secrets: { state: `${modePrefixes[mode]}.${draw()}`, nonce: draw(), codeVerifier, codeChallenge },
      redirectUri: mode === "frame" ? settings.silentRedirectUri : settings.redirectUri,
      returnTo,
      issuer,
      issRequired,
      appState: { tokenRequest, scope, subject, organization, appState } satisfies SignInState,
      ...authorizationOf({ ...settings.authorizationParams, ...named }, options),
    },
    authorize,
  );
}

/** Ends a sign-in that this page left for. @throws ExchangeError */
export const endSignIn = (context: ClientContext, transaction: Transaction, url: string): Promise<SignInResult> =>
  run(
    context,
    context.settings.scope,
    { name: "awaiting_callback", transaction },
    { name: "callback_received", now: context.settings.ports.now(), parameters: new URL(url).searchParams },
  ) as Promise<SignInResult>;

/** The one place where effects become deeds: what the relying party does with cookies and a redirect. */
async function run(
  { settings, emit }: ClientContext,
  scope: string,
  start: State,
  first: Event,
  authorize?: SignInRequest["authorize"],
): Promise<SignInResult | undefined> {
  const { provider, ports } = settings;
  let outcome: SignInResult | undefined;
  let transaction = "transaction" in start ? start.transaction : undefined;
  await runExchange({ emit }, { ...settings, scope }, start, first, async (effect): Promise<Event | undefined> => {
    switch (effect.name) {
      case "set_transaction":
        transaction = effect.transaction;
        return undefined;
      case "clear_transaction":
        if (transaction) dropTransaction(transaction.state);
        return undefined;
      case "authorize": {
        const answer = await authorize?.(
          await provider.authorizationUrl(effect.parameters),
          transaction as Transaction,
        );
        if (answer === undefined) return undefined;
        return { name: "callback_received", now: ports.now(), parameters: new URL(answer).searchParams };
      }
      case "redeem_code": {
        const { tokenRequest } = signInStateOf(transaction as Transaction);
        return {
          name: "tokens_received",
          tokens: await provider.redeem({ ...effect, ...audienceParameter(settings, tokenRequest) }),
        };
      }
      case "verify_id_token":
        return { name: "id_token_verified", claims: await provider.verifyIdToken(effect), now: ports.now() };
      case "establish_session": {
        const { claims, tokens } = effect;
        const signInState = signInStateOf(transaction as Transaction);
        const { subject = claims.sub } = signInState;
        if (claims.sub !== subject) throw new ExchangeError("login_required", { cause: { claim: "sub" } });
        // RFC 6749 5.1: a scope that is the one asked for goes without saying.
        const { scope: granted = signInState.scope } = tokens;
        const isAsked = settings.userinfo && !isSpecial(signInState.tokenRequest);
        const more = isAsked ? await provider.userinfo(tokens.accessToken, claims.sub) : {};
        outcome = { ...signInState, claims: { ...claims, ...more }, tokens: { ...tokens, scope: granted } };
        return undefined;
      }
      case "redirect":
        // Where to go is told to whoever asked for the sign-in.
        return undefined;
    }
  });
  return outcome;
}

/** What a token request says of the API: with resource indicators always, where several may have been asked for (RFC 8707 2.2). */
export const audienceParameter = (
  { resourceIndicators, audiences }: Settings,
  { audience = resourceIndicators ? audiences[0] : undefined }: TokenRequest,
): { audience?: string | undefined } => (resourceIndicators ? { audience } : {});
