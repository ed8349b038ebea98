import { type DenoKv, denoKvStore } from "../../adapters/stores/deno-kv.js";
import { checkStore } from "../../adapters/testing/check-store.js";

/** Runs the contract of stores on Deno. */
const { Deno } = globalThis as unknown as {
  Deno: { args: string[]; openKv(path: string): Promise<DenoKv & { close(): void }> };
};
const [path = ""] = Deno.args;
// One connection: a database in a file is for one process, and refuses a second one that writes ("database is locked").
const kv = await Deno.openKv(path);
await checkStore(denoKvStore(kv), { another: denoKvStore(kv) });
kv.close();
console.log("kept");
