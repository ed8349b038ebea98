import type { SharedWork } from "./shared-work.js";

/** Milliseconds for which an outcome serves requests that still have the spent refresh token. */
const REPLAY = 30_000;
/** The same for an outcome that no response has carried to the browser yet. */
const UNSENT = 3_600_000;
/** Most refresh tokens that are remembered at once. */
const MAX_ENTRIES = 10_000;
/** Entries that are looked at for each one that is added: more than one, so that the map shrinks. */
const LOOKED_AT = 16;

/** A refresh token that was spent, or is being spent. */
export interface RefreshEntry<Result> extends SharedWork<Result> {
  /** The audience and scope that it was spent for. */
  readonly purpose: string;
  /** The token request was sent. A request that waits for the outcome begins to wait later, so it gives it `timeout` at least. */
  isSent?: boolean;
  /** When the token endpoint answered, or when a response that carries the answer was sent. Milliseconds since the epoch. */
  servesSince?: number;
  /** No response that carries the outcome was sent yet. */
  isHeld?: boolean;
}

/** Entries by their refresh token: nothing else tells two users apart (S11). */
export type RefreshEntries<Result> = Map<string, RefreshEntry<Result>>;

/** An entry without an outcome is never over: the requests that wait for it decide, because a clock may have been set. */
const isOver = ({ outcome, startedAt, servesSince = startedAt, isHeld }: RefreshEntry<unknown>, now: number): boolean =>
  outcome !== undefined && (isHeld ? now - startedAt > UNSENT : now - servesSince > REPLAY);

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

/** Adds an entry, and makes room: looks at a few others in turn, deletes those that are over, and the oldest of a full map. */
export function addEntry<Result>(
  entries: RefreshEntries<Result>,
  token: string,
  entry: RefreshEntry<Result>,
  now: number,
): void {
  let oldest: RefreshEntry<Result> | undefined;
  let oldestToken = "";
  for (const [otherToken, other] of [...firstOf(entries, LOOKED_AT)]) {
    entries.delete(otherToken);
    if (isOver(other, now)) continue;
    // To the end of the order: the next call looks at others.
    entries.set(otherToken, other);
    // An entry that is under way is never forgotten: its token would be spent again.
    if (other.outcome && other.startedAt < (oldest?.startedAt ?? Infinity)) [oldest, oldestToken] = [other, otherToken];
  }
  if (entries.size >= MAX_ENTRIES && oldest) entries.delete(oldestToken);
  entries.set(token, entry);
}

function* firstOf<Item>(items: Iterable<Item>, count: number): Iterable<Item> {
  let left = count;
  for (const item of items) {
    if (left-- <= 0) return;
    yield item;
  }
}
