import { expect, test } from "vitest";
import { columns } from "../adapters/contract/columns.js";
import { nextColumns } from "../adapters/contract/next-columns.js";
import { drawContract } from "../adapters/contract/table.js";
import { drawMachines } from "../support/diagram.js";
import { documentAt } from "../support/documents.js";
import { expectDrawn } from "../support/drawn.js";
import { drawOptions, tables } from "../support/options.js";
import { drawSizes, sizeOf } from "../support/sizes.js";

test("the diagrams in the documents are drawn from the tables (npm run diagram)", () => {
  expectDrawn("docs/understand/sign-in.md", "diagram", drawMachines());
});

test("the contract in the documents is drawn from its rows and columns (npm run diagram)", () => {
  expectDrawn("docs/reference/supported.md", "contract", drawContract([...columns, ...nextColumns]));
});

test("the sizes in the documents are the limits that are checked (npm run diagram)", () => {
  expectDrawn("docs/understand/performance.md", "sizes", drawSizes());
  const readme = documentAt("README.md");
  for (const name of ["latchkey: sessions alone", "latchkey/react: everything with the browser client"])
    expect(readme).toContain(`| ${sizeOf(name)} |`);
  const [express, edge] = ["express", "edge"].map((entry) => sizeOf(`latchkey/${entry}: sign-in, and all it needs`));
  expect(readme).toContain(`| ${express}, ${edge} |`);
  expect(readme).toContain(`| ${sizeOf("latchkey/react: useSession alone")} |`);
});

test.each(Object.keys(tables))("the options in the documents are those of the types: %s (npm run diagram)", (name) => {
  expectDrawn(`docs/${tables[name]?.page ?? "reference/options"}.md`, `options ${name}`, drawOptions(name));
});
