import { execFile } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type { TestProject } from "vitest/node";
import { addDocumented, addInitialized, addServed } from "./add-files.js";
import { buildCreated } from "./create.js";

/** A built app. */
export interface App {
  readonly folder: string;
  /** The output of the build. */
  readonly output: string;
}

declare module "vitest" {
  interface ProvidedContext {
    /** The built apps by kind and version, for example `main-16`. */
    apps: Record<string, App>;
  }
}

const here = fileURLToPath(new URL(".", import.meta.url));
const root = join(here, "../..");
const run = promisify(execFile);

/** The environment of a build: it has no latchkey variables, because a build must not need them. */
const variables: Record<string, string | undefined> = {
  PATH: process.env["PATH"],
  HOME: process.env["HOME"],
  NEXT_TELEMETRY_DISABLED: "1",
};
const env = variables as NodeJS.ProcessEnv;

/** Routes that only the main app tests. The other apps leave them out to build faster. */
const MAIN_ONLY = [
  "app/[locale]",
  "app/after",
  "app/edge",
  "app/elsewhere",
  "app/engine",
  "app/forced",
  "app/own",
  "app/protected",
  "app/protected-edge",
  "pages/api/auth",
  "pages/api/protected.js",
];

/** How an app is made: folders of test/next that are copied over each other, and paths that are then deleted. */
interface Kind {
  readonly from: readonly string[];
  readonly without?: readonly string[];
  /** Adds further files to the app's folder. */
  readonly add?: (folder: string) => void | Promise<void>;
}

const kinds: Record<string, (version: string) => Kind> = {
  main: (version) => ({ from: ["fixture", `versions/${version}`] }),
  mounted: (version) => ({
    from: ["fixture", `versions/${version}`, "variants/mounted", `variants/mounted-${version}`],
    without: MAIN_ONLY,
  }),
  bare: (version) => ({
    from: ["fixture", `versions/${version}`],
    without: [...MAIN_ONLY, "proxy.js", "middleware.js"],
  }),
  cached: () => ({ from: ["versions/16", "variants/cached"] }),
  contract: (version) => ({
    from: [`versions/${version}`, "contract", `variants/contract-${version}`],
    add: addServed,
  }),
  // What `latchkey init` writes: JavaScript, the Pages Router, and a middleware before Next 16.
  "init-pages": (version) => ({
    from: [`versions/${version}`],
    without: ["proxy.js", "middleware.js"],
    add: (folder) => addInitialized(folder, "next-pages"),
  }),
  "init-app": (version) => ({
    from: [`versions/${version}`],
    without: ["proxy.js", "middleware.js"],
    add: (folder) => addInitialized(folder, "next-app"),
  }),
  "readme-proxy": () => ({
    from: ["versions/16"],
    add: (folder) => addDocumented(folder, "next", "next-proxy", "next-route", "forwarded-host-next", "mcp-next"),
  }),
};
const versions = {
  15: ["main", "mounted", "bare", "contract", "init-app"],
  16: ["main", "mounted", "bare", "cached", "contract", "init-pages", "readme-proxy"],
};

/** Builds the apps of one version of Next. They share one installation. */
async function build(version: keyof typeof versions, into: string, tarball: string): Promise<Record<string, App>> {
  const apps: Record<string, App> = {};
  const installed = join(into, `node_modules-${version}`);
  mkdirSync(installed);
  for (const file of ["package.json", "package-lock.json"])
    cpSync(join(here, `versions/${version}`, file), join(installed, file));
  const npm = (...args: string[]) => run("npm", [...args, "--no-audit", "--no-fund"], { cwd: installed });
  await npm("ci");
  // Install the package from its tarball, as a user does, not as a link to the source.
  await npm("install", "--no-save", "--no-package-lock", tarball);
  for (const kind of versions[version]) {
    const name = `${kind}-${version}`;
    const folder = join(into, name);
    const { from, without = [], add } = (kinds[kind] as (typeof kinds)[string])(String(version));
    for (const part of from) cpSync(join(here, part), folder, { recursive: true });
    for (const path of without) rmSync(join(folder, path), { recursive: true, force: true });
    await add?.(folder);
    await run("cp", ["-al", join(installed, "node_modules"), folder]);
    const { stdout, stderr } = await run(process.execPath, ["node_modules/next/dist/bin/next", "build"], {
      cwd: folder,
      env,
    });
    apps[name] = { folder, output: stdout + stderr };
  }
  return apps;
}

async function buildAll(into: string): Promise<Record<string, App>> {
  await run("npm", ["run", "build"], { cwd: root });
  const packed = await run("npm", ["pack", "--json", "--ignore-scripts", "--pack-destination", into], { cwd: root });
  const tarball = join(into, JSON.parse(packed.stdout)[0].filename);
  const builds = [build(15, into, tarball), build(16, into, tarball), buildCreated(into, tarball, env)];
  return Object.assign({}, ...(await Promise.all(builds)));
}

/** Global setup: builds all apps. If `LATCHKEY_NEXT_APPS` names a folder, the apps stay there and the next run uses them. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const appsFolder = process.env["LATCHKEY_NEXT_APPS"];
  const into = appsFolder ?? mkdtempSync(join(tmpdir(), "latchkey-next-"));
  const list = join(into, "apps.json");
  const remove = async () => void (appsFolder ?? (await run("rm", ["-rf", into])));
  try {
    if (!existsSync(list)) writeFileSync(list, JSON.stringify(await buildAll(into)));
    project.provide("apps", JSON.parse(readFileSync(list, "utf8")));
  } catch (error) {
    await remove();
    const { message, stdout = "", stderr = "" } = error as Error & { stdout?: string; stderr?: string };
    throw new Error(`${message}\n${stdout}${stderr}`);
  }
  return remove;
}
