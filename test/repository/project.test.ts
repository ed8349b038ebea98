import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";

const root = fileURLToPath(new URL("../../", import.meta.url));
const read = (path: string): string => readFileSync(join(root, path), "utf8");
const manifest = JSON.parse(read("package.json")) as {
  version: string;
  files: string[];
  homepage: string;
  repository: { url: string };
  bugs: { url: string };
  dependencies: Record<string, string>;
  scripts: Record<string, string>;
};
const ADDRESS = "https://github.com/latchkey/latchkey";

interface Workflow {
  readonly jobs: Record<
    string,
    {
      readonly strategy?: { readonly matrix: Record<string, readonly unknown[]> };
      readonly steps: ReadonlyArray<{ readonly uses?: string; readonly run?: string }>;
    }
  >;
}

/** The npm scripts that a workflow runs; a script that is a variable of the matrix means each of its values. */
const scriptsOf = ({ jobs }: Workflow): string[] =>
  Object.values(jobs).flatMap(({ steps, strategy }) =>
    steps
      .flatMap(({ run = "" }) => [...run.matchAll(/npm run (\$\{\{ matrix\.(\w+) \}\}|[\w:]+)/g)])
      .flatMap(([, script, variable]) => (variable ? strategy?.matrix[variable] : [script]) as string[]),
  );

describe("the workflows of GitHub", () => {
  const files = readdirSync(join(root, ".github/workflows"));

  test.each(files)("%s calls scripts that exist, and no action without a version", (file) => {
    const workflow = parse(read(`.github/workflows/${file}`)) as Workflow;
    for (const script of scriptsOf(workflow)) expect(Object.keys(manifest.scripts)).toContain(script);
    const actions = Object.values(workflow.jobs).flatMap(({ steps }) => steps.flatMap(({ uses }) => uses ?? []));
    expect(actions.length).toBeGreaterThan(0);
    expect(actions.filter((action) => !/@(v\d+|[\da-f]{40})$/.test(action))).toEqual([]);
  });

  test("CI runs the checks, and the tests on every version of Node that the package supports", () => {
    const ci = parse(read(".github/workflows/ci.yml")) as Workflow;
    expect(scriptsOf(ci)).toEqual(expect.arrayContaining(["check", "test", "test:next", "test:types", "test:interop"]));
    expect(ci.jobs["test"]?.strategy?.matrix["node"]).toEqual([20, 22, 24, "latest"]);
  });

  test("the forms of GitHub are YAML", () => {
    for (const path of ["dependabot.yml", "ISSUE_TEMPLATE/bug.yml", "ISSUE_TEMPLATE/config.yml"])
      expect(parse(read(`.github/${path}`))).toBeInstanceOf(Object);
  });
});

test("the package names one repository in all its fields", () => {
  expect([manifest.homepage, manifest.repository.url, manifest.bugs.url]).toEqual([
    `${ADDRESS}#readme`,
    `git+${ADDRESS}.git`,
    `${ADDRESS}/issues`,
  ]);
});

test("the version of jose is a range, so that an app that uses jose shares one copy with the package", () => {
  expect(manifest.dependencies["jose"]).toMatch(/^\^/);
});

test("the changelog has a section for the version of the package", () => {
  expect(
    read("CHANGELOG.md")
      .split("\n")
      .filter((line) => line.startsWith("## "))[0],
  ).toContain(`## ${manifest.version}`);
});

test.each(["README.md", "SECURITY.md", "CHANGELOG.md"])(
  "links of %s work on the page of the package: absolute, or to a file in the tarball",
  (file) => {
    const prose = read(file).replaceAll(/```[\s\S]*?```|`[^`\n]*`/g, "");
    const links = [...prose.matchAll(/\]\(([^)\s]+)[^)]*\)|(?:href|src)="([^"]+)"/g)].map(
      ([, markdown, html]) => markdown ?? html ?? "",
    );
    const packed = ["README.md", "LICENSE", "package.json", ...manifest.files];
    const dead = links.filter(
      (link) => !/^(https:\/\/|mailto:|#)/.test(link) && !packed.includes(link.replace(/#.*/, "")),
    );
    expect(dead).toEqual([]);
    const own = links.flatMap(
      (link) => new RegExp(`^${ADDRESS}/(?:blob|tree|raw)/main/([^#?]+)`).exec(link)?.[1] ?? [],
    );
    expect(own.filter((path) => !existsSync(join(root, path)))).toEqual([]);
  },
);
