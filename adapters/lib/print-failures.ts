import { describe } from "../../core/describe.js";
import { explain, type LatchkeyEvent } from "../../core/events.js";
import type { AccessTokenRefusal } from "../../core/resource-server/bearer.js";

/** A line that was printed: when, and how many of its kind were left out since then. */
interface Printed {
  readonly at: number;
  more: number;
}

/** Kinds of lines that are remembered: clients and providers choose parts of a line, and so the number of kinds. */
const MAX_KINDS = 20;

/**
 * Prints one line of each kind in `pause` milliseconds: each request of a client may have the same reason. The next line of that kind
 * says how many were left out. Lines that differ in their digits alone, such as times, are of one kind. While there are too many kinds,
 * those that are new count as one.
 */
function createLinePrinter(pause: number) {
  const kinds = new Map<string, Printed>();
  return (line: string, at: number): void => {
    // Not `at - printed.at`: a clock may be set back.
    const isOver = (printed: Printed) => Math.abs(at - printed.at) >= pause;
    let kind = line.replace(/\d+/g, "");
    if (!kinds.has(kind) && kinds.size >= MAX_KINDS) {
      for (const [each, printed] of kinds) if (isOver(printed)) kinds.delete(each);
      if (kinds.size >= MAX_KINDS) kind = "";
    }
    const last = kinds.get(kind);
    if (last && !isOver(last)) last.more++;
    else {
      console.error(line + (last?.more ? ` (and ${last.more} more)` : ""));
      kinds.set(kind, { at, more: 0 });
    }
  };
}

/** Reasons for which cookies of an app do not open although its browser keeps them. */
const FOREIGN: readonly string[] = ["unknown_key", "tampered"];

/** The observer of an app that has none: prints failures once a second, and cookies of another app once a minute. */
export function createFailurePrinter(): (event: LatchkeyEvent) => void {
  const [printFailure, printRefusal] = [createLinePrinter(1000), createLinePrinter(60_000)];
  return (event) => {
    if (event.type === "failed") return printFailure(explain(event), event.at);
    if (event.type === "session_refused" && FOREIGN.includes(event.reason))
      printRefusal(
        `latchkey: a session cookie is of another app or secret (${event.reason}); check ${event.advice}`,
        event.at,
      );
  };
}

/** The observer of an API that has none: prints the refusals that an option may mend, each once a minute. */
export function createRefusalPrinter(now: () => number): (refusal: AccessTokenRefusal) => void {
  const print = createLinePrinter(60_000);
  return ({ advice, ...refusal }) => {
    if (advice) print(`latchkey: access token refused: ${describe(refusal)}; check ${advice}`, now());
  };
}
