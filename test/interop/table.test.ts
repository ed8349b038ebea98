import { expect, test } from "vitest";
import { expectDrawn } from "../support/drawn.js";
import { providers } from "./providers.js";
import { drawInterop } from "./table.js";

const absent = providers.flatMap(({ missing = [] }) => missing);
const isSkipped = absent.length > 0 && !process.env["LATCHKEY_ALL_PROVIDERS"];

test.skipIf(isSkipped)(`the table in the documents is drawn from the rows and their exceptions ${absent}`, () => {
  expect(absent).toEqual([]);
  expectDrawn("docs/providers/interoperation.md", "interop", drawInterop(providers));
});
