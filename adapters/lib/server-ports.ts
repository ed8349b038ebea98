import type { Ports } from "../../core/ports.js";
import { type PortOptions, portsOf } from "./ports.js";

/** `setTimeout` as it was at import: fake timers of a test must not stop requests that wait for each other. */
const { setTimeout: later } = globalThis;

/** The ports of a server, whose requests wait for each other by timers of their own. */
export const serverPortsOf = (options: PortOptions): Ports => ({
  ...portsOf(options),
  sleep: (milliseconds) => new Promise((resolve) => later(resolve, milliseconds)),
});
