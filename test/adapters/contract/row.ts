import { expect } from "vitest";
import type { AuthOptions } from "../../../adapters/lib/config.js";
import type { AuthorizeOptions, TestProviderOptions } from "../../../adapters/testing/index.js";
import type { Answer, TestApp, TestBrowser } from "../../support/app.js";

/** A behaviour that every adapter has, in words of its users, and how to see it over HTTP. */
export interface Row {
  readonly name: string;
  /** Options besides those of all rows. With them the row has an app of its own, which has served nobody before. */
  readonly options?: Partial<AuthOptions>;
  /** What its provider is, in the place of one that does everything but pushed requests. */
  readonly provider?: TestProviderOptions;
  run(app: TestApp): Promise<void>;
}

/** Shorter than the defaults, so that a row reaches each of them. */
export const session = { inactivityDuration: 3600, absoluteDuration: 14_400, rollAfter: 360 };

/** Another name of the app, as behind a proxy: only a Host header leads there. */
export const PUBLIC = "https://app.example";

/** What a Set-Cookie line names. */
export const nameOf = (line: string): string => line.slice(0, line.indexOf("="));

/** The one small cookie that activity writes. */
export const seen = expect.stringMatching(/^latchkey\.[\w-]{6}\.seen$/);

/** What is left in a browser that was signed out. */
export const end = expect.stringMatching(/^latchkey\.end\.\d{13}$/);

export const isSignedIn = async (browser: TestBrowser): Promise<boolean> =>
  (await browser.fetch("/private")).status === 200;

/** The session as the app sees it. */
export const sessionOf = async (browser: TestBrowser) => JSON.parse((await browser.fetch("/")).body).session;

/** Starts a sign-in and answers at the provider: the URL that the browser comes back with. */
export async function begin(
  app: TestApp,
  browser: TestBrowser,
  { login = "/auth/login", ...asked }: AuthorizeOptions & { login?: string } = {},
): Promise<URL> {
  const { headers } = await browser.navigate(login);
  const { url } = await app.provider.authorize(String(headers.location), { user: { sub: "alice" }, ...asked });
  return new URL(url);
}

/** An error page: its status and code, nothing for caches, nothing of the request in it. */
export function expectErrorPage(answer: Answer, status: number, code: string): void {
  expect(answer.status).toBe(status);
  expect(answer.body).toContain(`<code>${code}</code>`);
  expect(answer.headers["content-type"]).toMatch(/^text\/html\b/);
  expect(answer.headers["content-security-policy"]).toMatch(/^default-src 'none'/);
  expect(answer.headers["cache-control"]).toBe("private, no-store");
  expect(answer.headers["referrer-policy"]).toBe("no-referrer");
}

/** Runs while the provider errs, and ends that whatever comes of it. */
export async function during<T>(end: () => void, run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } finally {
    end();
  }
}

/** How often the provider's token endpoint was asked while `run` ran. */
export async function countTokenRequests(app: TestApp, run: () => Promise<void>): Promise<number> {
  const before = app.provider.requests.length;
  await run();
  return app.provider.requests.slice(before).filter(({ endpoint }) => endpoint === "token").length;
}
