/** What the core reads of a request. A Web `Request` fits as it is. */
export interface RequestView {
  readonly method: string;
  /** The public URL, or its path and query: the origin is taken from configuration, never from here. */
  readonly url: string;
  readonly headers: { get(name: string): string | null };
  /** The body as text; asked for only at the callback route with POST. */
  text?(): Promise<string>;
}

/** An answer of ours. It is always sent with the caching headers of a response that writes cookies. */
export interface Reply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | null;
}

/** What the core decided about a request: answer it so, or let the app answer. */
export type Plan = ({ readonly kind: "reply" } & Reply) | { readonly kind: "pass" };

/** How the cookies of one request reach the browser, whatever else answers it: each adapter has one. */
export interface Outlet {
  /** Whether the response can still carry cookies. */
  canWrite(): boolean;
  /** Set-Cookie lines, each to be a line of its own; a later one replaces an earlier one of the same name. */
  setCookies(lines: readonly string[]): void;
}

/** The caching headers of a response as they stand. */
export interface CachingHeaders {
  readonly cacheControl: string | null;
  readonly vary: string | null;
}

/**
 * The caching headers to set on a response that wrote cookies of ours or is a {@link Reply} (`wrote`: over whatever was
 * there, S4), or in whose making a session was read (`private`, where the app said nothing).
 */
export function cachingHeaders({ cacheControl, vary }: CachingHeaders, wrote: boolean): Record<string, string> {
  const names = (vary ?? "").split(",").map((name) => name.trim());
  const known = names.some((name) => name === "*" || name.toLowerCase() === "cookie");
  return {
    ...(wrote ? { "cache-control": "private, no-store" } : cacheControl === null ? { "cache-control": "private" } : {}),
    ...(known ? {} : { vary: [...names.filter(Boolean), "Cookie"].join(", ") }),
  };
}
