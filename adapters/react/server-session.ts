import { LatchkeyError } from "../../core/errors.js";
import type { User } from "../../core/exchange/user.js";
import { stateOf } from "../browser/state.js";
import type { ModelState } from "./model.js";

/** A session as the server gives it: by `auth.getSession()`, or in the response of `/auth/me`. Times are milliseconds since the epoch. */
export interface ServerSession {
  readonly user: User | null;
  /** When the session ends. @default the earlier of the next two */
  readonly expiresAt?: number | null | undefined;
  readonly inactiveAt?: number | null | undefined;
  readonly endsAt?: number | null | undefined;
}

/** The page could not read the session: no response came, or one that has none. The page keeps its state. */
export class SessionError extends LatchkeyError<"session_unknown"> {
  override latchkeyError(): string {
    return "SessionError";
  }
  constructor(
    /** The HTTP status of the response; undefined if there was none. */
    readonly status: number | undefined,
    options?: { cause?: unknown },
  ) {
    super("session_unknown", "the server did not say who is signed in", options);
  }
}

const NO_SESSION: ServerSession = { user: null };

/** The state of a page with this session; null is no session. */
export function stateFrom(session: ServerSession | null): ModelState {
  const { user, expiresAt, inactiveAt, endsAt } = session ?? NO_SESSION;
  const end = expiresAt ?? Math.min(inactiveAt ?? Infinity, endsAt ?? Infinity);
  return { ...stateOf(user), expiresAt: user && end < Infinity ? end : undefined };
}

const isSameJson = (one: unknown, other: unknown): boolean => JSON.stringify(one) === JSON.stringify(other);

/**
 * `next`, or `current` if nothing changed. The user object stays the same for the same claims, so that effects that depend on
 * it do not run again.
 */
export function stateAfter(current: ModelState, next: ModelState): ModelState {
  if (isSameJson(next, current)) return current;
  const { user } = current;
  return user && next.user && isSameJson(user, next.user) ? { ...next, user } : next;
}

/** Reads the session from the server. @throws SessionError, and the errors of `fetch` */
export async function fetchSession(
  url: string,
  fetch: typeof globalThis.fetch,
  signal: AbortSignal,
): Promise<ServerSession> {
  const headers = { accept: "application/json" };
  const response = await fetch(url, { cache: "no-store", credentials: "same-origin", headers, signal });
  const { status } = response;
  // The route answers 200 without a session; a proxy or another server in front of it may answer 401.
  if (status === 401) return NO_SESSION;
  const session = response.ok ? ((await response.json()) as ServerSession | null) : undefined;
  if (typeof session?.user !== "object") throw new SessionError(status);
  return session;
}
