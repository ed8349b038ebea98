// Starts the machines and the balancer. Ctrl+C ends them.
import { next } from "../next-build.js";
import { createBalancer } from "./balancer.js";
import { freePort, startProgram, stopPrograms } from "./processes.js";
import { startRedis } from "./redis.js";

const ports = [await freePort(), await freePort(), await freePort()];
const [first, second, third] = ports;
// The scripts of Next's pages are on the machine with Next alone.
const balancer = createBalancer(ports, (path) => (path.startsWith("/_next/") ? third : undefined));

async function stop() {
  balancer.close();
  balancer.closeAllConnections();
  await stopPrograms();
  process.exit();
}
process.once("SIGINT", stop).once("SIGTERM", stop);

const variables = { REDIS_URL: await startRedis(), NODE_ENV: "production" };
const node = process.execPath;
await Promise.all([
  startProgram(first, [node, "express.js"], { ...variables, MACHINE: "A, with Express" }),
  startProgram(second, [node, "express.js"], { ...variables, MACHINE: "B, with Express" }),
  startProgram(third, [node, next, "start", "-p", `${third}`], { ...variables, MACHINE: "C, with Next.js" }),
]);
balancer.listen(Number(process.env.PORT), "127.0.0.1");
