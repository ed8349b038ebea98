import { describe } from "../../core/describe.js";
import { explain, type LatchkeyEvent } from "../../core/events.js";
import type { AccessTokenRefusal } from "../../core/resource-server/bearer.js";

/** Milliseconds in which a line about one reason is printed once: each request of a client may have that reason. */
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

/** The observer of an API that has none: prints the refusals that an option may mend. */
export function createRefusalPrinter(now: () => number): (refusal: AccessTokenRefusal) => void {
  const printedAt = new Map<string | undefined, number>();
  return ({ advice, ...refusal }) => {
    if (!advice || now() - (printedAt.get(refusal.reason) ?? -PAUSE) < PAUSE) return;
    printedAt.set(refusal.reason, now());
    console.error(`latchkey: access token refused: ${describe(refusal)}; check ${advice}`);
  };
}
