import type { FetchPort, Ports } from "../core/ports.js";

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

/** The one of the start: a test that replaces the timers of its process must not stop requests that wait for each other. */
const { setTimeout: later } = globalThis;

/** The same for a server, whose requests wait for each other by timers of their own. */
export const serverPortsOf = (options: PortOptions): Ports => ({
  ...portsOf(options),
  sleep: (milliseconds) => new Promise((resolve) => later(resolve, milliseconds)),
});
