import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import { freePort, startProgram } from "./processes.js";

/** The path of Redis or Valkey on this machine. */
function programPath() {
  const folders = (process.env.PATH ?? "").split(delimiter);
  const paths = ["redis-server", "valkey-server"].flatMap((name) => folders.map((folder) => join(folder, name)));
  return paths.find((path) => existsSync(path));
}

/** Whether `startRedis` can give the URL of a Redis. */
export const findRedis = () => process.env.REDIS_URL ?? programPath();

/** The URL of the Redis that REDIS_URL names, or of a new one in memory, which ends with this process. */
export async function startRedis() {
  if (process.env.REDIS_URL) return process.env.REDIS_URL;
  const port = await freePort();
  await startProgram(port, [programPath(), "--port", `${port}`, "--bind", "127.0.0.1", "--save", ""]);
  return `redis://127.0.0.1:${port}`;
}
