import { createHash } from "node:crypto";
import fc from "fast-check";
import { expect, test } from "vitest";
import { sha256, toBase64url, toBytes, toText } from "../../../adapters/browser/bytes.js";
import { runs } from "../../support/runs.js";

test("the page's base64url, UTF-8 and SHA-256 give the same results as Node's", async () => {
  const property = fc.asyncProperty(
    fc.uint8Array({ maxLength: 100 }),
    fc.string({ unit: "grapheme" }),
    async (bytes, text) => {
      expect(toBase64url(bytes)).toBe(Buffer.from(bytes).toString("base64url"));
      expect(Buffer.from(toBytes(text))).toEqual(Buffer.from(text));
      expect(toText(toBytes(text))).toBe(text);
      expect(await sha256(text)).toBe(createHash("sha256").update(text).digest("base64url"));
    },
  );
  await fc.assert(property, runs(0.2));
});
