import { afterEach, describe, expect, test } from "vitest";
import type { Framework } from "../support/app.js";
import { edgeApp } from "../support/edge-app.js";
import { nextApp, nextPages } from "../support/next-app.js";
import { nodeApp } from "../support/node-app.js";
import { linesOf, saidIn } from "./said.js";
import { type Mistake, mistakes } from "./table.js";
import { record, startWorld, type World } from "./world.js";

const frameworks: ReadonlyArray<readonly [string, Framework]> = [
  ["node:http", nodeApp],
  ["the edge", edgeApp],
  ["Next's App Router", nextApp],
  ["Next's Pages Router", nextPages],
];

/** One mistake for each place in which a sign-in fails. */
const NAMES = [
  "issuer with a slash too many",
  "provider down",
  "wrong client secret",
  "redirect URI not registered, with pushed requests",
  "clock 10 minutes behind",
  "wrong algorithm",
  "cookies blocked",
  "session too large",
];
const rows = mistakes.filter(({ name }) => NAMES.includes(name)).map((mistake) => [mistake.name, mistake] as const);

let world: World | undefined;
afterEach(async () => {
  await world?.close();
  world = undefined;
});

async function play(framework: Framework, mistake: Mistake): Promise<void> {
  world = await startWorld(mistake.provider);
  const options = { ...world.right, ...(await mistake.change(world)) };
  const quiet = await record(world, framework, options, "console", mistake.act);
  const heard = await record(world, framework, options, "hooks", mistake.act);
  expect(saidIn(world, quiet, heard)).toEqual({
    console: linesOf(mistake.console),
    event: linesOf(mistake.event),
    onFailure: linesOf(mistake.onFailure),
  });
  // On a loopback address the page says the same.
  const failures = heard.failures.map(({ request: _, ...rest }) => rest);
  expect(world.canary.leaksIn([quiet, heard.events, heard.pages, failures])).toEqual([]);
}

describe.each(frameworks)(
  "on %s the console, the event and onFailure say the same as on Express",
  (_name, framework) => {
    test.each(rows)("%s", (_mistake, mistake) => play(framework, mistake));
  },
);

test("every name is one of the table", () => {
  expect(rows.map(([name]) => name).sort()).toEqual([...NAMES].sort());
});
