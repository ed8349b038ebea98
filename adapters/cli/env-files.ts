import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { UsageError } from "./command.js";

/** Files with variables, in the order in which each wins over those before it: as Next reads them, and `wrangler dev`. */
const FILES = [".env", ".env.local", ".dev.vars"];

/** `NAME=value`, with the value bare or in quotes, which may span lines; as `node --env-file` reads it. */
const VARIABLE = /^[ \t]*(?:export[ \t]+)?([\w.]+)[ \t]*=[ \t]*(?:"([^"]*)"|'([^']*)'|`([^`]*)`|([^\r\n#]*))/gm;

/** The variables in the text of an `.env` file. */
export function parseVariables(text: string): Record<string, string> {
  const variables: Record<string, string> = {};
  for (const [, name = "", double, single, back, bare] of text.matchAll(VARIABLE)) {
    variables[name] = double?.replaceAll("\\n", "\n") ?? single ?? back ?? (bare ?? "").trim();
  }
  return variables;
}

/** Variables, and the names of the files that they are from. */
export interface FileVariables {
  readonly files: readonly string[];
  readonly variables: Readonly<Record<string, string>>;
}

/**
 * The variables in the files of a folder.
 * @param file the only file to read
 * @throws UsageError when this file does not exist
 */
export function readEnvFiles(folder: string, file?: string): FileVariables {
  if (file !== undefined && !existsSync(join(folder, file))) throw new UsageError(`there is no file ${file}`);
  const files = file === undefined ? FILES.filter((name) => existsSync(join(folder, name))) : [file];
  const texts = files.map((name) => readFileSync(join(folder, name), "utf8"));
  return { files, variables: Object.assign({}, ...texts.map(parseVariables)) };
}
