import { connect } from "node:net";
import { createInterface } from "node:readline";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { installed, type Server, startRedis } from "../support/databases.js";
import { pause, startWorld, type World } from "./world.js";

let server: Server;
let world: World;
beforeAll(async () => {
  if (!installed.redis) return;
  server = await startRedis();
});
afterEach(() => world?.stop());
afterAll(async () => {
  await server?.stop();
});

describe.skipIf(!installed.redis)("changes of one session at once (needs redis-server)", () => {
  const start = async (machines: number) => {
    world = await startWorld({
      machines,
      options: { store: { engine: "ioredis", port: server.port }, storage: "store" },
    });
    const browser = world.browser();
    await browser.signIn();
    return browser;
  };

  test("200 updates from two machines are all kept", async () => {
    const browser = await start(2);
    const sent = await monitor(async () => {
      const answers = await Promise.all(Array.from({ length: 200 }, () => browser.get("/count")));
      expect(answers.filter(({ status }) => status !== 200).map(({ body }) => body)).toEqual([]);
    });
    expect((await browser.get("/private")).body["data"]).toEqual({ count: 200 });
    expect(sent.length).toBeGreaterThanOrEqual(200);
    expect(sent.length).toBeLessThanOrEqual(1_000);
  });

  test("200 requests of one machine whose token has expired write the tokens once", async () => {
    const browser = await start(1);
    await pause(1_100);
    world.provider.take();
    const sent = await monitor(async () => {
      const answers = await Promise.all(Array.from({ length: 200 }, () => browser.get("/token")));
      expect(answers.filter(({ status }) => status !== 200).map(({ body }) => body)).toEqual([]);
    });
    expect(world.provider.take()).toBe(1);
    const writes = sent.filter((command) => /^eval\b.*v:tokens:/is.test(command));
    expect(writes).toHaveLength(1);
    expect(sent.length).toBeLessThanOrEqual(410);
  });
});

/**
 * The commands that clients send while `task` runs; those inside of scripts are not among them. On a socket of its own: ioredis takes
 * a line of MONITOR that comes with the "OK" for an answer to no command, and throws.
 */
async function monitor(task: () => Promise<void>): Promise<string[]> {
  const socket = connect(server.port, "127.0.0.1");
  const lines = createInterface({ input: socket })[Symbol.asyncIterator]();
  socket.write("MONITOR\r\n");
  expect((await lines.next()).value).toBe("+OK");
  await task();
  await pause(100);
  socket.end();
  const seen: string[] = [];
  for (let line = await lines.next(); !line.done; line = await lines.next()) {
    const [, source, command = ""] = /^\+[\d.]+ \[\d+ (\S+)\] (.*)$/.exec(line.value) ?? [];
    const args = [...command.matchAll(/"((?:[^"\\]|\\.)*)"/g)].map(([, text]) => text);
    if (source !== "lua" && args[0]?.toLowerCase() !== "info") seen.push(args.join(" "));
  }
  return seen;
}
