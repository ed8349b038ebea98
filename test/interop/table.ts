import type { Exception } from "./exceptions.js";
import type { Provider } from "./provider.js";
import { type RowId, rows, serverRows } from "./rows.js";

const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;

/** Draws the rows and the providers as a Markdown table, with a footnote for each exception. */
export function drawInterop(providers: readonly Provider[]): string {
  const notes: string[] = [];

  /** The number of a footnote. Equal footnotes share a number. */
  function footnote(text: string): string {
    if (!notes.includes(text)) notes.push(text);
    return `<sup>${notes.indexOf(text) + 1}</sup>`;
  }

  const describe = ({ isFault, reason }: Exception<never>, who = "the provider"): string =>
    footnote(`${isFault ? "Not as specified" : "Not offered"}: ${who} ${reason}.`);

  function cell(id: RowId, { exceptions = {}, pageExceptions = {} }: Provider): string {
    const [all, ofPage] = [exceptions[id], pageExceptions[id]];
    const mark = all ? (all.isFault ? "✗" : "–") : "✓";
    return [mark, all && describe(all), ofPage && describe(ofPage, "to the page's client, the provider")].join("");
  }

  const lines = Object.entries({ ...rows, ...serverRows }).map(([id, { name }]) =>
    line([
      id in serverRows ? `on a server: ${name}` : name,
      ...providers.map((provider) => cell(id as RowId, provider)),
    ]),
  );
  return [
    line(["", ...providers.map(({ name }) => name)]),
    line(["---", ...providers.map(() => ":-:")]),
    line(["version", ...providers.map((provider) => provider.version())]),
    ...lines,
    ...providers.flatMap(({ name, fault }) =>
      fault ? `\nBeyond the rows, not as specified: ${name} ${fault.reason}.` : [],
    ),
    ...notes.map((text, index) => `\n<sup>${index + 1}</sup> ${text}`),
  ].join("\n");
}
