import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { figureOf } from "../../lib/measure.js";
import { BENCH } from "./bundle.js";

const run = promisify(execFile);

const programOf = (from) => `
const started = performance.now();
await import(${JSON.stringify(from)});
process.stdout.write(String(performance.now() - started));
process.exit();
`;

/** Milliseconds that one import takes in a new process, whose own start does not count. */
async function timeImport({ from }) {
  const { stdout } = await run(process.execPath, ["--input-type=module", "-e", programOf(from)], { cwd: BENCH });
  return Number(stdout);
}

/**
 * Imports every library once in each round, each time in a process of its own. Those that cannot be imported are skipped.
 * @returns {Promise<{ times: Map<object, import("../../lib/measure.js").Figure>, skipped: string[] }>} milliseconds
 */
export async function timeImports(libraries, rounds) {
  const samples = new Map(libraries.map((library) => [library, []]));
  const skipped = [];
  // One more, that reads the files into the memory of the system.
  for (let round = 0; round <= rounds; round++) {
    for (const [library, list] of [...samples]) {
      try {
        const sample = await timeImport(library);
        if (round > 0) list.push(sample);
      } catch (error) {
        samples.delete(library);
        skipped.push(`The import of ${library.name}: ${error.message.trim().split("\n").at(-1)}`);
      }
    }
  }
  return { times: new Map([...samples].map(([library, list]) => [library, figureOf(list)])), skipped };
}
