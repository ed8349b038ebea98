import type { Awaitable } from "../awaitable.js";
import { sha256, toBase64url } from "../bytes.js";
import { exchangeErrorOf } from "../errors.js";
import type { Ports } from "../ports.js";
import { drive, type Observer } from "./drive.js";
import { type Effect, type Event, type State, type StateOf, transition } from "./machine.js";
import { reportMalformed } from "./token-set.js";
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
 * The one interpreter of the sign-in machine, for servers and pages. It calls the provider itself. The server (core/relying-party) or
 * the page (adapters/browser) gives it handlers, which store the transaction and begin the session.
 *
 * On the way of a code: `finishSignIn` starts the machine with `callback_received`; `drive` asks the table of machine.ts for the next
 * state and its effects; `perform` below performs each effect, and what it brings is the next event.
 */

/** The functions of the provider that a sign-in calls. */
interface SignInProvider {
  metadata(): Promise<{ readonly issuer: string; readonly issRequired: boolean }>;
  authorizationUrl(parameters: RequestParameters): Promise<string>;
  redeem(input: {
    code: string;
    codeVerifier: string;
    redirectUri: string;
    audience?: string | undefined;
  }): Promise<TokenResponse>;
  verifyIdToken(input: { idToken?: string | undefined; accessToken: string }): Promise<IdTokenClaims>;
  userinfo(accessToken: string, subject: string): Promise<Readonly<Record<string, unknown>>>;
}

/** The steps of a sign-in that a server and a page do differently. If a handler throws an ExchangeError, its step has failed. */
export interface SignInHandlers {
  storeTransaction(transaction: Transaction): Awaitable<unknown>;
  clearTransaction(state: string): Awaitable<unknown>;
  establishSession(authentication: Authentication): Awaitable<unknown>;
}

/** The configuration and the objects of a client's sign-ins, and the handlers of this one. */
export interface SignInContext extends Observer {
  readonly exchange: ExchangeConfig;
  readonly ports: Pick<Ports, "now" | "random">;
  readonly provider: SignInProvider;
  readonly handlers: SignInHandlers;
}

/** A sign-in to begin: the members of its transaction, and further authorization parameters. */
export type SignInRequest = Omit<
  Transaction,
  "state" | "nonce" | "codeVerifier" | "issuer" | "issRequired" | "startedAt"
> & { readonly parameters: AuthorizationParameters };

/** A sign-in that has begun: `url` is the authorization request to send the browser to. */
export interface BegunSignIn {
  readonly url: string;
  readonly transaction: Transaction;
}

/**
 * Begins a sign-in: draws its secrets, of 256 bits each, stores its transaction and builds its authorization request.
 * @param statePrefix the first characters of `state`
 * @throws ExchangeError
 */
export async function beginSignIn(
  context: SignInContext,
  request: SignInRequest,
  statePrefix = "",
): Promise<BegunSignIn> {
  const { ports, provider } = context;
  const draw = () => toBase64url(ports.random(32));
  const codeVerifier = draw();
  const codeChallenge = await sha256(codeVerifier);
  const metadata = await provider.metadata();
  const { transaction, url = "" } = await run(
    context,
    "awaiting_callback",
    { name: "idle" },
    {
      name: "login_requested",
      codeChallenge,
      codeVerifier,
      state: statePrefix + draw(),
      nonce: draw(),
      startedAt: ports.now(),
      ...metadata,
      ...request,
    },
  );
  return { transaction, url };
}

/**
 * Finishes a sign-in with the parameters of its callback. `transaction`: the one that was stored under the callback's `state`.
 * @throws ExchangeError
 */
export function finishSignIn(
  context: SignInContext,
  transaction: Transaction | undefined,
  parameters: URLSearchParams,
): Promise<StateOf<"authenticated">> {
  const start: State = transaction ? { name: "awaiting_callback", transaction } : { name: "idle" };
  return run(context, "authenticated", start, { name: "callback_received", now: context.ports.now(), parameters });
}

/** Runs the machine to the end state `end`. @throws ExchangeError with the code of the state `failed` */
async function run<Name extends State["name"]>(
  context: SignInContext,
  end: Name,
  start: State,
  first: Event,
): Promise<StateOf<Name>> {
  const state: State = await drive(
    {
      machine: "exchange",
      emit: context.emit,
      transition: (state: State, event: Event) => transition(context.exchange, state, event),
      perform: (effect: Effect) =>
        perform(context, effect).catch((error): Event => ({ name: "step_failed", error: exchangeErrorOf(error) })),
    },
    start,
    first,
  );
  if (state.name === end) return state as StateOf<Name>;
  // A run that does not reach its end state ends in `failed`.
  throw (state as StateOf<"failed">).error;
}

/** Performs one effect. Returns the event that it leads to, if it leads to one. */
async function perform({ provider, ports, handlers, emit }: SignInContext, effect: Effect): Promise<Event | undefined> {
  switch (effect.name) {
    case "store_transaction":
      await handlers.storeTransaction(effect.transaction);
      return undefined;
    case "clear_transaction":
      await handlers.clearTransaction(effect.state);
      return undefined;
    case "build_authorization_url":
      return { name: "authorization_url_built", url: await provider.authorizationUrl(effect.parameters) };
    case "redeem_code":
      return { name: "tokens_received", tokens: await provider.redeem(effect) };
    case "verify_id_token":
      return { name: "id_token_verified", claims: await provider.verifyIdToken(effect), now: ports.now() };
    case "fetch_userinfo":
      return { name: "userinfo_received", userinfo: await provider.userinfo(effect.accessToken, effect.subject) };
    case "establish_session":
      await handlers.establishSession(effect);
      reportMalformed(effect.tokens, emit);
      return undefined;
  }
}
