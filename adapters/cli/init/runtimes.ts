import { templates } from "./templates.js";

export type Runtime = "express" | "node" | "next-app" | "next-pages" | "hono" | "bun" | "deno" | "workers" | "react";

export type Language = "ts" | "js";

/** A file of an app. Its path has the ending of TypeScript. */
interface TemplateFile {
  readonly path: string;
  readonly ts: string;
  /** The file without types, if it has some. */
  readonly js?: string | undefined;
}

/** How an app of one kind is set up. */
export interface RuntimeSetup {
  readonly title: string;
  readonly files: readonly TemplateFile[];
  /** The file that the runtime, or its tool, reads variables from; undefined for a page, which has none. */
  readonly envFile: string | undefined;
  /** The path of latchkey's routes. */
  readonly mount: string;
  /** Packages beside latchkey. */
  readonly packages: readonly string[];
  readonly devPackages: Readonly<Record<Language, readonly string[]>>;
  /** The ending of JavaScript files. */
  readonly ending: string;
  /** The command that starts the app. */
  start(language: Language): string;
}

/** The template with `env` of this runtime in the place of that of Node and Bun. */
const withEnv = (files: readonly TemplateFile[], change: (code: string) => string): TemplateFile[] =>
  files.map(({ path, ts, js }) => ({ path, ts: change(ts), js: js === undefined ? undefined : change(js) }));

const onDeno = (code: string): string => code.replace("process.env", "Deno.env.toObject()");
const onWorkers = (code: string): string =>
  `import { env } from "cloudflare:workers";\n${code.replace("env: process.env", "env")}`;

const base = { envFile: ".env", mount: "/auth", packages: [], devPackages: { ts: [], js: [] }, ending: "js" };

const TYPES = ["tsx", "typescript", "@types/node"];

/** The kinds of apps, by what `--runtime` calls them. */
export const runtimes: Readonly<Record<Runtime, RuntimeSetup>> = {
  express: {
    ...base,
    title: "Express",
    files: templates.express,
    packages: ["express"],
    devPackages: { ts: [...TYPES, "@types/express"], js: [] },
    ending: "mjs",
    start: (language) => (language === "ts" ? "npx tsx --env-file=.env app.ts" : "node --env-file=.env app.mjs"),
  },
  node: {
    ...base,
    title: "node:http",
    files: templates.node,
    devPackages: { ts: TYPES, js: [] },
    ending: "mjs",
    start: (language) => (language === "ts" ? "npx tsx --env-file=.env server.ts" : "node --env-file=.env server.mjs"),
  },
  "next-app": {
    ...base,
    title: "Next.js, App Router",
    files: templates.next,
    envFile: ".env.local",
    start: () => "npm run dev",
  },
  "next-pages": {
    ...base,
    title: "Next.js, Pages Router",
    files: templates["next-pages"],
    envFile: ".env.local",
    mount: "/api/auth",
    start: () => "npm run dev",
  },
  hono: {
    ...base,
    title: "Hono on Bun",
    files: templates.hono,
    packages: ["hono"],
    start: (language) => `bun app.${language}`,
  },
  bun: { ...base, title: "Bun", files: templates.edge, start: (language) => `bun app.${language}` },
  deno: {
    ...base,
    title: "Deno",
    files: withEnv(templates.edge, onDeno),
    start: (language) => `deno serve -A --env-file=.env --port 3000 app.${language}`,
  },
  workers: {
    ...base,
    title: "Cloudflare Workers",
    files: [...withEnv(templates.edge, onWorkers), ...templates.wrangler],
    envFile: ".dev.vars",
    devPackages: { ts: ["wrangler"], js: ["wrangler"] },
    start: (language) => `npx wrangler dev app.${language} --port 3000`,
  },
  react: {
    ...base,
    title: "React, with the page as the client",
    files: templates["react-quick-start"],
    envFile: undefined,
    // Vite reads JSX in files of this ending alone.
    ending: "jsx",
    start: () => "npm run dev",
  },
};
