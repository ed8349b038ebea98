import { HELD_LIFE, RELEASED_LIFE } from "../store/spending.js";
import type { SharedWork } from "./shared-work.js";

/** The most entries at once. */
const MAX_ENTRIES = 10_000;
/** How many old entries are checked for each new one: more than one, so that the map shrinks. */
const CHECKS = 16;

/** A refresh token that was spent, or is being spent. */
export interface RefreshEntry<Result> extends SharedWork<Result> {
  /** The audience and scope of the access token that it was spent for. */
  readonly tokenKey: string;
  /** Another machine spent it. */
  readonly isOthers?: boolean;
  /** Tells the other machines that a response with the outcome was sent. */
  release?(): void;
  /** The token request was sent. A request that waits for the outcome begins to wait later, so it gives it `timeout` at least. */
  isSent?: boolean;
  /** When the token endpoint answered, or when a response with the outcome was sent. Milliseconds since the epoch. */
  servesSince?: number;
  /** No response with the outcome was sent yet. */
  isHeld?: boolean;
}

/** Entries by their refresh token: nothing else tells two users apart (S11). */
export type RefreshEntries<Result> = Map<string, RefreshEntry<Result>>;

/** An entry without an outcome is never over: the requests that wait for it decide, by timers, because a clock may be set. */
const isOver = ({ outcome, startedAt, servesSince = startedAt, isHeld }: RefreshEntry<unknown>, now: number): boolean =>
  outcome !== undefined && (isHeld ? now - startedAt > HELD_LIFE : now - servesSince > RELEASED_LIFE);

/** The entry of a refresh token, if it has one that still serves. */
export function liveEntry<Result>(
  entries: RefreshEntries<Result>,
  token: string,
  now: number,
): RefreshEntry<Result> | undefined {
  const entry = entries.get(token);
  if (entry && isOver(entry, now)) entries.delete(token);
  return entries.get(token);
}

/** Whether the request of an entry has not sent its token request yet. */
export const isUnsent = ({ isSent, outcome }: RefreshEntry<unknown>): boolean => !isSent && !outcome;

/** Adds an entry, and makes room: of a few other entries, deletes those that are over, and in a full map the oldest. */
export function addEntry<Result>(
  entries: RefreshEntries<Result>,
  token: string,
  entry: RefreshEntry<Result>,
  now: number,
): void {
  let oldest: RefreshEntry<Result> | undefined;
  let oldestToken = "";
  let checks = 0;
  for (const [otherToken, other] of entries) {
    if (++checks > CHECKS) break;
    entries.delete(otherToken);
    if (isOver(other, now)) continue;
    // To the end of the order: the next call checks others. (In a small map, this loop comes to it again.)
    entries.set(otherToken, other);
    // An entry without an outcome stays: its token would be spent again.
    if (other.outcome && other.startedAt < (oldest?.startedAt ?? Infinity)) [oldest, oldestToken] = [other, otherToken];
  }
  if (entries.size >= MAX_ENTRIES && oldest) entries.delete(oldestToken);
  entries.set(token, entry);
}
