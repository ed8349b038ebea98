import { arrows } from "../../core/exchange/machine.js";
import { tokenArrows } from "../../core/exchange/token-life.js";

type Arrows = Readonly<Record<string, Readonly<Record<string, readonly string[]>>>>;

/** One machine as a Mermaid state diagram, with an arrow for each target state in its table. */
function draw(table: Arrows, initial: string): string {
  const lines = Object.entries(table).flatMap(([from, row]) =>
    Object.entries(row).flatMap(([event, targets]) => targets.map((to) => `  ${from} --> ${to}: ${event}`)),
  );
  return ["```mermaid", "stateDiagram-v2", `  [*] --> ${initial}`, ...lines, "```"].join("\n");
}

/** Both machines, drawn from their tables. */
export const drawMachines = (): string =>
  [
    "The sign-in:",
    draw(arrows, "idle"),
    "The access token of a session, once it is due for renewal:",
    draw(tokenArrows, "due"),
  ].join("\n\n");
