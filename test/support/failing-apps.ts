import type { Express } from "express";
import { afterEach, vi } from "vitest";
import type { AuthOptions } from "../../adapters/express.js";
import { type Answer, type AnswerOptions, type Framework, startApp, type TestApp } from "./app.js";
import { edgeApp } from "./edge-app.js";
import { expressApps } from "./express-app.js";
import { nextApp, nextPages } from "./next-app.js";
import { nodeApp } from "./node-app.js";

/** The adapters that serve all routes of the tests. */
export const frameworks: ReadonlyArray<readonly [string, Framework]> = [
  ["Express 5", expressApps["Express 5"]],
  ["node:http", nodeApp],
  ["the edge", edgeApp],
];

/** All adapters that answer the routes of latchkey; those of Next answer no other route. */
export const adapters: ReadonlyArray<readonly [string, Framework]> = [
  ...frameworks,
  ["Next's App Router", nextApp],
  ["Next's Pages Router", nextPages],
];

type Options = AuthOptions | ((url: string) => AuthOptions);

/** Starts apps that are closed, and restores what was spied on, after each test of the file. */
export function startingApps(): (
  framework: Framework,
  options?: Options,
  extend?: (app: Express) => void,
) => Promise<TestApp> {
  const apps: TestApp[] = [];
  afterEach(async () => {
    vi.restoreAllMocks();
    for (const app of apps.splice(0)) await app.close();
  });
  return async (framework, options = {}, extend = () => {}) => {
    const app = await startApp({ framework, options, extend });
    apps.push(app);
    return app;
  };
}

/** Silences `console.error`, and returns the lines that were printed so far. */
export function watchConsole(): () => string[] {
  const printed = vi.spyOn(console, "error").mockImplementation(() => {});
  return () => printed.mock.calls.flat().map(String);
}

/** The response to a sign-in that the provider refuses, with these parameters beside those of the test provider. */
export async function refuse(
  app: TestApp,
  extra: Readonly<Record<string, string>> = { error_description: "not today" },
  options: AnswerOptions = {},
): Promise<Answer> {
  const browser = app.browser();
  const login = await browser.navigate("/auth/login?returnTo=%2Finvoices");
  const { url } = await app.provider.authorize(String(login.headers.location), { deny: true });
  return browser.navigate(`${url}&${new URLSearchParams(extra)}`, options);
}
