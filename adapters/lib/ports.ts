import type { FetchPort, Ports } from "../../core/ports.js";

/** What a test may put in the place of the real thing. */
export interface PortOptions {
  /** Milliseconds since the epoch. @default the real clock */
  now?: Ports["now"] | undefined;
  /** Cryptographically random bytes. @default the platform's */
  random?: Ports["random"] | undefined;
  /** @default the platform's */
  fetch?: Ports["fetch"] | typeof globalThis.fetch | undefined;
}

export const randomBytes: Ports["random"] = (bytes) => crypto.getRandomValues(new Uint8Array(bytes));

/** The real clock, randomness and network, as far as no other was given. */
export const portsOf = ({ now = Date.now, random = randomBytes, fetch = globalThis.fetch }: PortOptions): Ports => ({
  now,
  random,
  fetch: fetch as FetchPort,
});
