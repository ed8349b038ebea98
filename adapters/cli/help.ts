import type { Command } from "./command.js";

/** Rows of two columns, indented. */
function columns(rows: ReadonlyArray<readonly [left: string, right: string]>): string {
  const width = Math.max(...rows.map(([left]) => left.length)) + 3;
  return rows.map(([left, right]) => `  ${left.padEnd(width)}${right}`).join("\n");
}

/** The help of `npx latchkey`. */
export const helpOfAll = (commands: Readonly<Record<string, Command>>, version: string): string =>
  [
    `latchkey ${version}: encrypted cookie sessions and OpenID Connect sign-in`,
    "",
    "usage: latchkey <command> [options]",
    "",
    columns([
      ...Object.entries(commands).map(([name, { summary }]) => [name, summary] as const),
      ["help [command]", "prints this, or the options of a command"],
      ["--version", "prints the version"],
    ]),
  ].join("\n");

/** The help of one command. */
export function helpOf(name: string, { summary, usage, flags = {}, details }: Command): string {
  const rows = Object.entries(flags).map(
    ([flag, { value, help }]) => [`--${flag}${value ? ` ${value}` : ""}`, help] as const,
  );
  return [
    `usage: latchkey ${name}${usage ? ` ${usage}` : ""}${rows.length > 0 ? " [options]" : ""}`,
    "",
    `latchkey ${name} ${summary}.`,
    ...(details ? ["", details] : []),
    ...(rows.length > 0 ? ["", columns(rows)] : []),
  ].join("\n");
}
