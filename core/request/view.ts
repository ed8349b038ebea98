/** The parts of a request that the core reads. Objects derived from it must work too: a Web `Request` fits where no path is taken off. */
export interface RequestView {
  readonly method: string;
  /** The URL, or its path and query: the origin is taken from the configuration, never from the request. */
  readonly url: string;
  readonly headers: { get(name: string): string | null };
  /** The body as text, read only at the callback route with POST. Empty when it is too long, or when the client closes the connection. */
  text?(): Promise<string>;
  /** Keeps the request alive until the work is done, even if its client closes the connection: `ctx.waitUntil` of Workers. */
  readonly waitUntil?: ((work: Promise<unknown>) => void) | undefined;
}
