import type { Ports } from "../ports.js";

/** The clock of the calls of a store. */
export type StoreClock = Required<Pick<Ports, "now" | "sleep">>;

/** How a store waits. */
export interface Timers extends Pick<StoreClock, "sleep"> {
  /** Calls `task` after this many milliseconds, unless the function that it returns is called before. */
  after(milliseconds: number, task: () => void): () => void;
}
