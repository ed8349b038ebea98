import { test } from "vitest";
import { columns } from "../adapters/contract/columns.js";
import { nextColumns } from "../adapters/contract/next-columns.js";
import { drawContract } from "../adapters/contract/table.js";
import { drawMachines } from "../support/diagram.js";
import { expectDrawn } from "../support/drawn.js";

test("the diagrams in the README are drawn from the tables (npm run diagram)", () => {
  expectDrawn("diagram", drawMachines());
});

test("the contract in the README is drawn from its rows and columns (npm run diagram)", () => {
  expectDrawn("contract", drawContract([...columns, ...nextColumns]));
});
