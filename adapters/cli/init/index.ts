import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { suggestion } from "../arguments.js";
import { type Arguments, type Command, type Terminal, UsageError } from "../command.js";
import { freshSecret } from "../secret.js";
import { filesFor, type NewFile, type Values, withIgnored, withVariables } from "./files.js";
import { detectLanguage, detectRuntime, installerOf, type Project, readProject } from "./project.js";
import { type Language, type Runtime, type RuntimeSetup, runtimes } from "./runtimes.js";

export const init: Command = {
  summary: "writes the variables and the files of an app",
  details: `It finds out what is in this folder, and asks for what flags do not say if a person sits in front of it. A file that exists stays as it
is: the output shows what to put there. To a file of variables it appends those that are missing.`,
  flags: {
    runtime: { value: "NAME", help: Object.keys(runtimes).join(", ") },
    ts: { help: "writes TypeScript" },
    js: { help: "writes JavaScript" },
    issuer: { value: "VALUE", help: "LATCHKEY_ISSUER" },
    "client-id": { value: "VALUE", help: "LATCHKEY_CLIENT_ID" },
    "client-secret": { value: "VALUE", help: "LATCHKEY_CLIENT_SECRET" },
    "base-url": { value: "VALUE", help: "LATCHKEY_BASE_URL; default: http://localhost:3000" },
    yes: { help: "asks nothing" },
  },
  async run({ positionals, flags }, terminal) {
    if (positionals.length > 0) throw new UsageError("init takes no arguments but flags");
    const project = readProject(terminal.folder);
    const { runtime, because } = chooseRuntime(flags, project);
    const language = chooseLanguage(flags, project, runtime);
    const setup = runtimes[runtime];
    const { print } = terminal;
    print(`${setup.title}, ${language === "ts" ? "TypeScript" : "JavaScript"}: ${because}`);
    const values = await valuesFor(flags, setup, terminal);
    if (setup.envFile !== undefined) writeVariables(setup.envFile, values, project, terminal);
    const left = filesFor(setup, language, project).filter((file) => !writeNew(file, project, terminal));
    for (const { path, text } of left) {
      print(`\n${path} exists, and stays as it is. latchkey needs this there:\n`);
      print(text.replace(/^(?=.)/gm, "  ").trimEnd());
    }
    print(
      nextSteps({ runtime, language, setup, project, baseUrl: values.baseUrl, isKnown: values.issuer !== undefined }),
    );
    return 0;
  },
};

function chooseRuntime({ runtime }: Arguments["flags"], project: Project): { runtime: Runtime; because: string } {
  if (typeof runtime !== "string") return detectRuntime(project);
  if (!Object.hasOwn(runtimes, runtime)) {
    const names = Object.keys(runtimes);
    throw new UsageError(
      `there is no runtime ${runtime}${suggestion(runtime, names) || `; there are ${names.join(", ")}`}`,
    );
  }
  return { runtime: runtime as Runtime, because: "as --runtime says" };
}

function chooseLanguage({ ts, js }: Arguments["flags"], project: Project, runtime: Runtime): Language {
  if (ts && js) throw new UsageError("--ts and --js exclude each other");
  if (ts || js) return ts ? "ts" : "js";
  return detectLanguage(project, runtime);
}

/** The values of the variables: from flags, or from the person in front of the terminal. */
async function valuesFor(
  flags: Arguments["flags"],
  setup: RuntimeSetup,
  { isInteractive, ask }: Terminal,
): Promise<Values> {
  const asks = isInteractive && !flags["yes"] && setup.envFile !== undefined;
  const value = async (flag: string, question: string): Promise<string | undefined> => {
    const given = flags[flag];
    if (typeof given === "string") return given;
    return asks ? (await ask(`${question} (empty: later) `)) || undefined : undefined;
  };
  return {
    issuer: await value("issuer", "Issuer of your provider, such as https://tenant.eu.auth0.com/"),
    clientId: await value("client-id", "Client id"),
    clientSecret: await value("client-secret", "Client secret"),
    baseUrl: await value("base-url", "URL of your app, http://localhost:3000"),
    secret: freshSecret(),
  };
}

/** Writes a file unless it exists. False if it exists. */
function writeNew({ path, text }: NewFile, { folder }: Project, { print }: Terminal): boolean {
  mkdirSync(dirname(join(folder, path)), { recursive: true });
  try {
    writeFileSync(join(folder, path), text, { flag: "wx" });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  }
  print(`+ ${path}`);
  return true;
}

function writeVariables(file: string, values: Values, { folder, read }: Project, { print }: Terminal): void {
  const { text, added } = withVariables(read(file) ?? "", values);
  if (added.length > 0) {
    writeFileSync(join(folder, file), text);
    print(`+ ${file}: ${added.join(", ")}`);
  } else print(`  ${file} has all variables already`);
  const ignored = withIgnored(read(".gitignore") ?? "", file);
  if (ignored === undefined) return;
  writeFileSync(join(folder, ".gitignore"), ignored);
  print(`+ .gitignore: ${file}`);
}

/** What the person does next. */
function nextSteps(app: {
  readonly runtime: Runtime;
  readonly language: Language;
  readonly setup: RuntimeSetup;
  readonly project: Project;
  readonly baseUrl: string | undefined;
  readonly isKnown: boolean;
}): string {
  const { runtime, language, setup, project } = app;
  const base = (app.baseUrl ?? "http://localhost:3000").replace(/\/+$/, "");
  const install = installerOf(project, runtime);
  const lacking = (packages: readonly string[]) => packages.filter((name) => !project.packages.includes(name));
  const [needed, dev] = [lacking(["latchkey", ...setup.packages]), lacking(setup.devPackages[language])];
  const steps =
    setup.envFile === undefined
      ? ["Register a public client at your provider, and put issuer, client id and redirect URI into the file."]
      : [
          `Register a confidential client at your provider: redirect URI ${base}${setup.mount}/callback, post-logout redirect URI ${base}/`,
          ...(app.isKnown ? [] : [`Put its issuer, id and secret into ${setup.envFile}.`]),
        ];
  if (needed.length > 0) steps.push(install(needed));
  if (dev.length > 0) steps.push(install(dev, true));
  if (setup.envFile !== undefined)
    steps.push(`npx latchkey check${setup.mount === "/auth" ? "" : ` --mount ${setup.mount}`}`);
  steps.push(`${setup.start(language)}, and open ${base}/`);
  return `\nWhat to do next:\n${steps.map((step, index) => `${index + 1}. ${step}`).join("\n")}`;
}
