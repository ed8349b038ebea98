/** A clock that changes only when a test calls `advance` or `set`. Give `clock.now` to an adapter as its `now`. */
export interface FixedClock {
  /** Milliseconds since the epoch. */
  now(): number;
  advance(seconds: number): void;
  /** Milliseconds since the epoch. */
  set(time: number): void;
}

/**
 * A clock for tests, which changes only when a test calls `advance` or `set`.
 *
 * @example
 * ```ts
 * import { createClock } from "latchkey/testing";
 *
 * const clock = createClock(0);
 * clock.advance(60);
 * console.log(clock.now());
 * ```
 * @param start milliseconds since the epoch; the real time by default
 */
export function createClock(start: number = Date.now()): FixedClock {
  let time = start;
  return {
    now: () => time,
    advance(seconds) {
      time += seconds * 1000;
    },
    set(next) {
      time = next;
    },
  };
}
