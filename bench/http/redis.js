import { spawn, spawnSync } from "node:child_process";
import { setTimeout } from "node:timers/promises";
import { createClient } from "redis";
import { freePort } from "../lib/free-port.js";

/** Starts a Redis server that keeps nothing; undefined where there is none to start. */
export async function startRedis() {
  if (spawnSync("redis-server", ["--version"]).status !== 0) return undefined;
  const port = await freePort();
  const settings = ["--save", "", "--appendonly", "no", "--bind", "127.0.0.1", "--port", `${port}`];
  const child = spawn("redis-server", settings, { stdio: "ignore" });
  const url = `redis://127.0.0.1:${port}`;
  for (let attempt = 0; attempt < 50; attempt++) {
    const client = createClient({ url, socket: { reconnectStrategy: false } });
    client.on("error", () => {});
    try {
      await client.connect();
      await client.close();
      return { url, stop: () => child.kill() };
    } catch {
      await setTimeout(100);
    }
  }
  child.kill();
  return undefined;
}
