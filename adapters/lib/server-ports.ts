import type { Ports } from "../../core/ports.js";
import { type PortOptions, portsOf } from "./ports.js";

/** `setTimeout` as it was at import: a test with fake timers must not stop requests that wait for each other. */
const { setTimeout: realSetTimeout } = globalThis;

/** The ports of a server, with timers by which requests wait for each other. */
export const serverPortsOf = (options: PortOptions): Ports => ({
  ...portsOf(options),
  sleep: (milliseconds) => new Promise((resolve) => realSetTimeout(resolve, milliseconds)),
});
