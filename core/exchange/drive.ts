import type { Awaitable } from "../awaitable.js";
import type { LatchkeyEvent, UntimedEvent } from "../events.js";
import type { Named } from "./cell.js";

/** Receives an event for each transition. */
export interface Observer {
  emit(event: UntimedEvent): void;
}

/** One of the two machines, and what performs its effects. */
interface Run<State extends Named, Event extends Named, Effect> extends Observer {
  readonly machine: Extract<LatchkeyEvent, { type: "transition" }>["machine"];
  transition(state: State, event: Event): readonly [State, readonly Effect[]];
  /** The event that an effect leads to, if it leads to one. */
  perform(effect: Effect): Awaitable<Event | undefined>;
}

/**
 * Runs a machine until no event is left, and returns its last state. The effects of a transition are performed in their order. If
 * one leads to an event, those after it are not performed.
 */
export async function drive<State extends Named, Event extends Named, Effect>(
  { machine, transition, perform, emit }: Run<State, Event, Effect>,
  start: State,
  first: Event,
): Promise<State> {
  let state = start;
  let event: Event | undefined = first;
  while (event) {
    const [next, effects]: readonly [State, readonly Effect[]] = transition(state, event);
    emit({ type: "transition", machine, from: state.name, event: event.name, to: next.name });
    state = next;
    event = undefined;
    for (const effect of effects) {
      event = await perform(effect);
      if (event) break;
    }
  }
  return state;
}
