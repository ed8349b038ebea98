/** An answer of ours. An outlet sends it with the caching headers of a response that writes cookies. */
export interface Reply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | null;
}

/** What the core decided about a request: answer it so, or, undefined, let the app answer. */
export type Plan = Reply | undefined;

/** How the cookies of one request reach the browser, whatever else answers it: each adapter has one. */
export interface ResponseWriter {
  /** Whether the response can still carry cookies. */
  canWrite(): boolean;
  /** The response is being made from a session, or from the lack of one. */
  markSessionRead(): void;
  /**
   * Set-Cookie lines, each to be a line of its own; a later one replaces an earlier one of the same name. Every name
   * begins with `prefix`. False: it is too late.
   */
  setCookies(lines: readonly string[], prefix: string): boolean;
  /** Calls `task` when the response with all lines so far leaves; not called where the adapter cannot know. */
  onSent(task: () => void): void;
}

/** Headers by which some caches are told apart from Cache-Control (RFC 9213 2, and what nginx and others listen to). */
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
 * The caching headers to set, or with null to remove, on a response that wrote cookies of ours or is a {@link Reply}
 * (`wrote`: over whatever was there, S4), or in whose making a session was read (`private`, where the app said nothing).
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
  const known = vary && /(^|,)[ \t]*(\*|cookie)[ \t]*(,|$)/i.test(vary);
  if (!known) headers.push(["vary", vary ? `${vary}, Cookie` : "Cookie"]);
  return headers;
}
