import type { FetchLike, Ports } from "../../core/ports.js";

/** The clock, the randomness and the network, which a test may replace. */
export interface PortOptions {
  /** Milliseconds since the epoch. @default the real clock */
  now?: (() => number) | undefined;
  /** Cryptographically random bytes. @default the platform's */
  random?: ((bytes: number) => Uint8Array) | undefined;
  /** Sends the requests to the provider. @default the platform's */
  fetch?: FetchLike | typeof globalThis.fetch | undefined;
}

export const randomBytes: Ports["random"] = (bytes) => crypto.getRandomValues(new Uint8Array(bytes));

/** The ports of these options, which default to the platform's. */
export const portsOf = ({ now = Date.now, random = randomBytes, fetch = globalThis.fetch }: PortOptions): Ports => ({
  now,
  random,
  fetch: fetch as FetchLike,
});
