import type { ExchangeErrorCode } from "./errors.js";

/** What `onEvent` is told. No event holds a secret, a token or a cookie's value. */
export type LatchkeyEvent = { /** Milliseconds since the epoch. */ readonly at: number } & (
  | { readonly type: "session_opened" }
  /** Cookies of ours were there, but no session counts; `reason` says why. */
  | { readonly type: "session_refused"; readonly reason: string }
  | { readonly type: "session_began" }
  | { readonly type: "session_ended" }
  /** Set-Cookie lines were handed out, by name (a response may get them in several steps), and what all of ours take in the next Cookie header. */
  | { readonly type: "cookies_written"; readonly names: readonly string[]; readonly bytes: number }
  | { readonly type: "signed_in" }
  | { readonly type: "signed_out" }
  | { readonly type: "refreshed" }
  /** A sign-in, refresh or sign-out failed; the error itself goes to whoever asked. */
  | { readonly type: "failed"; readonly code: ExchangeErrorCode }
  /** A step of one of the two machines. */
  | {
      readonly type: "transition";
      readonly machine: "exchange" | "token";
      readonly from: string;
      readonly event: string;
      readonly to: string;
    }
);

/** Gives events their time and hands them on. Who watches does not decide: an observer that throws changes nothing. */
export const emitter =
  (onEvent: ((event: LatchkeyEvent) => void) | undefined, now: () => number) =>
  (event: UntimedEvent): void => {
    try {
      onEvent?.({ ...event, at: now() });
    } catch {
      // Its own affair.
    }
  };

type Untimed<T> = T extends unknown ? Omit<T, "at"> : never;

/** An event before it is given its time. */
export type UntimedEvent = Untimed<LatchkeyEvent>;
