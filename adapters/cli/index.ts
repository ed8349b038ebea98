#!/usr/bin/env node
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline/promises";
import { text } from "node:stream/consumers";
import type { Terminal } from "./command.js";
import { run } from "./run.js";

const { argv, env, stdin, stdout, stderr } = process;

const terminal: Terminal = {
  print: (lines) => void stdout.write(`${lines}\n`),
  env,
  folder: process.cwd(),
  isInteractive: stdin.isTTY === true && stdout.isTTY === true,
  // https://no-color.org
  hasColour: stdout.isTTY === true && !env["NO_COLOR"],
  read: () => text(stdin),
  async ask(question) {
    const lines = createInterface({ input: stdin, output: stdout });
    try {
      return (await lines.question(question)).trim();
    } finally {
      lines.close();
    }
  },
  now: Date.now,
  fetch: globalThis.fetch,
};

// A reader such as `head` may close the pipe before all is written.
stdout.on("error", () => {});

const { version } = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8")) as {
  version: string;
};
const result = await run(argv.slice(2), terminal, version);
if (typeof result === "number") process.exitCode = result;
else {
  stderr.write(`latchkey: ${result.message}\n\n${result.help}\n`);
  process.exitCode = 2;
}
