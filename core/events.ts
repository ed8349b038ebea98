import type { ExchangeError, ExchangeErrorCode } from "./errors.js";

/** What happened: the argument of `onEvent`. No event holds a secret, a token, a code or the value of a cookie. */
export type LatchkeyEvent = {
  /** Milliseconds since the epoch. */
  readonly at: number;
  /** The name of the provider, where the app has several and the event is about one of them. */
  readonly provider?: string | undefined;
} & (
  | { /** A request came with a session. */ readonly type: "session_opened" }
  /**
   * A request came with cookies of this package, but without a valid session; `reason` is a {@link SessionRefusal}. On a server with
   * sign-in, `advice` says what to check where an option may help: `session.cookie.name, secret`.
   */
  | { readonly type: "session_refused"; readonly reason: string; readonly advice?: string | undefined }
  /** A new session was written, at sign-in or by the app. */
  | { readonly type: "session_began" }
  /** A session was ended: by a sign-out, by the app, by the provider's refusal of a refresh, or because a new one took its place. */
  | { readonly type: "session_ended" }
  /**
   * Set-Cookie lines were added to a response, which may happen several times for one response: the names of the cookies, and the
   * bytes that all cookies of this package will take in the next Cookie header.
   */
  | { readonly type: "cookies_written"; readonly names: readonly string[]; readonly bytes: number }
  /** The cookies had no room for the ID Token of a session, which was written without. */
  | { readonly type: "id_token_left_out" }
  /** A sign-in succeeded. */
  | { readonly type: "signed_in" }
  /** A user signed out. */
  | { readonly type: "signed_out" }
  /** An access token was refreshed and written. */
  | { readonly type: "refreshed" }
  /**
   * A sign-in, a refresh or a sign-out failed; `code` is the code of `error`, whose message and `cause` have what the provider said.
   * On a server, `advice` says what to check: `issuer, network`.
   */
  | {
      readonly type: "failed";
      readonly code: ExchangeErrorCode;
      readonly error: ExchangeError;
      readonly advice?: string | undefined;
    }
  /** A step of one of the two state machines. */
  | {
      readonly type: "transition";
      readonly machine: "exchange" | "token";
      readonly from: string;
      readonly event: string;
      readonly to: string;
    }
);

type Untimed<T> = T extends unknown ? Omit<T, "at"> : never;

/** An event without its time. */
export type UntimedEvent = Untimed<LatchkeyEvent>;

/** Emits events, and returns each with its advice. */
export type Emit = <Event extends UntimedEvent>(event: Event) => Event & { readonly advice?: string | undefined };

/** Adds the time to events, and calls the observer. */
export const emitter =
  (onEvent: ((event: LatchkeyEvent) => void) | undefined, now: () => number) =>
  (event: UntimedEvent): void => {
    try {
      onEvent?.({ ...event, at: now() });
    } catch {
      // An observer must not affect the request; ignore its errors.
    }
  };

/** The event of an error. */
export const failure = (error: ExchangeError) => ({ type: "failed", code: error.code, error }) as const;

/** A failure as one line for a log. */
export const explain = ({ error, advice }: { readonly error: Error; readonly advice?: string | undefined }): string =>
  error.message + (advice ? `; check ${advice}` : "");
