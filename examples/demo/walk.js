import { createBrowser } from "./browser.js";
import { measureCookies } from "./cookies.js";
import { steps } from "./steps.js";

/**
 * @typedef {object} Outcome
 * @property {string} title
 * @property {string} detail what the step saw, or why it failed
 * @property {boolean} passed
 * @property {number} ms
 * @property {number} cookieBytes size of latchkey's cookies in the browser after the step
 */

/**
 * Runs all steps over real HTTP, and stops after the first that fails.
 * @param {import("./actions.js").World} world
 * @param {(outcome: Outcome) => void} onStep
 * @returns {Promise<{ passed: number, total: number }>}
 */
export async function walk(world, onStep) {
  const state = { world, browser: createBrowser() };
  let passed = 0;
  for (const { title, run } of steps) {
    const started = performance.now();
    /** @param {string} detail @param {boolean} ok */
    const outcome = (detail, ok) => ({
      title,
      detail,
      passed: ok,
      ms: performance.now() - started,
      cookieBytes: measureCookies(state.browser.cookies(world.app)).bytes,
    });
    try {
      onStep(outcome(await run(state), true));
      passed += 1;
    } catch (error) {
      onStep(outcome(error instanceof Error ? error.message : String(error), false));
      break;
    }
  }
  return { passed, total: steps.length };
}
