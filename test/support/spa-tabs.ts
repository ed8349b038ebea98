import type { Page } from "playwright-core";
import { expect } from "vitest";
import { begin, open, provider, signIn, token } from "./spa.js";

type BeginArguments = Parameters<typeof begin>;

/** Starts the app and the provider, and signs alice in. */
export async function beginSignedIn(...options: BeginArguments): Promise<void> {
  await begin(...options);
  await signIn();
}

/** Starts the app and the provider, signs alice in, and opens another tab of the app, which it returns. */
export async function beginWithTwoTabs(...options: BeginArguments): Promise<Page> {
  await beginSignedIn(...options);
  return open();
}

/** The requests to a path of the provider so far. */
export const requestCount = (path: string): number =>
  provider.urls.filter((url) => url.split("?", 1)[0] === path).length;

/** The grant types of the token requests that the provider refused: a refresh token that is used twice is one. */
export const refusedGrants = (): string[] => provider.grants.filter((grant) => grant.startsWith("!"));

/** Starts a renewal, and waits until its request has reached the provider. `outcome` resolves when the renewal has ended. */
export async function startRenewal(on: Page, request: object = { refresh: true }, path = "/token") {
  const before = requestCount(path);
  const outcome = token(request, on);
  await expect.poll(() => requestCount(path)).toBeGreaterThan(before);
  return { outcome };
}

/** Closes a tab while its renewal waits for the provider. */
export async function closeWhileRenewing(on: Page): Promise<void> {
  provider.delays.set("/token", 700);
  const { outcome } = await startRenewal(on);
  outcome.catch(() => {});
  await on.close();
  provider.delays.clear();
}

/** Waits until a client of the tab has its turn: it then holds a Web Lock. */
export const hasTurn = (on: Page) =>
  expect.poll(() => on.evaluate(async () => (await navigator.locks.query()).held?.length)).toBe(1);
