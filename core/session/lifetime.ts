import { must } from "../errors.js";
import { LONGEST_LIFE } from "../seal/keyring.js";
import type { Identity } from "./identity.js";

/** How long sessions last, as an app configures it. */
export interface LifetimeOptions {
  /** Seconds without activity after which a session is over. @default 86400 (1 day) */
  inactivityDuration?: number;
  /** Seconds after which a session is over, also with activity. @default 604800 (7 days) */
  absoluteDuration?: number;
  /** Whether activity extends a session. When false there is only the absolute limit. @default true */
  rolling?: boolean;
  /** Seconds after activity was written in which further activity is not written. @default a tenth of `inactivityDuration` */
  rollAfter?: number;
}

/** The checked durations, in milliseconds. */
export interface Lifetimes {
  /** Infinity when sessions do not roll. */
  readonly inactivity: number;
  readonly absolute: number;
  readonly rollAfter: number;
}

/** @throws MisuseError (`invalid_config`) when a duration is not a positive number. */
export function lifetimesOf(options: LifetimeOptions): Lifetimes {
  const {
    inactivityDuration = 86_400,
    absoluteDuration = 604_800,
    rolling = true,
    rollAfter = inactivityDuration / 10,
  } = options;
  const durations = [inactivityDuration, absoluteDuration, rollAfter + 1];
  must(
    durations.every((seconds) => seconds >= 1 && seconds < LONGEST_LIFE) &&
      rollAfter < inactivityDuration &&
      // Only if the app sets both: the default of the other one does not limit the one that the app sets.
      !(Number(options.inactivityDuration) > Number(options.absoluteDuration)),
    `durations must be 1 second or more and below ${LONGEST_LIFE}, and rollAfter < inactivityDuration <= absoluteDuration`,
  );
  return {
    inactivity: rolling ? inactivityDuration * 1000 : Infinity,
    absolute: absoluteDuration * 1000,
    rollAfter: rolling ? rollAfter * 1000 : Infinity,
  };
}

/**
 * A session as an app sees it. All times are milliseconds since the epoch. Do not change it: changes inside `data` that are
 * not made with `update` may be sealed together with the next update.
 */
export interface Session<Data> extends Identity {
  readonly data: Data;
  /** The last activity that was written. */
  readonly lastSeenAt: number;
  /** When inactivity will end the session; Infinity when sessions do not roll. */
  readonly inactiveAt: number;
  /** When the session ends without further activity: the earlier one of `inactiveAt` and `endsAt`. */
  readonly expiresAt: number;
}

/**
 * A session with its limits, from the time of its activity stamp. A young session has no stamp (0): the time at which it was
 * written counts. If the app has shortened its limits since, the shorter ones hold for older sessions too.
 */
export function withLimits<Data>(
  identity: Identity & { readonly data: Data },
  seen: number,
  { absolute, inactivity }: Lifetimes,
): Session<Data> {
  const { id, beganAt, writtenAt, data } = identity;
  const endsAt = Math.min(identity.endsAt, beganAt + absolute);
  const lastSeenAt = Math.max(writtenAt, seen);
  const inactiveAt = lastSeenAt + inactivity;
  const expiresAt = Math.min(endsAt, inactiveAt);
  // Each member by its name: an object spread would take longer than all else that is done here.
  return { id, beganAt, writtenAt, endsAt, data, lastSeenAt, inactiveAt, expiresAt };
}
