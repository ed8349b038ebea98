import { must } from "./errors.js";
import { isObject } from "./is-object.js";

/**
 * A value of the right type for every member of `Options`; {@link ANY} for a member that a check of its own checks. The compiler
 * refuses a list that lacks a member, or that has another one.
 */
export type ExamplesOf<Options> = { readonly [Name in keyof Options]-?: unknown };

/** The options inside an option, or of an entry. The example `*` is for members of any name. */
export type Examples = Readonly<Record<string, unknown>>;

export const ANY = undefined;
/** For an object whose members may have any name. */
export const OBJECT: object = {};
export const TEXT = "text";
export const FUNCTION = (): void => {};

/** `typeof`, but lists, null, NaN and blank text have names of their own: no option may be one of the last three. */
function typeOf(value: unknown): string {
  const filled = typeof value === "string" ? value.trim() : value;
  if (Array.isArray(value)) return "list";
  return filled || value === 0 || value === false ? typeof value : `${filled}` || "blank";
}

/**
 * Whether two names differ by two letters at most, in any order. Every entry carries it; the command line has `nearest`
 * (adapters/lib/nearest.ts), which is larger and better.
 */
const isNear = (a: string, b: string): boolean =>
  [...(a + b)].filter((letter) => !a.includes(letter) || !b.includes(letter)).length < 3;

/**
 * What is wrong with the names and types of options, a sentence each. An option that is undefined counts as left out. No
 * sentence quotes a value: it may be a secret.
 *
 * @param path what stands before the names in messages
 */
function* faultsIn(options: object, examples: Examples, path = ""): Iterable<string> {
  // Not `Object.entries`: options may be inherited.
  for (const name in options) {
    const value: unknown = options[name as keyof typeof options];
    const key = "*" in examples ? "*" : name;
    const example = examples[key];
    const [type, expected] = [typeOf(value), typeOf(example)];
    if (!Object.hasOwn(examples, key)) {
      const near = Object.keys(examples).find((each) => isNear(each.toLowerCase(), name.toLowerCase()));
      yield `there is no option ${path + name}${near ? `: did you mean ${path + near}?` : ""}`;
    } else if (value === undefined || example === ANY) {
      // Left out, or checked elsewhere.
    } else if (type !== expected) yield `${path + name} must be of type ${expected}, not ${type}`;
    else if (type === "object" && example !== OBJECT) {
      yield* faultsIn(value as object, example as Examples, `${path + name}.`);
    }
  }
}

/**
 * Checks the names and types of options.
 * @param missing a sentence for each value that must be set and is not
 * @param path what stands before the names in messages
 * @throws MisuseError (`invalid_config`) that lists all that is wrong, a line each
 */
export function checkOptions(
  options: unknown,
  examples: Examples,
  missing: readonly string[] = [],
  path?: string,
): void {
  must(isObject(options), "options must be an object");
  const faults = [...faultsIn(options, examples, path), ...missing];
  must(!faults[0], faults.join("\nlatchkey: "));
}
