import type { AuthOptions } from "../lib/auth-options.js";
import { authExamples, LIST_VARIABLES, VARIABLES } from "../lib/config.js";
import { variableOf } from "../lib/variables.js";
import { type Arguments, type Flag, UsageError } from "./command.js";

/** `clientId` -> `client-id` */
const flagOf = (option: string): string => option.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);

/** Options of code that a flag can hold: texts, numbers, and those that are on or off. */
const PLAIN = Object.entries(authExamples)
  .filter(([, example]) => ["string", "number", "boolean"].includes(typeof example))
  .map(([name]) => name);

/** Options that can be flags, those with a variable first. `clientPrivateKey` is no option. */
const OPTIONS = [...new Set([...VARIABLES, "clientAuthentication", ...PLAIN])].filter(
  (name) => name !== "clientPrivateKey",
);

/** The flags that stand for options of an app. */
export const optionFlags: Readonly<Record<string, Flag>> = Object.fromEntries(
  OPTIONS.map((name): [string, Flag] => {
    const hasVariable = VARIABLES.includes(name);
    const list = LIST_VARIABLES.includes(name) ? ", several separated by commas" : "";
    const help = hasVariable ? `instead of ${variableOf(name)}${list}` : `the option ${name} of auth()`;
    return [flagOf(name), { help, ...(authExamples[name as keyof AuthOptions] === false ? {} : { value: "VALUE" }) }];
  }),
);

/** The options of an app in the flags of a command. @throws UsageError for a number that is none */
export function optionsIn(flags: Arguments["flags"]): AuthOptions {
  const options: Record<string, unknown> = {};
  for (const name of OPTIONS) {
    const value = flags[flagOf(name)];
    if (value === undefined) continue;
    if (LIST_VARIABLES.includes(name)) options[name] = `${value}`.split(/ *, */);
    else if (typeof authExamples[name as keyof AuthOptions] === "number") {
      if (!Number.isFinite(Number(value))) throw new UsageError(`--${flagOf(name)} needs a number`);
      options[name] = Number(value);
    } else options[name] = value;
  }
  return options;
}
