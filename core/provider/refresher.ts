import { ExchangeError } from "../errors.js";

/** Milliseconds for which requests that still hold the old refresh token get the result of its use. */
const REPLAY = 30_000;

/** What came of a refresh: something, and the refresh token to go on with. */
export interface Refreshed {
  readonly refreshToken: string;
}

/** A refresh token that was used, or is being used. */
export interface Entry<Result> {
  /** Which audience and scope it was used for. */
  readonly purpose: string;
  readonly result: Promise<Result>;
  /** Milliseconds; Infinity while under way. */
  doneAt: number;
}

/** One use of a refresh token that is asked for. */
export interface Use<Result extends Refreshed> {
  readonly refreshToken: string;
  /** Which audience and scope it is for: a result serves only others of the same. */
  readonly purpose: string;
  /** The asker has this result already and wants another, or it is over. */
  isOfNoUse(result: Result): boolean;
  perform(refreshToken: string): Promise<Result>;
}

/**
 * Spends each refresh token once: requests at the same time share one use, and for a while after it others that still
 * hold it get its result. Keyed by the token itself: nothing else tells two users apart (S11).
 */
export async function refreshOnce<Result extends Refreshed>(
  known: Map<string, Entry<Result>>,
  now: () => number,
  { refreshToken, purpose, isOfNoUse, perform }: Use<Result>,
): Promise<Result> {
  let token = refreshToken;
  for (let entry = live(known, token, now()); entry; entry = live(known, token, now())) {
    const result = await settled(entry, purpose);
    if (result && entry.purpose === purpose && !isOfNoUse(result)) return result;
    // Used for something else, too early or too long ago: on to its successor. A provider that does not rotate gives the same again.
    if (result && result.refreshToken !== token) token = result.refreshToken;
    else if (known.get(token) === entry) known.delete(token);
  }
  const entry: Entry<Result> = { purpose, result: perform(token), doneAt: Infinity };
  remember(known, token, entry, now());
  try {
    const result = await entry.result;
    entry.doneAt = now();
    return result;
  } catch (error) {
    // A failure is told to those who waited for it, and to nobody after them.
    if (known.get(token) === entry) known.delete(token);
    throw error;
  }
}

/** What came of a use; undefined when one for another purpose failed for now. */
async function settled<Result>({ purpose, result }: Entry<Result>, asked: string): Promise<Result | undefined> {
  try {
    return await result;
  } catch (error) {
    if (purpose === asked || !(error instanceof ExchangeError) || error.code === "grant_ended") throw error;
    return undefined;
  }
}

function live<Result>(known: Map<string, Entry<Result>>, token: string, now: number): Entry<Result> | undefined {
  const entry = known.get(token);
  if (entry && now - entry.doneAt > REPLAY) known.delete(token);
  return known.get(token);
}

/** Entries are in the order of their making: the oldest go first, when their time is over or room is needed. */
function remember<Result>(known: Map<string, Entry<Result>>, token: string, entry: Entry<Result>, now: number): void {
  /** Most refresh tokens that are remembered at once. */
  const MAX_ENTRIES = 10_000;
  for (const [old, { doneAt }] of known) {
    if (now - doneAt <= REPLAY && known.size < MAX_ENTRIES) break;
    known.delete(old);
  }
  known.set(token, entry);
}
