/**
 * The results of one part of the bench.
 * @typedef {object} Table
 * @property {string} title
 * @property {string} text One or two sentences: what the table compares, and how.
 * @property {{ key: string, name: string, unit: string, better?: "less" | "more" }[]} columns `better` adds a column with ratios
 * @property {{ name: string, note?: string, ours?: boolean, [key: string]: unknown }[]} rows the figures, by the keys of the columns
 * @property {string} [chart] The key of the column for the chart.
 *
 * @typedef {object} Check One promise, with the measured value.
 * @property {string} what
 * @property {number} [atLeast]
 * @property {number} [atMost]
 * @property {number} got
 *
 * @typedef {{ title: string, tables: Table[], checks: Check[], skipped?: string[] }} Part
 */

const medianOf = (figure) => (typeof figure === "object" ? figure?.median : figure);

/** A number with three significant digits. */
export function short(value) {
  if (!Number.isFinite(value)) return `${value}`;
  const digits = Math.abs(value) >= 100 || Number.isInteger(value) ? 0 : Math.abs(value) >= 10 ? 1 : 2;
  return value.toLocaleString("en", { maximumFractionDigits: digits, minimumFractionDigits: digits });
}

function cell(figure) {
  if (figure === undefined || figure === null) return "—";
  if (typeof figure === "string") return figure;
  if (typeof figure === "number") return short(figure);
  return `${short(figure.median)} (${short(figure.low)}–${short(figure.high)})`;
}

/** How many times better latchkey's figure is than `figure`; above 1, latchkey is better. */
export function ratioOf(column, ours, figure) {
  const [own, other] = [medianOf(ours), medianOf(figure)];
  if (!column.better || typeof own !== "number" || typeof other !== "number") return undefined;
  return column.better === "less" ? other / own : own / other;
}

/** @param {Table} table */
export function toMarkdown({ title, text, columns, rows }) {
  const ours = rows.find((row) => row.ours);
  const heads = columns.flatMap(({ name, unit, better }) => [
    `${name}${unit && `, ${unit}`}`,
    ...(better && ours ? ["×"] : []),
  ]);
  const body = rows.map((row) => {
    const cells = columns.flatMap((column) => {
      const figure = row[column.key];
      if (!column.better || !ours) return [cell(figure)];
      const ratio = row === ours ? undefined : ratioOf(column, ours[column.key], figure);
      return [cell(figure), ratio === undefined ? "" : `**${short(ratio)}**`];
    });
    return [row === ours ? `**${row.name}**` : row.name, ...cells, row.note ?? ""];
  });
  const line = (cells) => `| ${cells.join(" | ")} |`;
  return [
    `### ${title}`,
    "",
    text,
    "",
    line(["", ...heads, ""]),
    line(["---", ...heads.map(() => "---:"), "---"]),
    ...body.map(line),
    "",
  ].join("\n");
}

const escaped = (text) => text.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);

/** A bar chart that is readable on light and dark pages. @param {Table} table */
export function toSvg({ title, columns, rows, chart }) {
  const column = columns.find(({ key }) => key === chart);
  const bars = rows
    .map((row) => ({ ...row, value: medianOf(row[chart]) }))
    .filter(({ value }) => Number.isFinite(value))
    .sort((left, right) => (column.better === "more" ? right.value - left.value : left.value - right.value));
  const [width, height, labels, figures] = [760, 26, 230, 80];
  const longest = Math.max(...bars.map(({ value }) => value));
  const drawn = bars.map(({ name, ours, value }, index) => {
    const y = 62 + index * height;
    const length = Math.max(2, (value / longest) * (width - labels - figures));
    return [
      `<text x="${labels - 10}" y="${y + 14}" text-anchor="end"${ours ? ' font-weight="700"' : ""}>${escaped(name)}</text>`,
      `<rect x="${labels}" y="${y}" width="${length.toFixed(1)}" height="18" rx="3" fill="${ours ? "#2f7de1" : "#9aa4b2"}"/>`,
      `<text x="${(labels + length + 8).toFixed(1)}" y="${y + 14}">${short(value)}</text>`,
    ].join("");
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${70 + bars.length * height}" role="img" aria-label="${escaped(title)}" font-family="system-ui, sans-serif" font-size="13">
<style>text{fill:#24292f}@media(prefers-color-scheme:dark){text{fill:#e6edf3}}</style>
<text x="10" y="24" font-size="16" font-weight="700">${escaped(title)}</text>
<text x="10" y="44">${escaped(`${column.name}, ${column.unit}: ${column.better === "more" ? "more" : "less"} is better`)}</text>
${drawn.join("\n")}
</svg>
`;
}

/** @param {Check} check */
export const isMet = ({ atLeast = -Infinity, atMost = Infinity, got }) => got >= atLeast && got <= atMost;

/** @param {Check[]} checks */
export function checksToMarkdown(checks) {
  const lines = checks.map((check) => {
    const limit = check.atLeast === undefined ? `at most ${short(check.atMost)}` : `at least ${short(check.atLeast)}`;
    return `| ${check.what} | ${limit} | ${short(check.got)} | ${isMet(check) ? "yes" : "**no**"} |`;
  });
  return ["| measure | promised | measured | kept |", "| --- | ---: | ---: | --- |", ...lines, ""].join("\n");
}
