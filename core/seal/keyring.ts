import { hkdf } from "@panva/hkdf";
import { importKey, toBase64url } from "#aead";
import type { Awaitable } from "../awaitable.js";
import type { EngineKey } from "./aead.js";

/**
 * All of a header but its last 12 bytes: 36 that never change, so 48 characters. Whole, it has 48 bytes and 64 characters
 * without padding, none of which needs the last two of the alphabet: plain base64 is base64url here.
 */
const START = btoa('{"alg":"dir","enc":"A256GCM","kid":"');
const headerOf = (id: string, day: number): string => START + btoa(`${id + day.toString(36).padStart(4, "0")}"}`);

/** Characters of a header. */
export const HEADER = 64;

/** Seconds that anything sealed may be asked to live: 317 years, whose days fit into the four digits of a header. */
export const LONGEST_LIFE = 1e10;

/** The last characters of a header in base64: six of an id, four of a day in base 36, and what ends the JSON. */
const END = /^[a-z\d+/]{16}$/i;

/** The day that a header names; NaN where it names none. Whether the header is ours is for the caller to compare. */
const dayIn = (header: string): number => {
  const end = header.slice(START.length);
  return END.test(end) ? Number.parseInt(atob(end).slice(6, 10), 36) : Number.NaN;
};

const dayOf = (now: number): number => Math.floor(now / 86_400_000);

/** The key of one secret on one day. */
interface DayKey {
  readonly key: EngineKey;
  readonly day: number;
  /** Of a secret that is not the newest. */
  readonly stale: boolean;
}

/** The keys of one purpose. They change every day, so that none is used 2^32 times (RFC 7518 8.4). */
export interface Keyring {
  /** The newest secret's key of today. */
  toSeal(now: number): Awaitable<DayKey>;
  /** The key that a header names, if it is byte for byte one that we mint (RFC 8725 3.1): no other alg, no zip, no p2c. */
  toOpen(header: string, now: number): Awaitable<DayKey | "malformed" | "unknown_key" | "expired_key">;
}

/** RFC 5869. `info` says what for, in a form that nothing else can take. */
const derive = (secret: string, info: string, length: number): Promise<Uint8Array> =>
  hkdf("sha256", secret, "", `latchkey/1/${info}`, length);

/** What a `kid` begins with: six characters that name a secret and tell nothing of it. */
const idOf = async (secret: string): Promise<string> => toBase64url(await derive(secret, "id", 6)).slice(0, 6);

/** Keys of these secrets, newest first, for one purpose; those of the last `maxAge` seconds open. */
export function createKeyring(secrets: readonly string[], purpose: string, maxAge: number): Keyring {
  /** With more than this, the one that is known longest is forgotten: it can be derived again. */
  const MAX_KEYS = 64;
  // Values are kept, never promises: on Workers a promise belongs to the request that made it.
  const keys = new Map<string, DayKey>();
  let today: DayKey | undefined;
  let ids: string[] | undefined;

  async function keyOf(index: number, day: number): Promise<DayKey> {
    ids ??= await Promise.all(secrets.map(idOf));
    const header = headerOf(ids[index]!, day);
    const bytes = await derive(secrets[index]!, `key/${purpose}/${day}`, 32);
    const key = { key: await importKey(bytes, header), day, stale: index > 0 };
    if (keys.size >= MAX_KEYS) keys.delete(keys.keys().next().value!);
    keys.set(header, key);
    return key;
  }

  /** Only days that can still be alive, and tomorrow, since the clocks of machines differ. */
  const oldest = (now: number) => dayOf(now - maxAge * 1000);
  const newest = (now: number) => dayOf(now) + 1;

  /** A key that was not needed before. The header has to be, character for character, the one that we mint for its day. */
  async function find(header: string, now: number) {
    if (!header.startsWith(START)) return "malformed";
    ids ??= await Promise.all(secrets.map(idOf));
    const index = ids.findIndex((id) => header.startsWith(START + btoa(id)));
    if (index < 0) return "unknown_key";
    const day = dayIn(header);
    const isAlive = day >= oldest(now) && day <= newest(now);
    return isAlive && header === headerOf(ids[index]!, day) ? keyOf(index, day) : "expired_key";
  }

  return {
    toSeal(now) {
      const day = dayOf(now);
      return today?.day === day ? today : keyOf(0, day).then((key) => (today = key));
    },
    toOpen(header, now) {
      const key = keys.get(header);
      return key && key.day >= oldest(now) && key.day <= newest(now) ? key : find(header, now);
    },
  };
}
