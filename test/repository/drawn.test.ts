import { test } from "vitest";
import { columns } from "../adapters/contract/columns.js";
import { nextColumns } from "../adapters/contract/next-columns.js";
import { drawContract } from "../adapters/contract/table.js";
import { drawMachines } from "../support/diagram.js";
import { expectDrawn } from "../support/drawn.js";
import { drawOptions, tables } from "../support/options.js";

test("the diagrams in the documents are drawn from the tables (npm run diagram)", () => {
  expectDrawn("docs/understand/sign-in.md", "diagram", drawMachines());
});

test("the contract in the documents is drawn from its rows and columns (npm run diagram)", () => {
  expectDrawn("docs/reference/supported.md", "contract", drawContract([...columns, ...nextColumns]));
});

test.each(Object.keys(tables))("the options in the documents are those of the types: %s (npm run diagram)", (name) => {
  expectDrawn("docs/reference/options.md", `options ${name}`, drawOptions(name));
});
