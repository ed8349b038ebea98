/** What the core reads of a request. A Web `Request` fits as it is. */
export interface RequestView {
  readonly method: string;
  /** The public URL, or its path and query: the origin is taken from configuration, never from here. */
  readonly url: string;
  readonly headers: { get(name: string): string | null };
  /** The body as text; asked for only at the callback route with POST. */
  text?(): Promise<string>;
}

/** What an adapter answers with. Every entry of `setCookies` becomes a Set-Cookie line of its own. */
export interface Reply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly setCookies: readonly string[];
  readonly body: string | null;
}

/** What the core decided about a request: answer it so, or let the app answer. */
export type Plan = ({ readonly kind: "reply" } & Reply) | { readonly kind: "pass" };
