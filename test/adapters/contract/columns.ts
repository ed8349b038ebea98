import type { Framework } from "../../support/app.js";

/** An adapter on one runtime or framework. */
export interface Column {
  readonly name: string;
  /** Makes the test app. Loads its framework only when called, so that drawing the table loads none. */
  readonly framework: Framework;
  /** The crypto engine that the package must choose on this runtime. */
  readonly engine: "node:crypto" | "Web Crypto";
  /** The rows that this column cannot fulfil: the name of each, and the reason, which the table shows as a footnote. */
  readonly cannot?: Readonly<Record<string, string>>;
}

const expressApp =
  (name: "Express 4" | "Express 5"): Framework =>
  async (...args) =>
    (await import("../../support/express-app.js")).expressApps[name](...args);

const runtime =
  (name: "edge-runtime" | "workerd" | "Bun" | "Deno"): Framework =>
  async (...args) =>
    (await import("../../support/runtimes.js")).runtimes[name](...args);

const onNode = {
  engine: "node:crypto",
  cannot: {
    "a response with immutable headers, such as one from fetch, carries latchkey's cookies":
      "in Node the headers of a response can be changed until they are sent",
  },
} as const;

/** The columns that run in `contract.test.ts`. */
export const columns: readonly Column[] = [
  { name: "Express 5", framework: expressApp("Express 5"), ...onNode },
  { name: "Express 4", framework: expressApp("Express 4"), ...onNode },
  {
    name: "node:http",
    framework: async (...args) => (await import("../../support/node-app.js")).nodeApp(...args),
    ...onNode,
  },
  {
    name: "Edge on Node",
    framework: async (...args) => (await import("../../support/edge-app.js")).edgeApp(...args),
    engine: "node:crypto",
  },
  { name: "edge-runtime", framework: runtime("edge-runtime"), engine: "Web Crypto" },
  { name: "workerd", framework: runtime("workerd"), engine: "Web Crypto" },
  { name: "Bun", framework: runtime("Bun"), engine: "node:crypto" },
  { name: "Deno", framework: runtime("Deno"), engine: "node:crypto" },
];
