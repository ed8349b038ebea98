import type { Awaitable } from "../awaitable.js";

/** A response that this package makes. The writer sends it with the caching headers of a response that writes cookies. */
export interface Reply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | null;
}

/** The decision of the core about a request: the reply to send, or undefined if the app answers. */
export type Plan = Reply | undefined;

/** How cookies reach the response to one request, whether the app or this package makes it. Each adapter has its own. */
export interface ResponseWriter {
  /** Whether the response can still carry cookies. */
  canWrite(): boolean;
  /** Tells the writer that the response depends on the session, or on its absence: no shared cache may store it. */
  markSessionRead(): void;
  /**
   * Adds Set-Cookie lines, each as a line of its own; a later line replaces an earlier one of the same name. Every name begins
   * with `prefix`. Returns false when it is too late.
   */
  setCookies(lines: readonly string[], prefix: string): boolean;
  /** Calls `task` when the response with all lines so far is sent; never, where the adapter cannot know. */
  onSent(task: () => void): void;
}

/** A response writer that can also send a whole reply. `Answer` is what a handler of the framework returns, if it returns something. */
export interface ReplyWriter<Answer> extends ResponseWriter {
  send(reply: Reply): Awaitable<Answer>;
}

/** Headers that some caches obey in the place of Cache-Control (RFC 9213 2; nginx; others). */
const OTHER_CACHES = [
  "cdn-cache-control",
  "cloudflare-cdn-cache-control",
  "vercel-cdn-cache-control",
  "netlify-cdn-cache-control",
  "surrogate-control",
  "x-accel-expires",
  "expires",
];

/**
 * The caching headers to set, or with null to remove. `wrote`: the response writes cookies of this package or is a {@link Reply};
 * the headers then replace those of the app (S4). Otherwise the response depends on a session, and becomes `private` unless the
 * app has set Cache-Control.
 */
export function cachingHeaders(
  current: (name: string) => string | null,
  wrote: boolean,
): Array<[name: string, value: string | null]> {
  const headers: Array<[string, string | null]> = wrote ? OTHER_CACHES.map((name) => [name, null]) : [];
  if (wrote) headers.push(["cache-control", "private, no-store"]);
  else if (current("cache-control") === null) headers.push(["cache-control", "private"]);
  const vary = current("vary");
  // RFC 9110 5.6.1: a list, with spaces and tabs around its commas.
  const hasCookie = vary && /(^|,)[ \t]*(\*|cookie)[ \t]*(,|$)/i.test(vary);
  if (!hasCookie) headers.push(["vary", vary ? `${vary}, Cookie` : "Cookie"]);
  return headers;
}
