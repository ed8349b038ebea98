import { dirname, posix } from "node:path";
import { parseVariables } from "../env-files.js";
import type { Project } from "./project.js";
import type { Language, RuntimeSetup } from "./runtimes.js";

/** A file to write, with its path in the folder of the app. */
export interface NewFile {
  readonly path: string;
  readonly text: string;
}

/** The alias `@/`, which create-next-app writes. */
const hasAlias = ({ read }: Project): boolean =>
  /"@\/\*"/.test(`${read("tsconfig.json") ?? ""}${read("jsconfig.json") ?? ""}`);

/** The major version of Next in `package.json`; undefined when it does not say. */
const nextVersion = ({ read }: Project): number | undefined => {
  const [, major] = /"next":\s*"[^\d"]*(\d+)/.exec(read("package.json") ?? "") ?? [];
  return major === undefined ? undefined : Number(major);
};

/** The files of a kind of app, where they go in this folder. */
export function filesFor(setup: RuntimeSetup, language: Language, project: Project): NewFile[] {
  const isNext = setup.title.startsWith("Next.js");
  const folder = isNext && project.has("src") ? "src/" : "";
  const ending = (path: string) => (language === "ts" ? path : path.replace(/\.tsx?$/, `.${setup.ending}`));
  // An app has one file of settings for wrangler.
  const isSettled = project.has("wrangler.jsonc") || project.has("wrangler.json");
  const files = setup.files.filter(({ path }) => path !== "wrangler.toml" || !isSettled);
  return files.map((file) => {
    let [path, text] = [file.path, language === "js" && file.js !== undefined ? file.js : file.ts];
    if (isNext && path === "proxy.ts" && (nextVersion(project) ?? 16) < 16) {
      // Next 15 calls the file and its export otherwise.
      [path, text] = [
        "middleware.ts",
        text.replace(/export const proxy = auth\.proxy;.*/, "export const middleware = auth.middleware;"),
      ];
    }
    if (!hasAlias(project)) {
      const up = posix.relative(dirname(path), ".") || ".";
      text = text.replaceAll('"@/auth"', `"${up}/auth"`);
    }
    return { path: folder + ending(path), text };
  });
}

/** The variables of an app, with text of the documents where a value is not known. */
export interface Values {
  readonly issuer?: string | undefined;
  readonly clientId?: string | undefined;
  readonly clientSecret?: string | undefined;
  readonly secret: string;
  readonly baseUrl?: string | undefined;
}

const VARIABLES = (values: Values): ReadonlyArray<readonly [name: string, value: string, comment: string]> => [
  [
    "LATCHKEY_ISSUER",
    values.issuer ?? "https://your-provider.example/",
    "Exactly as the provider's discovery document names it, with or without a slash at the end.",
  ],
  ["LATCHKEY_CLIENT_ID", values.clientId ?? "your-client-id", "Of the client that you register at the provider."],
  ["LATCHKEY_CLIENT_SECRET", values.clientSecret ?? "your-client-secret", ""],
  [
    "LATCHKEY_SECRET",
    values.secret,
    "Seals the cookies. Keep it out of the repository; `npx latchkey secret` prints another one.",
  ],
  ["LATCHKEY_BASE_URL", values.baseUrl ?? "http://localhost:3000", "The URL of your app."],
];

/** A value as a file of variables has it: in quotes, if a part of it would be a comment or be trimmed. */
function written(value: string): string {
  if (!/[#\s'"`]/.test(value)) return value;
  const quote = ["'", '"', "`"].find((each) => !value.includes(each)) ?? "";
  return quote + value + quote;
}

/** A file of variables with those that it lacks, and the names of these; its lines stay as they are. */
export function withVariables(
  text: string,
  values: Values,
): { readonly text: string; readonly added: readonly string[] } {
  const set = parseVariables(text);
  const missing = VARIABLES(values).filter(([name]) => !(name in set));
  const lines = missing.map(
    ([name, value, comment]) => `${comment ? `# ${comment}\n` : ""}${name}=${written(value)}\n`,
  );
  const start = text === "" || text.endsWith("\n") ? text : `${text}\n`;
  return { text: start + lines.join(""), added: missing.map(([name]) => name) };
}

/** The text of `.gitignore` with a line for this file; undefined if one of its lines covers the file already. */
export function withIgnored(text: string, file: string): string | undefined {
  const covers = (line: string): boolean => {
    const pattern = line.trim().replace(/^\//, "");
    if (pattern === "" || /^[#!]/.test(pattern)) return false;
    const escaped = pattern
      .replace(/[.+^${}()|[\]\\]/g, "\\$&")
      .replaceAll("*", "[^/]*")
      .replaceAll("?", "[^/]");
    return new RegExp(`^${escaped}$`).test(file);
  };
  const lines = text.split(/\r?\n/);
  // The last line that speaks of a file counts, and `!` takes one out.
  const last = [...lines].reverse().find((line) => covers(line.trim().replace(/^!/, "")));
  if (last !== undefined && covers(last)) return undefined;
  return `${text}${text === "" || text.endsWith("\n") ? "" : "\n"}${file}\n`;
}
