import type { Ports } from "../../core/ports.js";
import { type PortOptions, portsOf } from "./ports.js";
import { sleep } from "./sleep.js";

/** The ports of a server, with timers by which requests wait for each other. */
export const serverPortsOf = (options: PortOptions): Ports => ({ ...portsOf(options), sleep });
