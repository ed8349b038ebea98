import type { StoreClock } from "./clock.js";
import { putNewest } from "./newest.js";

/** The requests of one process that change one key. */
interface Line<Latest> {
  /** How many requests wait or have the turn. A cancelled one counts for ever. */
  requests: number;
  /** When the turn began, in milliseconds since the epoch; undefined if no request has it. */
  since: number | undefined;
  /** The result of the last turn. */
  latest: Latest | undefined;
}

/** Runs a task in its turn. `latest`: the result of the turn before, if this request was waiting then. */
export type InTurn<Latest> = (
  key: string,
  task: (latest: Latest | undefined) => Promise<Latest | undefined>,
) => Promise<Latest | undefined>;

/**
 * Lets the requests of this process that change one key do so one after the other, so that they do not conflict with each other. A
 * runtime may cancel a request, and its promises with it. So each request waits by timers of its own, and a turn that lasts longer than
 * `limit` milliseconds is over. Turns only save tries: the atomic step of the store decides which change holds.
 */
export function createTurns<Latest>({ now, sleep }: StoreClock, limit: number): InTurn<Latest> {
  const lines = new Map<string, Line<Latest>>();
  /** The most lines at once: those of cancelled requests stay otherwise. */
  const MAX_LINES = 1_000;
  /** Milliseconds between two looks. */
  const PAUSE = 4;

  return async (key, task) => {
    const line: Line<Latest> = lines.get(key) ?? { requests: 0, since: undefined, latest: undefined };
    putNewest(lines, key, line, MAX_LINES);
    line.requests++;
    let began: number | undefined;
    try {
      // `now` may be before `since`: the clock may have been set back.
      while (line.since !== undefined && now() - line.since < limit && now() >= line.since) await sleep(PAUSE);
      began = line.since = now();
      line.latest = await task(line.latest);
      return line.latest;
    } finally {
      line.requests--;
      if (line.since === began) line.since = undefined;
      if (line.requests === 0 && lines.get(key) === line) lines.delete(key);
    }
  };
}
