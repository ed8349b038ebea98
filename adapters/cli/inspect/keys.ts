import { randomBytes } from "node:crypto";
import { createUserSessions, type UserSessions } from "../../../core/relying-party/user-sessions.js";
import { packed } from "../../../core/seal/payload.js";
import { createSealer, type Sealer } from "../../../core/seal/sealer.js";
import type { LifetimeOptions } from "../../../core/session/lifetime.js";
import { clientKey } from "../../../core/store/client-key.js";

/** What opens the cookies of an app. */
export interface Keys {
  /** All secrets, newest first. */
  readonly secrets: readonly string[];
  /** Of the client that the cookies belong to; undefined if it is not known. */
  readonly client: Parameters<typeof clientKey>[0] | undefined;
  /** Of `createSessions`. */
  readonly purpose: string | undefined;
  readonly limits: LifetimeOptions;
}

/** What opens cookies with one prefix. */
export interface Openers {
  /** Opens as the app does, within its limits. */
  readonly asApp: UserSessions<unknown>;
  /** Opens cookies of any age. */
  readonly ofAnyAge: UserSessions<unknown>;
  readonly transactions: Sealer;
}

/** Seconds; more than any session lasts. */
const LONG = 9e9;

/**
 * What opens cookies with this prefix; undefined when that needs the issuer and the client id, which are not known.
 * @throws MisuseError (`invalid_config`) when a secret or a limit is wrong
 */
export function openersFor(
  prefix: string,
  { secrets, client, limits, ...keys }: Keys,
  now: () => number,
): Openers | undefined {
  const [, start, name = ""] = /^(__Host-|__Secure-)?(.*)$/i.exec(prefix) ?? [];
  // The name of `createSessions`, whose default purpose is "".
  const isStandalone = name === "latchkey-session";
  const purpose = keys.purpose ?? (isStandalone ? "" : client && clientKey(client));
  if (purpose === undefined) return undefined;
  const cookie = {
    name,
    secure: start !== undefined,
    ...(/secure/i.test(`${start}`) ? { domain: "example.com" } : {}),
  };
  const ports = { now, random: (bytes: number) => randomBytes(bytes) };
  const sessions = (lifetimes: LifetimeOptions) =>
    createUserSessions<unknown>({ ...lifetimes, secret: secrets, purpose, cookie }, undefined, ports, () => {});
  return {
    asApp: sessions(limits),
    ofAnyAge: sessions({ inactivityDuration: LONG - 1, absoluteDuration: LONG }),
    transactions: createSealer(secrets, `transaction ${purpose}`, LONG, packed),
  };
}
