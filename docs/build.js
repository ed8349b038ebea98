// npm run docs: installs what the site needs, makes the reference from the docstrings, and builds the site.
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";

const here = fileURLToPath(new URL(".", import.meta.url));

/** @param {string} command @param {readonly string[]} args */
function run(command, ...args) {
  const { status } = spawnSync(command, args, { cwd: here, stdio: "inherit" });
  if (status !== 0) process.exit(status ?? 1);
}

/** One page for each entry, named as an app imports it. TypeDoc names them by their files, and those of stores are in a folder. */
function makeReference() {
  const folder = join(here, "reference/api");
  rmSync(folder, { recursive: true, force: true });
  run(process.execPath, "node_modules/typedoc/bin/typedoc");
  const main = "latchkey.md";
  for (const path of readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((name) =>
    name.endsWith(".md"),
  )) {
    const page = readFileSync(join(folder, path), "utf8")
      .replaceAll("index-1.md", main)
      .replace(/\]\((?:\.\.\/|stores\/)/g, "](");
    const name = basename(path);
    const renamed = name === "index-1.md" ? main : name;
    rmSync(join(folder, path));
    if (name !== "index.md") writeFileSync(join(folder, renamed), page.replace(/^# .+$/m, `# ${entryOf(renamed)}`));
  }
  rmSync(join(folder, "stores"), { recursive: true });
  const list = readdirSync(folder).map((name) => `- [${entryOf(name)}](${name})`);
  const text = "Every name that each entry exports, made from the docstrings in the sources.";
  writeFileSync(join(folder, "index.md"), ["# API", text, list.join("\n")].join("\n\n"));
}

/** @param {string} page */
const entryOf = (page) => (page === "latchkey.md" ? "latchkey" : `latchkey/${page.slice(0, -".md".length)}`);

const [lock, installed] = ["package-lock.json", "node_modules/.package-lock.json"].map((path) => join(here, path));
if (!existsSync(installed) || statSync(installed).mtimeMs < statSync(lock).mtimeMs)
  run("npm", "ci", "--no-audit", "--no-fund");
makeReference();
run(process.execPath, "node_modules/vitepress/bin/vitepress.js", process.argv.includes("--watch") ? "dev" : "build");
