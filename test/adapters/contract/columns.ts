import type { Framework } from "../../support/app.js";

/** An adapter on what it runs on. */
export interface Column {
  readonly name: string;
  /** The app of the tests; loaded when it is started, so that the table in the README needs none of them. */
  readonly framework: Framework;
  /** The crypto engine that the package has to choose there. */
  readonly engine: "node:crypto" | "Web Crypto";
  /** Rows that make no sense there, by name, each with a reason for the README. */
  readonly cannot?: Readonly<Record<string, string>>;
}

const expressApp =
  (name: "Express 4" | "Express 5"): Framework =>
  async (...given) =>
    (await import("../../support/express-app.js")).expressApps[name](...given);

const runtime =
  (name: "edge-runtime" | "workerd" | "Bun" | "Deno"): Framework =>
  async (...given) =>
    (await import("../../support/runtimes.js")).runtimes[name](...given);

const onNode = {
  engine: "node:crypto",
  cannot: {
    "a response that cannot be changed, such as one of fetch, carries our cookies":
      "in Node every response can be changed until it is sent",
  },
} as const;

/** The columns that run in `contract.test.ts`. */
export const columns: readonly Column[] = [
  { name: "Express 5", framework: expressApp("Express 5"), ...onNode },
  { name: "Express 4", framework: expressApp("Express 4"), ...onNode },
  {
    name: "node:http",
    framework: async (...given) => (await import("../../support/node-app.js")).nodeApp(...given),
    ...onNode,
  },
  {
    name: "Edge on Node",
    framework: async (...given) => (await import("../../support/edge-app.js")).edgeApp(...given),
    engine: "node:crypto",
  },
  { name: "edge-runtime", framework: runtime("edge-runtime"), engine: "Web Crypto" },
  { name: "workerd", framework: runtime("workerd"), engine: "Web Crypto" },
  { name: "Bun", framework: runtime("Bun"), engine: "node:crypto" },
  { name: "Deno", framework: runtime("Deno"), engine: "node:crypto" },
];
