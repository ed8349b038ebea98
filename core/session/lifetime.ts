import { MisuseError } from "../errors.js";
import type { Identity } from "./concerns.js";

/** How long sessions last, as an app configures it. */
export interface LifetimeOptions {
  /** Seconds without activity after which a session is over. @default 86400 (1 day) */
  inactivityDuration?: number;
  /** Seconds after which a session is over, whatever happens. @default 604800 (7 days) */
  absoluteDuration?: number;
  /** Whether activity extends a session. When false there is only the absolute limit. @default true */
  rolling?: boolean;
  /** Seconds of activity that need not be written down. @default a tenth of `inactivityDuration` */
  rollAfter?: number;
}

/** The same, checked; everything in milliseconds. */
export interface Lifetimes {
  /** Infinity when sessions do not roll. */
  readonly inactivity: number;
  readonly absolute: number;
  readonly rollAfter: number;
}

/** The times of one session, in milliseconds since the epoch. */
export interface SessionTimes extends Pick<Identity, "began" | "written" | "ends"> {
  /** The activity stamp, if there is one. */
  readonly seen?: number | undefined;
}

/** @throws MisuseError (`ERR_CONFIG`) when a duration is not a positive number. */
export function lifetimesOf(options: LifetimeOptions): Lifetimes {
  const { inactivityDuration = 86_400, absoluteDuration = 604_800, rolling = true } = options;
  const { rollAfter = inactivityDuration / 10 } = options;
  const durations = [inactivityDuration, absoluteDuration, rollAfter + 1];
  if (!durations.every((seconds) => seconds >= 1 && seconds < 1e10) || rollAfter >= inactivityDuration) {
    throw new MisuseError(
      "ERR_CONFIG",
      "latchkey: durations are seconds, at least 1, and rollAfter < inactivityDuration",
    );
  }
  return {
    inactivity: rolling ? inactivityDuration * 1000 : Infinity,
    absolute: absoluteDuration * 1000,
    rollAfter: rolling ? rollAfter * 1000 : Infinity,
  };
}

/** A young session has no stamp: its own last-written time serves. */
export const lastSeenAt = (times: SessionTimes): number => Math.max(times.written, times.seen ?? 0);

/** The absolute limit; a policy made shorter since holds for sessions that began before it. */
export const absoluteEnd = (times: SessionTimes, limits: Lifetimes): number =>
  Math.min(times.ends, times.began + limits.absolute);

/** When inactivity alone would end it; Infinity when sessions do not roll. */
export const inactiveAt = (times: SessionTimes, limits: Lifetimes): number => lastSeenAt(times) + limits.inactivity;

/** Why a session is over, if it is. */
export function whyOver(times: SessionTimes, limits: Lifetimes, now: number): "expired" | "inactive" | undefined {
  if (now >= absoluteEnd(times, limits)) return "expired";
  return now >= inactiveAt(times, limits) ? "inactive" : undefined;
}

/** Whether enough time has passed since the last written sign of life that this one is worth writing. */
export const rollDue = (times: SessionTimes, limits: Lifetimes, now: number): boolean =>
  now - lastSeenAt(times) >= limits.rollAfter;
