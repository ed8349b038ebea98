import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Language, Runtime } from "./runtimes.js";

/** What the files of a folder say about the app in it. */
export interface Project {
  readonly folder: string;
  /** Names of all packages in `package.json`. */
  readonly packages: readonly string[];
  has(path: string): boolean;
  /** The text of a file; undefined without it. */
  read(path: string): string | undefined;
}

export function readProject(folder: string): Project {
  const has = (path: string) => existsSync(join(folder, path));
  const read = (path: string) => (has(path) ? readFileSync(join(folder, path), "utf8") : undefined);
  let manifest: { dependencies?: object; devDependencies?: object } | null = {};
  try {
    manifest = JSON.parse(read("package.json") ?? "{}");
  } catch {
    // An app whose package.json is being edited: other files say what it is.
  }
  return { folder, has, read, packages: Object.keys({ ...manifest?.dependencies, ...manifest?.devDependencies }) };
}

/** The kind of an app, and what says so. */
export function detectRuntime({ packages, has }: Project): { readonly runtime: Runtime; readonly because: string } {
  const inManifest = (name: string) => (packages.includes(name) ? `${name} in package.json` : undefined);
  const file = (...paths: readonly string[]) => paths.find(has);
  const next = inManifest("next");
  const pages = !file("app", "src/app") && file("pages", "src/pages");
  const found: ReadonlyArray<readonly [Runtime, string | false | undefined]> = [
    ["next-pages", next && pages && `${next}, and ${pages}/`],
    ["next-app", next],
    ["workers", file("wrangler.jsonc", "wrangler.json", "wrangler.toml")],
    ["express", inManifest("express")],
    ["hono", inManifest("hono")],
    ["react", inManifest("vite") && inManifest("react")],
    ["deno", file("deno.json", "deno.jsonc", "deno.lock")],
    ["bun", file("bun.lock", "bun.lockb", "bunfig.toml") ?? inManifest("@types/bun")],
  ];
  const [runtime, because] = found.find(([, sign]) => sign) ?? [];
  return runtime
    ? { runtime, because: `${because}` }
    : { runtime: "express", because: "nothing in this folder says otherwise" };
}

/** Bun and Deno run TypeScript as it is; others have a sign of it. */
export const detectLanguage = ({ has, packages }: Project, runtime: Runtime): Language =>
  has("tsconfig.json") || packages.includes("typescript") || ["bun", "deno", "hono"].includes(runtime) ? "ts" : "js";

/** The command that adds packages, of the tool whose lock file the folder has. */
export function installerOf(
  { has }: Project,
  runtime: Runtime,
): (packages: readonly string[], dev?: boolean) => string {
  const tool = has("pnpm-lock.yaml")
    ? "pnpm add"
    : has("yarn.lock")
      ? "yarn add"
      : has("bun.lock") || has("bun.lockb") || ["bun", "hono"].includes(runtime)
        ? "bun add"
        : "npm install";
  const devFlag = tool === "npm install" ? " --save-dev" : " -D";
  return (packages, dev = false) => `${tool}${dev ? devFlag : ""} ${packages.join(" ")}`;
}
