import { parseArguments, suggestion } from "./arguments.js";
import type { Command, Terminal } from "./command.js";
import { commands } from "./commands.js";
import { helpOf, helpOfAll } from "./help.js";

const commandOf = (name: string): Command | undefined => (Object.hasOwn(commands, name) ? commands[name] : undefined);

const HELP = ["help", "--help", "-h"];

/** A usage error, and what helps against it. */
export interface Misused {
  readonly message: string;
  readonly help: string;
}

/**
 * Runs a command with its arguments. Resolves to the exit code, or to what is wrong with the arguments.
 * @param version the version of the package
 */
export async function run(args: readonly string[], terminal: Terminal, version: string): Promise<number | Misused> {
  const [first = "help", ...rest] = args;
  const all = helpOfAll(commands, version);
  const unknown = (name: string): Misused => ({
    message: `there is no command ${name}${suggestion(name, [...Object.keys(commands), "help"])}`,
    help: all,
  });
  if (["--version", "-v"].includes(first)) {
    terminal.print(version);
    return 0;
  }
  // `latchkey help check`, `latchkey check --help`
  const asksForHelp = HELP.includes(first) || rest.some((each) => HELP.slice(1).includes(each));
  const name = HELP.includes(first) ? rest.find((each) => !HELP.includes(each)) : first;
  const command = name === undefined ? undefined : commandOf(name);
  if (name !== undefined && !command) return unknown(name);
  if (asksForHelp || !command || name === undefined) {
    terminal.print(command && name !== undefined ? helpOf(name, command) : all);
    return 0;
  }
  try {
    return await command.run(parseArguments(rest, command.flags), terminal);
  } catch (error) {
    const { name: kind, message } = error as Error;
    if (kind === "UsageError") return { message, help: helpOf(name, command) };
    throw error;
  }
}
