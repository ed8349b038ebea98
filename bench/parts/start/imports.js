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

/** The milliseconds of one import in a new process, without the start of the process. */
async function timeImport({ from }) {
  const { stdout } = await run(process.execPath, ["--input-type=module", "-e", programOf(from)], { cwd: BENCH });
  return Number(stdout);
}

/**
 * Imports every library once in each round, each time in a new process. Libraries that cannot be imported are skipped.
 * @returns {Promise<{ times: Map<object, import("../../lib/measure.js").Figure>, skipped: string[] }>} milliseconds
 */
export async function timeImports(libraries, rounds) {
  const samples = new Map(libraries.map((library) => [library, []]));
  const skipped = [];
  // One more round, which fills the system's file cache.
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
