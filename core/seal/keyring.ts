import { hkdf } from "@panva/hkdf";
import { engine } from "#aead";
import type { Awaitable } from "../ports.js";
import type { EngineKey } from "./aead.js";

/**
 * A header is 48 bytes, so 64 characters without padding: 36 bytes that never change, 10 for the key, 2 to close. None
 * of their characters needs the alphabet's last two, so plain base64 is base64url here.
 */
const header = (kid: string): string => btoa(`{"alg":"dir","enc":"A256GCM","kid":"${kid}"}`);

/** The 48 characters that every header of ours begins with: comparing them needs no decoding and no parser. */
export const PREFIX = header("").slice(0, 48);

const DAY = 86_400_000;
const dayOf = (now: number): number => Math.floor(now / DAY);

/** More than this, and the longest known is forgotten: it can be derived again. */
const MAX_KEYS = 64;

/** The key of one secret on one day. */
export interface DayKey {
  readonly day: number;
  /** Of a secret that is not the newest. */
  readonly stale: boolean;
  readonly key: EngineKey;
}

/** The keys of one purpose. They change every day, so that none is used 2^32 times (RFC 7518 8.4). */
export interface Keyring {
  /** The newest secret's key of today. */
  toSeal(now: number): Awaitable<DayKey>;
  /** The key that a header names by the 16 characters after its prefix. */
  toOpen(name: string, now: number): Awaitable<DayKey | "unknown_key" | "expired_key">;
}

/** RFC 5869. `info` says what the key is for, in a form that nothing else can take. */
const derive = (secret: string, info: string, length: number): Promise<Uint8Array> =>
  hkdf("sha256", secret, "", `latchkey/1/${info}`, length);

/** Keys of these secrets (newest first) for one purpose; those of the last `maxAge` seconds open. */
export function createKeyring(secrets: readonly string[], purpose: string, maxAge: number): Keyring {
  const keys = new Map<string, DayKey>();
  let today: DayKey | undefined;
  // Values are kept, never promises: on Workers a promise belongs to the request that made it.
  let ids: readonly string[] | undefined;

  /** What a `kid` begins with: six characters that name the secret and tell nothing of it. */
  const secretIds = async () =>
    (ids ??= await Promise.all(
      secrets.map(async (secret) => engine.toBase64url(await derive(secret, "id", 6), 0, 6).slice(0, 6)),
    ));

  async function keyOf(index: number, day: number): Promise<DayKey> {
    const kid = (await secretIds())[index] + day.toString(36).padStart(4, "0");
    const segment = header(kid);
    const name = segment.slice(48);
    const known = keys.get(name);
    if (known) return known;
    const bytes = await derive(secrets[index]!, `key/${purpose}/${day}`, 32);
    const key = { day, stale: index > 0, key: await engine.importKey(bytes, segment) };
    if (keys.size >= MAX_KEYS) keys.delete(keys.keys().next().value!);
    keys.set(name, key);
    return key;
  }

  /** Only days that can still be alive, and tomorrow: clocks of machines differ. */
  const ageOf = (day: number, now: number) =>
    day < dayOf(now - maxAge * 1000) ? "expired_key" : day <= dayOf(now) + 1 ? undefined : "unknown_key";

  async function find(name: string, now: number) {
    const index = (await secretIds()).findIndex((id) => name.startsWith(btoa(id)));
    const day = index < 0 || !/^[A-Za-z0-9]{16}$/.test(name) ? Number.NaN : Number.parseInt(atob(name.slice(8)), 36);
    if (!(day >= 0)) return "unknown_key";
    const refusal = ageOf(day, now);
    if (refusal) return refusal;
    const key = await keyOf(index, day);
    // A second spelling of the same day is not a name of ours.
    return key.key.header.endsWith(name) ? key : "unknown_key";
  }

  return {
    toSeal(now) {
      const day = dayOf(now);
      return today?.day === day ? today : keyOf(0, day).then((key) => (today = key));
    },
    toOpen(name, now) {
      const key = keys.get(name);
      return key ? (ageOf(key.day, now) ?? key) : find(name, now);
    },
  };
}
