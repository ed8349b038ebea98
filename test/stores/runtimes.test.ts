import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { afterEach, beforeEach, expect, test } from "vitest";
import { bin, freePort, startServer } from "../support/process.js";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "latchkey-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** Bundles a file of `test/support` for a runtime. */
async function bundle(entry: string): Promise<string> {
  const outfile = join(folder, "bundle.mjs");
  const entryPoint = fileURLToPath(new URL(`../support/${entry}`, import.meta.url));
  await build({
    entryPoints: [entryPoint],
    bundle: true,
    outfile,
    format: "esm",
    target: "es2022",
    platform: "browser",
  });
  return outfile;
}

const CONFIG = (port: number) => `
using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [(name = "main", worker = (
    modules = [(name = "bundle.mjs", esModule = embed "bundle.mjs")],
    compatibilityDate = "2026-10-01",
    durableObjectNamespaces = [(className = "LatchkeyStore", uniqueKey = "a key of the test", enableSql = true)],
    durableObjectStorage = (inMemory = void),
    bindings = [(name = "LATCHKEY", durableObjectNamespace = "LatchkeyStore")],
  ))],
  sockets = [(name = "http", address = "127.0.0.1:${port}", http = (), service = "main")],
);
`;

test("Durable Objects keep the contract on workerd", async () => {
  await bundle("durable-objects-worker.ts");
  const port = await freePort();
  const config = join(folder, "config.capnp");
  writeFileSync(config, CONFIG(port));
  const child = await startServer([bin("workerd"), ["serve", config]], port, {});
  const response = await fetch(`http://127.0.0.1:${port}/`);
  expect(await response.text()).toBe("kept");
  child.kill();
});

test("Deno KV keeps the contract on Deno", async () => {
  const file = await bundle("deno-kv-check.ts");
  const child = spawn(bin("deno"), ["run", "--unstable-kv", "--allow-all", file, join(folder, "kv")]);
  let output = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (text) => (output += text));
  const code = await new Promise((resolve) => child.once("exit", resolve));
  expect([code, output.trim()]).toEqual([0, "kept"]);
});
