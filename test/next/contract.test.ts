import { join } from "node:path";
import { inject } from "vitest";
import { nextColumns } from "../adapters/contract/next-columns.js";
import { runContract } from "../adapters/contract/run.js";
import { inProcess } from "../support/runtimes.js";

for (const version of [16, 15]) {
  runContract(
    nextColumns.map(({ name, part, engine, ...column }) => ({
      ...column,
      name: `${name} (${version})`,
      // In Next 15 the proxy is called middleware, and runs on the edge runtime.
      engine: version === 15 && part === "proxy" ? "Web Crypto" : engine,
      framework: inProcess(
        async (_folder, port) => {
          const app = inject("apps")[`contract-${version}`]?.folder as string;
          const next = join(app, "node_modules/next/dist/bin/next");
          return [process.execPath, [next, "start", "-p", String(port)], app];
        },
        { "x-test-column": part },
      ),
    })),
  );
}
