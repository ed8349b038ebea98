import { expect } from "vitest";
import type { AuthOptions } from "../../../adapters/lib/auth-options.js";
import type { LoginOptions, LogoutOptions } from "../../../adapters/node.js";
import type { AuthorizeOptions, TestProviderOptions } from "../../../adapters/testing/index.js";
import type { Answer, TestApp, TestBrowser } from "../../support/app.js";

/** A behaviour of every adapter, in words that a user would use, and how to observe it over HTTP. */
export interface Row {
  readonly name: string;
  /** Options in addition to those of all rows, which may depend on the URL of the app. A row with options has its own app, which has served no request before. */
  readonly options?: Partial<AuthOptions> | ((url: string) => Partial<AuthOptions>);
  /** Options of the row's provider. By default the provider supports everything except pushed authorization requests. */
  readonly provider?: TestProviderOptions;
  /** A second provider: the app then has `work`, the first one, and `code`. */
  readonly another?: TestProviderOptions;
  run(app: TestApp): Promise<void>;
}

/** Limits that are shorter than the defaults, so that rows reach them. In seconds. */
export const session = { inactivityDuration: 3600, absoluteDuration: 14_400, rollAfter: 360 };

/** A second base URL of the app, as behind a proxy: a request selects it by its Host header. */
export const PUBLIC = "https://app.example";

/** The cookie name in a Set-Cookie line. */
export const nameOf = (line: string): string => line.slice(0, line.indexOf("="));

/** Matches the name of the small cookie that records activity. */
export const seen = expect.stringMatching(/^latchkey\.[\w-]{6}\.seen$/);

/** Matches the name of the cookie that a sign-out leaves in the browser. */
export const end = expect.stringMatching(/^latchkey\.end\.\d{13}$/);

export const isSignedIn = async (browser: TestBrowser): Promise<boolean> =>
  (await browser.fetch("/private")).status === 200;

/** The session that the app sees. */
export const sessionOf = async (browser: TestBrowser) => JSON.parse((await browser.fetch("/")).body).session;

/** Starts a sign-in and completes it at the provider. Returns the callback URL with the authorization response. */
export async function signInUntilCallback(
  app: TestApp,
  browser: TestBrowser,
  { login = "/auth/login", ...options }: AuthorizeOptions & { login?: string } = {},
): Promise<URL> {
  const { headers } = await browser.navigate(login);
  const { url } = await app.provider.authorize(String(headers.location), { user: { sub: "alice" }, ...options });
  return new URL(url);
}

/** Expects an error page with this status and code, which no cache may store and which sends no referrer. */
export function expectErrorPage(response: Answer, status: number, code: string): void {
  expect(response.status).toBe(status);
  expect(response.body).toContain(`<code>${code}</code>`);
  // On a loopback address the page also says why.
  expect(response.body).toContain(`</code> latchkey: ${code.replaceAll("_", " ")}`);
  expect(response.headers["content-type"]).toMatch(/^text\/html\b/);
  expect(response.headers["content-security-policy"]).toMatch(/^default-src 'none'/);
  expect(response.headers["cache-control"]).toBe("private, no-store");
  expect(response.headers["referrer-policy"]).toBe("no-referrer");
}

/** Runs `run` while the provider misbehaves, and then ends the misbehaviour, even if `run` throws. */
export async function during<T>(endMisbehaviour: () => void, run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } finally {
    endMisbehaviour();
  }
}

/** Counts the requests to the provider's token endpoint while `run` runs. */
export async function countTokenRequests(app: TestApp, run: () => Promise<void>): Promise<number> {
  const before = app.provider.requests.length;
  await run();
  return app.provider.requests.slice(before).filter(({ endpoint }) => endpoint === "token").length;
}

/** The path of a route of the tests that passes these options to `login` or `logout`. */
export const withOptions = (path: string, options: LoginOptions & LogoutOptions): string =>
  `${path}?${new URLSearchParams({ options: JSON.stringify(options) })}`;
