import { hkdf } from "@panva/hkdf";
import { importKey, toBase64url } from "#aead";
import type { Awaitable } from "../awaitable.js";
import type { EngineKey } from "./aead.js";

/**
 * The first 36 bytes of a header, which never change: 48 characters. A whole header has 48 bytes, so 64 characters without
 * padding. Its base64 has no "+" and no "/", for which base64url has other characters, so `btoa` makes base64url here.
 */
const START = /* @__PURE__ */ btoa('{"alg":"dir","enc":"A256GCM","kid":"');
const headerOf = (id: string, day: number): string => START + btoa(`${id + day.toString(36).padStart(4, "0")}"}`);

/** Characters of a header. */
export const HEADER = 64;

/** The longest lifetime of a sealed value, in seconds: 317 years, whose days fit into the four digits of a header. */
export const LONGEST_LIFE = 1e10;

/** The end of a header, in base64: the six characters of an id; four of a day in base 36 and the end of the JSON. */
const END = /([a-z\d]{8})([a-z\d]{8})$/i;

const dayOf = (now: number): number => Math.floor(now / 86_400_000);

/** The key of one secret on one day. */
interface DayKey {
  readonly key: EngineKey;
  readonly day: number;
  /** Whether the key is of a secret that is not the newest. */
  readonly stale: boolean;
}

/** The keys of one purpose. A new key each day, so that no key seals 2^32 times (RFC 7518 8.4). */
export interface Keyring {
  /** The newest secret's key of today. */
  toSeal(now: number): Awaitable<DayKey>;
  /** The key that a header names, if latchkey makes exactly this header (RFC 8725 3.1): no other alg, no zip, no p2c. */
  toOpen(header: string, now: number): Awaitable<DayKey | "malformed" | "unknown_key" | "expired_key">;
}

/** HKDF (RFC 5869). `info` says what the key is for; no two uses have the same. */
const derive = (secret: string, info: string, length: number): Promise<Uint8Array> =>
  hkdf("sha256", secret, "", `latchkey/1/${info}`, length);

/** The start of a `kid`: six characters that name a secret and reveal nothing of it. */
const idOf = async (secret: string): Promise<string> => toBase64url(await derive(secret, "id", 6)).slice(0, 6);

/** The keys of these secrets, newest first, for one purpose. Keys of the last `maxAge` seconds open. */
export function createKeyring(secrets: readonly string[], purpose: string, maxAge: number): Keyring {
  /** Keys that are cached; one more evicts the oldest, which can be derived again. */
  const MAX_KEYS = 64;
  // The cache has keys, never promises: on Workers a promise belongs to the request that made it.
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

  /** Keys open from the oldest day within `maxAge` until tomorrow, since the clocks of machines differ. */
  const opensOn = (day: number, now: number) => day >= dayOf(now - maxAge * 1000) && day <= dayOf(now) + 1;

  /** Derives a key that is not cached, if the header is exactly the one that latchkey makes for that day. */
  async function deriveNamed(header: string, now: number) {
    if (!header.startsWith(START)) return "malformed";
    ids ??= await Promise.all(secrets.map(idOf));
    const [, id = "", end = ""] = END.exec(header) ?? [];
    const index = ids.indexOf(atob(id));
    if (index < 0) return "unknown_key";
    // The comparison with the whole header that latchkey makes for this day also refuses what is not a day.
    const day = Number.parseInt(atob(end), 36);
    return opensOn(day, now) && header === headerOf(ids[index]!, day) ? keyOf(index, day) : "expired_key";
  }

  return {
    toSeal(now) {
      const day = dayOf(now);
      return today?.day === day ? today : keyOf(0, day).then((key) => (today = key));
    },
    toOpen(header, now) {
      const key = keys.get(header);
      return key && opensOn(key.day, now) ? key : deriveNamed(header, now);
    },
  };
}
