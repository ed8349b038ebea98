import type { Column } from "./columns.js";
import { areas } from "./rows.js";

/** What of a column the table shows. */
type Shown = Pick<Column, "name" | "engine" | "cannot">;

const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;

/** The contract as a Markdown table: a line for each area, a check mark where a column does it, footnotes for what it cannot do. */
export function drawContract(columns: readonly Shown[]): string {
  const notes: string[] = [];

  /** The number of a note; the same words have one number. */
  function note(text: string): string {
    if (!notes.includes(text)) notes.push(text);
    return `<sup>${notes.indexOf(text) + 1}</sup>`;
  }

  const cell = (names: readonly string[], cannot: Readonly<Record<string, string>>): string =>
    [
      names.every((name) => cannot[name]) ? "–" : "✓",
      ...names.flatMap((name) => (cannot[name] ? note(`Not “${name}”: ${cannot[name]}.`) : [])),
    ].join("");

  const lines = Object.entries(areas).map(([area, rows]) => {
    const names = rows.map(({ name }) => name);
    return line([`${area} (${rows.length})`, ...columns.map(({ cannot = {} }) => cell(names, cannot))]);
  });
  return [
    line(["", ...columns.map(({ name }) => name)]),
    line(["---", ...columns.map(() => ":-:")]),
    ...lines,
    line(["crypto engine", ...columns.map(({ engine }) => engine)]),
    ...notes.map((text, index) => `\n<sup>${index + 1}</sup> ${text}`),
  ].join("\n");
}
