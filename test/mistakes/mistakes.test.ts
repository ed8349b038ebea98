import { afterEach, describe, expect, test } from "vitest";
import { checkSetup, type SetupFinding, type SetupOptions } from "../../adapters/check/index.js";
import { runHere } from "../support/cli.js";
import { expressApps } from "../support/express-app.js";
import { linesOf, saidIn } from "./said.js";
import { type Finding, type Mistake, mistakes, type Silent } from "./table.js";
import { record, startWorld, type World } from "./world.js";

let world: World | undefined;
afterEach(async () => {
  await world?.close();
  world = undefined;
});

/** Runs `checkSetup`, and the command with the same settings as variables and flags. */
async function check({ canary, plain }: World, options: SetupOptions): Promise<readonly SetupFinding[]> {
  const { findings } = await checkSetup({ ...options, env: {} });
  const { issuer, clientId, clientSecret, secret, baseUrl, fetch, now = Date.now } = options;
  const env = {
    LATCHKEY_ISSUER: `${issuer}`,
    LATCHKEY_CLIENT_ID: `${clientId}`,
    LATCHKEY_CLIENT_SECRET: `${clientSecret}`,
    LATCHKEY_SECRET: `${secret}`,
    LATCHKEY_BASE_URL: `${baseUrl}`,
  };
  const printed = await runHere(["check"], { env, fetch: fetch as typeof globalThis.fetch, now });
  for (const { message } of findings) expect(plain(printed.out)).toContain(plain(message));
  expect(canary.leaksIn([findings, printed])).toEqual([]);
  return findings;
}

/** The finding of the table is among these; without one, nothing is wrong. */
function expectFinding({ plain }: World, findings: readonly SetupFinding[], expected: Finding | Silent): void {
  const wrong = findings.filter(({ status }) => status === "failed");
  const shown = wrong.map(({ option, message }) => ({ option, message: plain(message) }));
  if ("silent" in expected) expect(shown).toEqual([]);
  else expect(shown).toContainEqual(expected);
}

async function play(mistake: Mistake): Promise<void> {
  world = await startWorld(mistake.provider);
  const options = { ...world.right, ...(await mistake.change(world)) };
  const app = expressApps["Express 5"];
  const quiet = await record(world, app, options, "console", mistake.act, mistake.prefix);
  const heard = await record(world, app, options, "hooks", mistake.act, mistake.prefix);
  expect(saidIn(world, quiet, heard)).toEqual({
    console: linesOf(mistake.console),
    event: linesOf(mistake.event),
    onFailure: linesOf(mistake.onFailure),
  });
  expectFinding(world, await check(world, options), mistake.check);
  // The request that `onFailure` gets is the app's own, with its headers.
  const failures = heard.failures.map(({ request: _, ...rest }) => rest);
  expect(world.canary.leaksIn([quiet, heard.events, heard.pages, failures])).toEqual([]);
}

describe("a mistake that shows when a user signs in: what the console, the event, onFailure and check say", () => {
  test.each(mistakes.map((mistake) => [mistake.name, mistake] as const))("%s", (_name, mistake) => play(mistake));

  test("every mistake is named by some surface", () => {
    for (const { name, console, check } of mistakes)
      expect([name, typeof console === "string" || "option" in check]).toEqual([name, true]);
  });
});
