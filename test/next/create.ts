import { execFile } from "node:child_process";
import { cpSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { filesOf } from "../support/documents.js";
import type { App } from "./build.js";

const run = promisify(execFile);
const fromHere = (path: string) => fileURLToPath(new URL(path, import.meta.url));

/**
 * The version of create-next-app. The lockfile in `versions/created` fits the `package.json` that this version writes: for
 * another version, create an app, run `npm install --package-lock-only` in it, and copy its lockfile.
 */
const VERSION = "16.4.3";

/** Makes `next/font` use these instead of fonts.googleapis.com, so that a build needs no network but for its packages. */
export const fonts = { NEXT_FONT_GOOGLE_MOCKED_RESPONSES: fromHere("fonts.cjs") };

/** The created apps: the options of create-next-app, and the tests whose files in the documents are added. */
const created = {
  created: { options: [], tests: ["next"], folder: "" },
  "created-src": { options: ["--src-dir"], tests: ["next", "next-account", "next-route"], folder: "src" },
};

/** Writes the files that the documents show for these tests into an app, as they stand there. */
function addUnchanged(folder: string, tests: readonly string[]): void {
  for (const { path, code } of tests.flatMap((test) => filesOf(test))) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), code);
  }
}

/** Creates apps as a user does, adds what the documents show and nothing else, and builds them. */
export async function buildCreated(
  into: string,
  tarball: string,
  env: NodeJS.ProcessEnv,
): Promise<Record<string, App>> {
  const apps: Record<string, App> = {};
  let installed: string | undefined;
  // `--yes` means the preferences of the last run, if a user has run create-next-app before: this folder has none.
  const creating = { ...env, XDG_CONFIG_HOME: join(into, "config") };
  for (const [name, { options, tests, folder: within }] of Object.entries(created)) {
    const folder = join(into, name);
    const call = ["--yes", `create-next-app@${VERSION}`, name, "--ts", "--app", "--yes", "--use-npm", ...options];
    await run("npx", [...call, "--skip-install", "--disable-git"], { cwd: into, env: creating });
    if (installed) {
      await run("cp", ["-al", join(installed, "node_modules"), folder]);
    } else {
      cpSync(fromHere("versions/created/package-lock.json"), join(folder, "package-lock.json"));
      const npm = (...args: string[]) => run("npm", [...args, "--no-audit", "--no-fund"], { cwd: folder });
      await npm("ci");
      await npm("install", "--no-save", "--no-package-lock", tarball);
      installed = folder;
    }
    addUnchanged(join(folder, within), tests);
    const { stdout, stderr } = await run(process.execPath, ["node_modules/next/dist/bin/next", "build"], {
      cwd: folder,
      env: { ...env, ...fonts },
    });
    apps[name] = { folder, output: stdout + stderr };
  }
  return apps;
}
