import { availableParallelism, cpus, release, totalmem, type } from "node:os";

/** Describes the machine and the date of the measurement. */
export function describeMachine(now = new Date()) {
  const model = cpus()[0]?.model.trim().replace(/\s+/g, " ") || "unknown processor";
  const memory = Math.round(totalmem() / 2 ** 30);
  return {
    date: now.toISOString().slice(0, 10),
    text: `${availableParallelism()} cores (${model}), ${memory} GiB, ${type()} ${release().split("-")[0]}, Node ${process.version}`,
  };
}
