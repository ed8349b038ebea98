import { describe } from "../../core/describe.js";
import { explain, type LatchkeyEvent } from "../../core/events.js";
import type { AccessTokenRefusal } from "../../core/resource-server/refusal.js";

/** A line that was printed: when, and how many of its kind were left out since then. */
interface Printed {
  readonly at: number;
  more: number;
}

/** Kinds of lines that have a pause of their own; all others share one. Clients and providers choose parts of a line. */
const MAX_KINDS = 20;

/** Milliseconds between two lines of one kind where each request of a client may have that reason. */
const MINUTE = 60_000;

/**
 * Prints one line of each kind in `pause` milliseconds. The next line of that kind says how many were left out. Lines that differ in
 * their digits alone, such as times, are of one kind.
 */
function createLinePrinter() {
  const kinds = new Map<string, Printed>();
  return (line: string, at: number, pause: number): void => {
    const own = line.replace(/\d+/g, "");
    const kind = kinds.size < MAX_KINDS || kinds.has(own) ? own : "";
    const last = kinds.get(kind);
    // A clock may be set back.
    if (last && Math.abs(at - last.at) < pause) last.more++;
    else {
      console.error(line + (last?.more ? ` (and ${last.more} more)` : ""));
      kinds.set(kind, { at, more: 0 });
    }
  };
}

/** The observer of an app that has none: prints failures once a second, and cookies of another app once a minute. */
export function createFailurePrinter(): (event: LatchkeyEvent) => void {
  const print = createLinePrinter();
  return (event) => {
    if (event.type === "failed") print(explain(event), event.at, 1000);
    else if ("reason" in event && event.advice)
      print(
        `latchkey: a session cookie is of another app or secret (${event.reason}); check ${event.advice}`,
        event.at,
        MINUTE,
      );
  };
}

/** The observer of an API that has none: prints the refusals that an option may mend, each once a minute. */
export function createRefusalPrinter(now: () => number): (refusal: AccessTokenRefusal) => void {
  const print = createLinePrinter();
  return ({ advice, ...refusal }) => {
    if (advice) print(`latchkey: access token refused: ${describe(refusal)}; check ${advice}`, now(), MINUTE);
  };
}
