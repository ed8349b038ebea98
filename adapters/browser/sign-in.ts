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
import type { TokenRequest } from "../../core/exchange/token-life.js";
import { type Way, ways } from "./courier.js";
import type { Settings } from "./settings.js";
import { dropTransaction, keepTransaction } from "./transactions.js";

/** What a sign-in came to. */
export interface Outcome {
  readonly claims: IdTokenClaims;
  readonly tokens: TokenResponse;
  readonly returnTo: string;
}

/** How this page itself leaves for the provider: with a transaction that is there when it comes back. */
export const leaving =
  ({ navigate }: Settings): Request["ask"] =>
  async (url, transaction) => {
    try {
      keepTransaction(transaction);
    } catch (cause) {
      throw new ExchangeError("no_transaction", { cause });
    }
    navigate(url);
    return undefined;
  };

/** What waits with a transaction for the end of its sign-in. */
interface Waiting {
  readonly asked: TokenRequest;
  readonly appState?: unknown;
}

export const waitingIn = ({ appState }: Transaction): Waiting => appState as Waiting;

/** One sign-in that is begun. */
export interface Request extends AuthorizationOptions {
  readonly way: Way;
  readonly returnTo: string;
  readonly appState?: unknown;
  /** What its access token is for, where that is not what the client is for. */
  readonly asked: TokenRequest;
  /** Brings somebody, or a frame, to the provider: the URL that came back, or undefined where this page itself leaves. */
  ask(url: string, transaction: Transaction): Promise<string | undefined>;
}

/** What the files of this room share. */
export interface Context {
  readonly settings: Settings;
  emit(event: UntimedEvent): void;
}

/** The words of several scopes, each once. */
const joined = (...scopes: ReadonlyArray<string | undefined>): string =>
  [...new Set(scopes.flatMap((scope) => scope?.split(" ") ?? []))].filter(Boolean).join(" ");

/** The scope of a sign-in: for another audience or scope it brings no refresh token, for that would serve nothing else. */
function scopeOf({ scope, resourceIndicators }: Settings, { scope: asked, audience }: TokenRequest): string {
  if (asked === undefined && audience === undefined) return scope;
  const all = resourceIndicators ? joined(scope, asked) : joined("openid", asked ?? scope);
  return resourceIndicators ? all : joined(...all.split(" ").filter((word) => word !== "offline_access"));
}

/** Begins a sign-in; undefined when this page leaves for it. @throws ExchangeError */
export async function beginSignIn(context: Context, request: Request): Promise<Outcome | undefined> {
  const { settings } = context;
  const { ports, provider, audiences, resourceIndicators } = settings;
  const { way, returnTo, appState, asked, ask, ...options } = request;
  must(
    globalThis.isSecureContext !== false,
    "serve the page over https, or from localhost: browsers have no crypto elsewhere",
  );
  const draw = () => toBase64url(ports.random(32));
  const codeVerifier = draw();
  const codeChallenge = await sha256(codeVerifier);
  const { issuer, issRequired } = await provider.metadata();
  const audience = asked.audience ?? audiences[0];
  const named: AuthorizationParameters =
    audience === undefined ? {} : resourceIndicators ? { resource: audiences } : { audience };
  return run(
    context,
    scopeOf(settings, asked),
    { name: "idle" },
    {
      name: "login_requested",
      now: ports.now(),
      secrets: { state: `${ways[way]}.${draw()}`, nonce: draw(), codeVerifier, codeChallenge },
      redirectUri: way === "frame" ? settings.silentRedirectUri : settings.redirectUri,
      returnTo,
      issuer,
      issRequired,
      appState: { asked, appState } satisfies Waiting,
      ...authorizationOf({ ...settings.authorizationParams, ...named }, options),
    },
    ask,
  );
}

/** Ends a sign-in that this page left for. @throws ExchangeError */
export const endSignIn = (context: Context, transaction: Transaction, url: string): Promise<Outcome> =>
  run(
    context,
    context.settings.scope,
    { name: "awaiting_callback", transaction },
    { name: "callback_received", now: context.settings.ports.now(), parameters: new URL(url).searchParams },
  ) as Promise<Outcome>;

/** The one place where effects become deeds: what the relying party does with cookies and a redirect. */
async function run(
  { settings, emit }: Context,
  scope: string,
  start: State,
  first: Event,
  ask?: Request["ask"],
): Promise<Outcome | undefined> {
  const { provider, ports, audiences, resourceIndicators } = settings;
  let outcome: Outcome | undefined;
  let begun: Transaction | undefined;
  await runExchange(
    { emit },
    { ...settings, scope },
    start,
    first,
    async (effect, before): Promise<Event | undefined> => {
      switch (effect.name) {
        case "set_transaction":
          begun = effect.transaction;
          return undefined;
        case "clear_transaction":
          if ("transaction" in before) dropTransaction(before.transaction.state);
          return undefined;
        case "authorize": {
          const url = await provider.authorizationUrl(effect.parameters);
          const answer = await ask?.(url, begun as Transaction);
          return answer === undefined
            ? undefined
            : { name: "callback_received", now: ports.now(), parameters: new URL(answer).searchParams };
        }
        case "redeem_code": {
          const { asked } = waitingIn((before as { transaction: Transaction }).transaction);
          const audience = resourceIndicators ? (asked.audience ?? audiences[0]) : undefined;
          return { name: "tokens_received", tokens: await provider.redeem({ ...effect, audience }) };
        }
        case "verify_id_token":
          return { name: "id_token_verified", claims: await provider.verifyIdToken(effect), now: ports.now() };
        case "establish_session":
          outcome = { claims: effect.claims, tokens: effect.tokens, returnTo: "/" };
          return undefined;
        case "redirect":
          if (outcome) outcome = { ...outcome, returnTo: effect.to };
          return undefined;
      }
    },
  );
  return outcome;
}
