import type { VisitContext } from "./context.js";

interface Named {
  readonly name: string;
}

/** A step of one of the two machines. */
type Step<State, Event, Effect> = (state: State, event: Event) => readonly [State, readonly Effect[]];

/**
 * Runs a machine to its end: performs the effects of each step in order, and feeds back what came of them. An event ends
 * the effects of its step. @returns the last state
 */
export async function drive<State extends Named, Event extends Named, Effect>(
  { emit }: Pick<VisitContext<never>, "emit">,
  machine: "exchange" | "token",
  step: Step<State, Event, Effect>,
  start: State,
  first: Event,
  perform: (effect: Effect, before: State) => Promise<Event | undefined>,
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
