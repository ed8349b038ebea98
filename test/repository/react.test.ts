import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";
import { expect, test } from "vitest";

const root = fileURLToPath(new URL("../../", import.meta.url));

/** The code that a page loads for these names of the built `latchkey/react`, without React itself. */
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

/** Words that occur only in the code of the exchange, of tokens and of cryptography. */
const CLIENT_ONLY =
  /code_verifier|authorization_code|refresh_token|subtle|getRandomValues|RSASSA|nonce|iframe|indexedDB/g;

test("a page that uses only SessionProvider and useSession loads neither the exchange nor cryptography, in under 2,500 bytes", async () => {
  const code = await bundle("SessionProvider, useSession");
  expect(code.match(CLIENT_ONLY)).toBeNull();
  expect(gzipSync(code).length).toBeLessThan(2500);
  // The same words occur in the bundle of AuthProvider, so the pattern is right.
  expect(new Set((await bundle("AuthProvider, useAuth")).match(CLIENT_ONLY)).size).toBeGreaterThan(7);
});

test.each([
  ["react.js", /^"use client";\n/],
  ["react.cjs", /^"use strict";\n"use client";\n/],
])('%s begins with "use client", so that Next does not run it on the server', (file, beginning) => {
  const code = readFileSync(`${root}dist/${file}`, "utf8");
  expect(code).toMatch(beginning);
  expect(code.match(/"use client"/g)).toHaveLength(1);
});
