import type { Ports } from "../ports.js";

/**
 * Work that one request does and others wait for: a discovery document, a key set, the use of a refresh token.
 *
 * A runtime such as workerd cancels a request whose client has gone, and with the request its fetches and its timers: a
 * promise of that request then never settles. So requests share this object, never a promise. The request that does the work
 * writes the outcome here; the others look at it with timers of their own, and stop waiting once the work's own time-out has
 * passed. A page has no requests that could be cancelled: there, without `ports.sleep`, the promise itself is shared.
 */
export interface SharedWork<Value> {
  /** Milliseconds since the epoch. */
  readonly startedAt: number;
  /** Milliseconds that the request which does the work gives it. */
  readonly timeout: number;
  outcome?: Outcome<Value>;
  promise?: Promise<Value>;
}

/** What came of the work. */
export type Outcome<Value> = { readonly value: Value } | { readonly error: unknown };

export type WaitPorts = Pick<Ports, "now" | "sleep">;

/** Does the work, and writes its outcome where others wait for it. */
export async function doShared<Value>(
  work: SharedWork<Value>,
  { sleep }: WaitPorts,
  task: () => Promise<Value>,
): Promise<Value> {
  const promise = task();
  if (!sleep) work.promise = promise;
  try {
    const value = await promise;
    work.outcome = { value };
    return value;
  } catch (error) {
    work.outcome = { error };
    throw error;
  }
}

/** Milliseconds beyond the time-out of work, in which its outcome arrives. */
export const SLACK = 100;

/** Milliseconds that one operation may still wait for loads of other requests. */
export interface Patience {
  left: number;
}

/** The patience of one operation: one whole load of another request, and a moment for the load that replaces a cancelled one. */
export function patienceOf(timeout: number): Patience {
  const MOMENT = 200;
  return { left: timeout + SLACK + MOMENT };
}

/** Waits for the work of another request, so many milliseconds at most. Undefined: it did not end; its request may be gone. */
export async function outcomeOf<Value>(
  work: SharedWork<Value>,
  { sleep }: WaitPorts,
  limit: number,
): Promise<Outcome<Value> | undefined> {
  /** Milliseconds between two looks: short for work that is quick, and never longer than a user would notice. */
  const MAX_PAUSE = 50;
  if (!sleep) await work.promise?.catch(() => {});
  else {
    // Under load `sleep` returns late, so that `waited` counts too little: this signal bounds the real time.
    const end = AbortSignal.timeout(limit);
    for (let waited = 0, pause = 2; !work.outcome && waited < limit && !end.aborted; waited += pause) {
      pause = Math.min(pause * 1.5, MAX_PAUSE, limit - waited);
      await sleep(pause);
    }
  }
  return work.outcome;
}

/** The value, or throws the error. */
export function take<Value>(outcome: Outcome<Value>): Value {
  if ("error" in outcome) throw outcome.error;
  return outcome.value;
}
