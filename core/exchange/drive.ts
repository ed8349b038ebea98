import type { Awaitable } from "../awaitable.js";
import { ExchangeError } from "../errors.js";
import { failure, type UntimedEvent } from "../events.js";
import type { Ports } from "../ports.js";
import { type Effect, type Event, type ExchangeConfig, type State, transition } from "./machine.js";
import {
  type AccessToken,
  type TokenEffect,
  type TokenEvent,
  type TokenRequest,
  type TokenSet,
  type TokenState,
  tokenTransition,
} from "./token-life.js";

/** Who is told of each step. */
interface Observer {
  emit(event: UntimedEvent): void;
}

interface Named {
  readonly name: string;
}

/** A step of one of the two machines. */
type Step<State, Event, Effect> = (state: State, event: Event) => readonly [State, readonly Effect[]];

/** Runs a machine to its end: performs the effects of each step in order, and feeds back what came of them. An event ends the effects of its step. */
async function drive<State extends Named, Event extends Named, Effect>(
  { emit }: Observer,
  machine: "exchange" | "token",
  step: Step<State, Event, Effect>,
  start: State,
  first: Event,
  perform: (effect: Effect, before: State) => Awaitable<Event | undefined>,
): Promise<State> {
  let state = start;
  let event: Event | undefined = first;
  while (event) {
    const before: State = state;
    const [after, effects] = step(before, event);
    emit({ type: "transition", machine, from: before.name, event: event.name, to: after.name });
    state = after;
    event = undefined;
    for (const effect of effects) {
      event = await perform(effect, before);
      if (event) break;
    }
  }
  return state;
}

/**
 * Runs the exchange: a sign-in from its beginning to where the browser leaves, or from the callback to its end. An
 * ExchangeError of an effect is the failure of its step.
 * @throws ExchangeError with the code of the state `failed`
 */
export async function runExchange(
  observer: Observer,
  config: ExchangeConfig,
  start: State,
  first: Event,
  perform: (effect: Effect, before: State) => Awaitable<Event | undefined>,
): Promise<void> {
  let cause: unknown;
  const step = (state: State, event: Event) => transition(config, state, event);
  const end = await drive(
    observer,
    "exchange",
    step,
    start,
    first,
    async (effect, before): Promise<Event | undefined> => {
      try {
        return await perform(effect, before);
      } catch (error) {
        if (!(error instanceof ExchangeError)) throw error;
        cause = error;
        return { name: "step_failed", code: error.code };
      }
    },
  );
  // The error of the step itself, where it was one.
  if (end.name === "failed") throw cause ?? new ExchangeError(end.code);
}

/** What is done about the tokens of a session, wherever they are kept. */
export interface TokenKeeper {
  /** Asks for a new token: the set with it. */
  refresh(refreshToken: string, request: TokenRequest): Promise<TokenSet>;
  /** False when it is too late to keep them. */
  write(tokens: TokenSet): Awaitable<unknown>;
  /** The grant is over, and with it the session. */
  end(): Awaitable<unknown>;
}

/**
 * Runs the life of a token that is due.
 * @throws ExchangeError why there is none
 */
export async function runTokens(
  observer: Observer & { readonly ports: Pick<Ports, "now"> },
  start: TokenState,
  first: TokenEvent,
  { refresh, write, end }: TokenKeeper,
): Promise<string> {
  let token: AccessToken | undefined;
  let cause: ExchangeError | undefined;
  const perform = async (effect: TokenEffect): Promise<TokenEvent | undefined> => {
    switch (effect.name) {
      case "refresh":
        try {
          return { name: "refreshed", tokens: await refresh(effect.refreshToken, effect.request) };
        } catch (error) {
          if (!(error instanceof ExchangeError)) throw error;
          cause = error;
          return { name: "refresh_failed", code: error.code, now: observer.ports.now() };
        }
      case "write_tokens":
        if ((await write(effect.tokens)) !== false) observer.emit({ type: "refreshed" });
        else observer.emit(failure(new ExchangeError("refresh_required")));
        return undefined;
      case "use_token":
        token = effect.token;
        return undefined;
      case "end_session":
        await end();
        return undefined;
      case "fail":
        cause ??= new ExchangeError(effect.code);
        observer.emit(failure(cause));
        throw cause;
    }
  };
  await drive(observer, "token", tokenTransition, start, first, perform);
  return (token as unknown as AccessToken).accessToken;
}
