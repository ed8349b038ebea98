import { explain } from "../../core/events.js";
import type { Silent } from "./table.js";
import type { Emitted, World } from "./world.js";

/** The lines that a surface must have. */
export const linesOf = (said: string | Silent): string[] => (typeof said === "string" ? [said] : []);

/** What each surface said, in the words of the table. */
export function saidIn({ plain }: World, quiet: Emitted, heard: Emitted) {
  const bare = (line: string) => plain(line).replace(/^latchkey: /, "");
  return {
    console: quiet.lines.map(bare),
    event: heard.events.flatMap((event) => {
      if (event.type === "failed") return bare(explain(event));
      return event.type === "session_refused" ? `session_refused: ${event.reason}; check ${event.advice}` : [];
    }),
    onFailure: heard.failures.map((failure) => bare(explain(failure))),
  };
}
