/** What the core reads of a request. A Web `Request` fits as it is. */
export interface RequestView {
  readonly method: string;
  /** The public URL, or its path and query: the origin is taken from configuration, never from here. */
  readonly url: string;
  readonly headers: { get(name: string): string | null };
  /** The body as text; asked for only at the callback route with POST. Empty when it is too long, or when the client goes away. */
  text?(): Promise<string>;
  /** Keeps the request alive until the work is done, also when its client goes away: what Workers call `ctx.waitUntil`. */
  readonly waitUntil?: ((work: Promise<unknown>) => void) | undefined;
}
