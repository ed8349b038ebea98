import { explain, type LatchkeyEvent } from "../../core/events.js";

/** Milliseconds in which such a cookie is printed once: each request of a browser may bring it again. */
const PAUSE = 60_000;

/** Reasons for which cookies of an app do not open although its browser keeps them. */
const FOREIGN: readonly string[] = ["unknown_key", "tampered"];

/** The observer of an app that has none: prints a line for each failure. */
export function createFailurePrinter(): (event: LatchkeyEvent) => void {
  let printedAt = 0;
  return (event) => {
    if (event.type === "failed") return console.error(explain(event));
    if (event.type !== "session_refused" || !FOREIGN.includes(event.reason) || event.at - printedAt < PAUSE) return;
    printedAt = event.at;
    console.error(
      `latchkey: a session cookie is of another app or secret (${event.reason}); check session.cookie.name, secret`,
    );
  };
}
