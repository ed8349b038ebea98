import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { expect, test } from "vitest";
import { hiddenTypes } from "../support/hidden-types.js";
import { publishedEntries } from "../support/options.js";
import { drawSurface } from "../support/surface.js";

const file = new URL("./surface.md", import.meta.url);

test("the public surface of every entry is that of surface.md", () => {
  const drawn = drawSurface();
  if (process.env["LATCHKEY_DRAW"]) writeFileSync(file, drawn);
  else
    expect(
      drawn,
      "The public surface differs from test/repository/surface.md. Is the change on purpose? Then run: npm run surface",
    ).toBe(readFileSync(file, "utf8"));
});

test("each entry exports the types that its signatures name", () => {
  expect(hiddenTypes()).toEqual({});
});

/** The classes of latchkey's errors that the code of an entry makes, and their base. */
async function errorsIn(path: string): Promise<readonly string[]> {
  const { outputFiles } = await build({
    entryPoints: [path],
    bundle: true,
    write: false,
    format: "esm",
    platform: "node",
    external: ["jose", "next", "react"],
    logLevel: "error",
    logOverride: { "ignored-bare-import": "silent" },
  });
  const [{ text } = { text: "" }] = outputFiles;
  const classes = [...text.matchAll(/(\w+) = class(?: \w+)? extends LatchkeyError\b/g)].map(([, name = ""]) => name);
  return ["LatchkeyError", ...classes.filter((name) => text.includes(`new ${name}(`))];
}

test.each([...publishedEntries, "next.browser"])(
  "%s exports the classes of the errors that it throws",
  async (entry) => {
    const path = fileURLToPath(new URL(`../../dist/${entry}.js`, import.meta.url));
    const errors = await errorsIn(path);
    expect(errors).toContain("MisuseError");
    expect(Object.keys(await import(path))).toEqual(expect.arrayContaining([...errors]));
  },
);
