import { transitions } from "../../core/exchange/machine.js";
import { tokenTransitions } from "../../core/exchange/token-life.js";

type Table = Readonly<
  Record<string, Readonly<Record<string, { readonly to: readonly string[] } | undefined>> | undefined>
>;

/** One machine as a Mermaid state diagram: an arrow for every place that a cell of its table may lead to. */
function draw(table: Table, initial: string): string {
  const arrows = Object.entries(table).flatMap(([from, row]) =>
    Object.entries(row ?? {}).flatMap(([event, cell]) => (cell?.to ?? []).map((to) => `  ${from} --> ${to}: ${event}`)),
  );
  return ["```mermaid", "stateDiagram-v2", `  [*] --> ${initial}`, ...arrows, "```"].join("\n");
}

/** Both machines, drawn from their tables. */
export const drawMachines = (): string =>
  [
    "The sign-in:",
    draw(transitions as Table, "idle"),
    "The access token of a session, once it is due for renewal:",
    draw(tokenTransitions as Table, "due"),
  ].join("\n\n");
