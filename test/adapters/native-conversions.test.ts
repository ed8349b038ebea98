import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { buildSync } from "esbuild";
import fc from "fast-check";
import { expect, test } from "vitest";
import { bin } from "../support/process.js";
import { runs } from "../support/runs.js";

/** Uses the Web engine on Deno, whose V8 has the conversions of ES2026, as that of workerd. Prints the bytes of each text, or null. */
const script = `
import texts from "./texts.json" with { type: "json" };
import { join, toBase64url } from "./engine.js";
if (!Uint8Array.prototype.setFromBase64 || !Uint8Array.prototype.toBase64) throw new Error("no native conversions");
const convert = (text) => {
  const bytes = join([1, 2], text, "é");
  return bytes ? [[...bytes], toBase64url(bytes, 2, bytes.length - 2)] : null;
};
console.log(JSON.stringify(texts.map(convert)));`;

test("the conversions of the platform accept the canonical spelling of base64url alone", () => {
  const canonical = fc.uint8Array({ maxLength: 60 }).map((bytes) => Buffer.from(bytes).toString("base64url"));
  const other = fc.constantFrom("+", "/", "=", ".", " ", "\n", "é", "\u0141", "\u0000", "🔑", "A", "B", "");
  const wrong = fc
    .tuple(canonical, fc.nat(), other)
    .map(([text, at, inserted]) => text.slice(0, at % 64) + inserted + text.slice((at % 64) + 1));
  const spaced = fc.tuple(canonical, fc.constantFrom("  ", "= ", "==", "    "), fc.constantFrom(..."AQgw"));
  const texts = fc.sample(
    fc.oneof(
      canonical,
      wrong,
      spaced.map(([text, inserted, last]) => text + inserted + last),
    ),
    runs(5).numRuns,
  );
  const folder = mkdtempSync(join(tmpdir(), "latchkey-native-"));
  try {
    buildSync({
      entryPoints: [fileURLToPath(new URL("../../core/seal/aead.web.ts", import.meta.url))],
      bundle: true,
      format: "esm",
      outfile: join(folder, "engine.js"),
    });
    writeFileSync(join(folder, "texts.json"), JSON.stringify(texts));
    writeFileSync(join(folder, "main.js"), script);
    const output = execFileSync(bin("deno"), ["run", "--quiet", join(folder, "main.js")], { maxBuffer: 2 ** 30 });
    expect(JSON.parse(output.toString())).toEqual(
      texts.map((text) => {
        const bytes = Buffer.from(text, "base64url");
        return bytes.toString("base64url") === text ? [[1, 2, ...bytes, 0xc3, 0xa9], text] : null;
      }),
    );
  } finally {
    rmSync(folder, { recursive: true });
  }
});
