import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { expect, test } from "vitest";
import { after } from "../../adapters/lib/sleep.js";
import { boundedStore } from "../../core/store/bounded.js";
import type { StorePort } from "../../core/store/port.js";

/** Another process, which answers each line after a tenth of a second. */
const echo = `process.stdin.on("data", (line) => setTimeout(() => process.stdout.write(line), 100))`;

test("an answer that arrived while the process was busy is not late", async () => {
  const child = spawn(process.execPath, ["-e", echo], { stdio: ["pipe", "pipe", "inherit"] });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const get = async (key: string) => {
    child.stdin.write(`${key}\n`);
    return (await lines.next()).value as string;
  };
  try {
    await get("the process has started");
    const store = boundedStore({ get } as unknown as StorePort, { after } as never, 200);
    const value = store.get("a key");
    // After the request has left; and outside of a timer, so that the timers come next.
    await new Promise((resolve) => setTimeout(resolve, 20));
    await new Promise((resolve) => setImmediate(resolve));
    const start = performance.now();
    while (performance.now() - start < 400);
    expect(await value).toBe("a key");
  } finally {
    child.kill();
  }
});
