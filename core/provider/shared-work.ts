import type { Ports } from "../ports.js";

/**
 * Work that one request does and other requests wait for: a discovery document, a key set, the use of a refresh token.
 *
 * Theory of operation. A runtime such as workerd cancels a request when its client goes away, and with the request its fetches
 * and its timers: a promise that the request made then never settles. So requests share this object, and never a promise. The
 * request that does the work writes the outcome here. The other requests look at the outcome, each with timers of its own, and
 * stop waiting when the time-out of the work has passed: the request that did the work was cancelled then.
 *
 * A page has no requests that could be cancelled, and no `ports.sleep`: there the promise itself is shared.
 */
export interface SharedWork<Value> {
  /** Milliseconds since the epoch. */
  readonly startedAt: number;
  /** Milliseconds that the work may take. */
  readonly timeout: number;
  outcome?: Outcome<Value>;
  /** Only in a page. */
  promise?: Promise<Value>;
}

/** The result of the work. */
export type Outcome<Value> = { readonly value: Value } | { readonly error: unknown };

/** The clock and the timers of a request that waits. */
export type WaitPorts = Pick<Ports, "now" | "sleep">;

/** Does the work, and writes its outcome for the requests that wait. */
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

/** Milliseconds that a request waits beyond the time-out of the work: the outcome may arrive late. */
export const SLACK = 100;

/** Milliseconds that one operation may still wait for loads of other requests; each wait makes it less. */
export interface Patience {
  left: number;
}

/** The patience of one operation: a whole load of another request, and 200 ms of the load that follows if that one was cancelled. */
export function patienceOf(timeout: number): Patience {
  return { left: timeout + SLACK + 200 };
}

/** Waits for the work of another request, `limit` milliseconds at most. Undefined when the work has not ended by then. */
export async function outcomeOf<Value>(
  work: SharedWork<Value>,
  { sleep }: WaitPorts,
  limit: number,
): Promise<Outcome<Value> | undefined> {
  /** Milliseconds between two looks at most: less than a user would notice. The first pauses are shorter, for quick work. */
  const MAX_PAUSE = 50;
  if (!sleep) await work.promise?.catch(() => {});
  else {
    // Under load `sleep` returns late, so that `waited` is less than the real time; this signal bounds the real time.
    const end = AbortSignal.timeout(limit);
    for (let waited = 0, pause = 2; !work.outcome && waited < limit && !end.aborted; waited += pause) {
      pause = Math.min(pause * 1.5, MAX_PAUSE, limit - waited);
      await sleep(pause);
    }
  }
  return work.outcome;
}
