// The demo: a real OpenID Provider, a protected API and an Express app with latchkey, all on this machine. It first runs
// through a sign-in by itself, over HTTP, and then waits for your browser. With `--once` it exits after the run-through:
// with code 0, or 1 if a step failed.
import { buildIfNeeded } from "../build.js";
import { printHeader, printInvitation, printResult, printStep, printTitle } from "./print.js";

printTitle();
await buildIfNeeded({ types: false });
// These import the package by its name, so that they can be loaded only once it is built.
const { start } = await import("./start.js");
const { walk } = await import("./walk.js");

/** latchkey's events during the current step; undefined after the last step. @type {any[] | undefined} */
let events = [];
const { world, clearEvents, stop } = await start({
  ports: { app: 3000, provider: 4000, api: 4001 },
  onEvent: (event) => events?.push(event),
});
printHeader([
  ["provider", world.issuer, "oidc-provider: rotating refresh tokens, JWT access tokens"],
  ["API", world.api, "verifies access tokens with jose"],
  ["app", world.app, "Express with latchkey"],
]);

const started = performance.now();
let number = 0;
const result = await walk(world, (outcome) => {
  number += 1;
  printStep(number, outcome, events ?? []);
  events = [];
});
events = undefined;
// The page begins with the events of your own sign-in.
clearEvents();
printResult(result, performance.now() - started);
if (result.passed < result.total) process.exitCode = 1;

if (process.argv.includes("--once")) await stop();
else {
  printInvitation(world.app);
  process.once("SIGINT", stop);
  process.once("SIGTERM", stop);
}
