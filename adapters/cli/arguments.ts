import { parseArgs } from "node:util";
import { nearest } from "../lib/nearest.js";
import { type Arguments, type Flag, UsageError } from "./command.js";

/** ` Did you mean ...?`, where a name is near. */
export function suggestion(text: string, names: readonly string[], prefix = ""): string {
  const near = nearest(text, names);
  return near ? `: did you mean ${prefix}${near}?` : "";
}

/**
 * Parses the arguments of a command.
 * @throws UsageError for a flag that the command does not have, that has no value, or that has one too many
 */
export function parseArguments(args: readonly string[], flags: Readonly<Record<string, Flag>> = {}): Arguments {
  const { tokens } = parseArgs({
    args: [...args],
    // A flag that takes a value takes the next argument as well: `--issuer https://op.example`.
    options: Object.fromEntries(
      Object.entries(flags).map(([name, { value }]) => [name, { type: value ? "string" : "boolean" }]),
    ),
    strict: false,
    allowPositionals: true,
    tokens: true,
  });
  const values: Record<string, string | true> = {};
  const positionals: string[] = [];
  for (const token of tokens) {
    if (token.kind === "positional") positionals.push(token.value);
    if (token.kind !== "option") continue;
    const { name, rawName, value } = token;
    const flag = Object.hasOwn(flags, name) ? flags[name] : undefined;
    if (!flag) throw new UsageError(`there is no ${rawName}${suggestion(name, Object.keys(flags), "--")}`);
    if (flag.value && (value === undefined || value === "")) throw new UsageError(`${rawName} needs a value`);
    if (!flag.value && value !== undefined) throw new UsageError(`${rawName} takes no value`);
    values[name] = value ?? true;
  }
  return { positionals, flags: values };
}
