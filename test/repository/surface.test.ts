import { readFileSync, writeFileSync } from "node:fs";
import { expect, test } from "vitest";
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
