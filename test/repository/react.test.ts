import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";
import { expect, test } from "vitest";

const root = fileURLToPath(new URL("../../", import.meta.url));

/** What a page loads of `latchkey/react`, as built, beside React. */
async function bundle(names: string): Promise<string> {
  const { outputFiles } = await build({
    stdin: { contents: `export { ${names} } from "./dist/react.js";`, resolveDir: root },
    bundle: true,
    minify: true,
    write: false,
    format: "esm",
    external: ["react"],
    logLevel: "silent",
  });
  return outputFiles[0]?.text ?? "";
}

/** Words that only the exchange, tokens and cryptography have. */
const HEAVY = /code_verifier|authorization_code|refresh_token|subtle|getRandomValues|RSASSA|nonce|iframe|indexedDB/g;

test("a page that only asks its server who is signed in loads neither the exchange nor any cryptography", async () => {
  const code = await bundle("SessionProvider, useSession");
  expect(code.match(HEAVY)).toBeNull();
  expect(gzipSync(code).length).toBeLessThan(2500);
  // The words are those of what the others load.
  expect(new Set((await bundle("AuthProvider, useAuth")).match(HEAVY)).size).toBeGreaterThan(7);
});

test.each([
  ["react.js", /^"use client";\n/],
  ["react.cjs", /^"use strict";\n"use client";\n/],
])("%s says first that it is for the client, or Next would run it on the server", (file, first) => {
  const code = readFileSync(`${root}dist/${file}`, "utf8");
  expect(code).toMatch(first);
  expect(code.match(/"use client"/g)).toHaveLength(1);
});
