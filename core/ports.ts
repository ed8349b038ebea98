/** What latchkey needs of a `fetch` function. The platform's own fits as it is. */
export type FetchLike = (url: string, init?: FetchInit) => Promise<Response>;

/** The request options that latchkey sets. */
export interface FetchInit {
  method?: string;
  headers?: Record<string, string> | Headers;
  body?: string | URLSearchParams | Uint8Array | null;
  redirect?: "manual" | "follow" | "error";
  signal?: AbortSignal;
}

/** The clock, the randomness and the network, which the core gets as arguments. Only `AbortSignal.timeout` counts real time. */
export interface Ports {
  /** Milliseconds since the epoch. */
  now(): number;
  /** This many cryptographically random bytes. */
  random(bytes: number): Uint8Array;
  fetch: FetchLike;
  /**
   * Resolves after this many milliseconds, by a timer of the request that calls it. Absent in a page, which has no requests that a
   * runtime could cancel.
   */
  sleep?: ((milliseconds: number) => Promise<void>) | undefined;
}
