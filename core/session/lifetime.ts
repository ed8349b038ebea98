import { MisuseError } from "../errors.js";

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

const wrong = (message: string) => new MisuseError("ERR_CONFIG", `latchkey: ${message}`);

/** The same, checked; everything in milliseconds. */
export interface Lifetimes {
  /** Infinity when sessions do not roll. */
  readonly inactivity: number;
  readonly absolute: number;
  readonly rollAfter: number;
}

/** The times of one session, in milliseconds since the epoch. */
export interface SessionTimes {
  readonly beganAt: number;
  /** When its identity was last sealed. */
  readonly writtenAt: number;
  /** The absolute limit, sealed when it began: no write moves it. */
  readonly endsAt: number;
  /** The activity stamp, if there is one. */
  readonly seenAt?: number | undefined;
}

/** @throws MisuseError (`ERR_CONFIG`) when a duration is not a positive number. */
export function lifetimesOf(options: LifetimeOptions): Lifetimes {
  const { inactivityDuration = 86_400, absoluteDuration = 604_800, rolling = true } = options;
  const { rollAfter = inactivityDuration / 10 } = options;
  for (const [name, seconds] of Object.entries({ inactivityDuration, absoluteDuration, rollAfter: rollAfter + 1 })) {
    if (!(seconds >= 1 && seconds < 1e10)) throw wrong(`${name} is a number of seconds`);
  }
  if (rolling && rollAfter >= inactivityDuration) throw wrong("rollAfter must be less than inactivityDuration");
  return {
    inactivity: rolling ? inactivityDuration * 1000 : Infinity,
    absolute: absoluteDuration * 1000,
    rollAfter: rolling ? rollAfter * 1000 : Infinity,
  };
}

/** A young session has no stamp: its own last-written time serves. */
export const lastSeenAt = (times: SessionTimes): number => Math.max(times.writtenAt, times.seenAt ?? 0);

/** The absolute limit; a policy made shorter since holds for sessions that began before it. */
export const absoluteEnd = (times: SessionTimes, limits: Lifetimes): number =>
  Math.min(times.endsAt, times.beganAt + limits.absolute);

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
