import type { FetchPort, Ports } from "../core/ports.js";

/** The real clock, randomness and network. */
export const realPorts: Ports = {
  now: () => Date.now(),
  random: (bytes) => globalThis.crypto.getRandomValues(new Uint8Array(bytes)),
  fetch: globalThis.fetch as unknown as FetchPort,
};
