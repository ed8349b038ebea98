import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startApp, type TestApp } from "../../support/app.js";
import type { Column } from "./columns.js";
import { PUBLIC, type Row, session } from "./row.js";
import { rows } from "./rows.js";

/** Runs the rows, by default all, in every column. A row in a column's `cannot` must fail there; once it passes, the exception must go. */
export function runContract(columns: readonly Column[], selected: readonly Row[] = rows): void {
  describe.each(columns.map((column) => [column.name, column] as const))("%s", (_name, column) => {
    const { framework, engine, cannot = {} } = column;
    const start = ({ options = {}, provider = {}, another }: Partial<Row> = {}) =>
      startApp({
        framework,
        provider,
        ...(another && { another }),
        options: (url) => ({
          apiOrigins: ["https://op.example"],
          baseUrl: [url, PUBLIC],
          session,
          ...(typeof options === "function" ? options(url) : options),
        }),
      });
    let app: TestApp;
    beforeAll(async () => {
      app = await start();
    });
    afterAll(() => app?.close());

    test(`seals with ${engine}`, async () => {
      const { body } = await app.browser().fetch("/engine");
      expect(JSON.parse(body)).toEqual({ sealsAtOnce: engine === "node:crypto" });
    });

    for (const row of selected) {
      const { name, run } = row;
      const reason = cannot[name];
      const runRow = async () => {
        const rowApp = row.options || row.another ? await start(row) : undefined;
        try {
          await run(rowApp ?? app);
        } finally {
          await rowApp?.close();
        }
      };
      if (reason === undefined) test(name, runRow);
      else test(`cannot: ${name} (${reason})`, () => expect(runRow()).rejects.toThrow());
    }

    test("each exception names a row and has a reason", () => {
      const rowNames = rows.map(({ name }) => name);
      for (const [name, reason] of Object.entries(cannot)) {
        expect(rowNames).toContain(name);
        expect(reason).toMatch(/\w+ \w+/);
      }
    });
  });
}
