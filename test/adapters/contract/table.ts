import type { Column } from "./columns.js";
import { areas } from "./rows.js";

/** The fields of a column that the table shows. */
type ColumnSummary = Pick<Column, "name" | "engine" | "cannot">;

const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;

/** Draws the contract as a Markdown table: one line per area, a check mark for each column, and footnotes for exceptions. */
export function drawContract(columns: readonly ColumnSummary[]): string {
  const notes: string[] = [];

  /** The number of a footnote. Equal footnotes share a number. */
  function footnote(text: string): string {
    if (!notes.includes(text)) notes.push(text);
    return `<sup>${notes.indexOf(text) + 1}</sup>`;
  }

  const cell = (names: readonly string[], cannot: Readonly<Record<string, string>>): string =>
    [
      names.every((name) => cannot[name]) ? "–" : "✓",
      ...names.flatMap((name) => (cannot[name] ? footnote(`Not “${name}”: ${cannot[name]}.`) : [])),
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
