import { join } from "node:path";
import { afterAll, beforeAll, describe, inject } from "vitest";
import type { Column } from "../adapters/contract/columns.js";
import { type NextColumn, nextColumns } from "../adapters/contract/next-columns.js";
import { areas } from "../adapters/contract/rows.js";
import { runContract } from "../adapters/contract/run.js";
import { described, inStore, onRealClock } from "../adapters/contract/with-store.js";
import type { Framework } from "../support/app.js";
import { installed, type Server, startRedis } from "../support/databases.js";
import { inProcess } from "../support/runtimes.js";
import { startUpstash } from "../support/upstash.js";

/** The areas of the contract that read or write a session, a sign-in or a token: the others do not touch a store. */
const AREAS = [
  "Sign-in and its routes",
  "Sign-out",
  "Rolling and limits",
  "The app's own data",
  "Access tokens",
] as const;

/** The app reaches Redis over Upstash's REST API, which the edge runtime of Next 15's middleware can use as well. */
describe.skipIf(!installed.redis)("Next with a store in Redis (needs redis-server)", () => {
  let redis: Server;
  let upstash: Awaited<ReturnType<typeof startUpstash>>;
  beforeAll(async () => {
    redis = await startRedis();
    upstash = await startUpstash(redis);
  });
  afterAll(async () => {
    await upstash?.stop();
    await redis?.stop();
  });

  function withStore(version: 15 | 16, column: NextColumn, storage: "cookies" | "store"): Column {
    const { name, part, engine, cannot } = column;
    const app = inject("apps")[`contract-${version}`]?.folder as string;
    const next = join(app, "node_modules/next/dist/bin/next");
    const start = inProcess(async (_folder, port) => [process.execPath, [next, "start", "-p", String(port)], app], {
      "x-test-column": part,
    });
    const framework: Framework = (options, extend) => {
      const { url, token } = upstash;
      return start({ ...options, session: { ...options.session, storage }, upstash: { url, token } } as object, extend);
    };
    return {
      name: `${name} (${version}), ${described[storage]}`,
      engine: version === 15 && part === "proxy" ? "Web Crypto" : engine,
      framework,
      cannot: { ...cannot, ...(storage === "store" ? inStore : onRealClock) },
    };
  }

  // Next answers protocol upgrades itself, with a store as without.
  const rows = AREAS.flatMap((area) => areas[area] ?? []).filter(({ name }) => !name.startsWith("a protocol upgrade"));
  runContract(
    [16, 15].flatMap((version) =>
      nextColumns.flatMap((column) => [
        withStore(version as 15 | 16, column, "store"),
        withStore(version as 15 | 16, column, "cookies"),
      ]),
    ),
    rows,
  );
});
