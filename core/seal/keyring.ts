import hkdf from "@panva/hkdf";
import { engine } from "#aead";
import { MisuseError } from "../errors.js";
import type { Awaitable } from "../ports.js";
import type { EngineKey } from "./aead.js";

const DAY = 86_400_000;

/** Derived keys that are kept: a week of days for a few secrets. */
const MAX_KEYS = 64;

/** Why a key is not to be had: no secret of ours has that id, or its day is over. */
export type KeyRefusal = "unknown_key" | "expired_key";

/** A key to seal or open with, and the name it goes by: six characters for the secret, four for the day. */
export interface NamedKey {
  readonly kid: string;
  readonly key: EngineKey;
  /** Of an older secret: what it opens is sealed under the newest at the next write. */
  readonly stale: boolean;
}

/** The keys of one purpose: one for each secret and day, so that none is used 2^32 times (RFC 7518 8.4). */
export interface Keyring {
  /** The key that seals at this time: the newest secret's, of the day. */
  current(now: number): Awaitable<NamedKey>;
  /** The key that a sealed value names: picked by its id, never tried out. */
  named(kid: string, now: number): Awaitable<NamedKey | KeyRefusal>;
}

/** @throws MisuseError (`ERR_CONFIG`) unless there is at least one secret, each of 32 characters or more */
export function checkSecrets(secret: string | readonly string[]): readonly string[] {
  const secrets = typeof secret === "string" ? [secret] : secret;
  if (
    !Array.isArray(secrets) ||
    secrets.length === 0 ||
    secrets.some((one) => typeof one !== "string" || one.length < 32)
  ) {
    throw new MisuseError(
      "ERR_CONFIG",
      "latchkey: secret must have at least 32 characters (LATCHKEY_SECRET; `npx latchkey secret` prints one)",
    );
  }
  return secrets;
}

/** `maxAge` in seconds: how long what was sealed may be alive, and so which days' keys are still had. */
export function createKeyring(secrets: readonly string[], purpose: string, maxAge: number): Keyring {
  const derived = new Map<string, NamedKey>();
  let ids: readonly string[] | undefined;

  const derive = (secret: string, info: string, length: number) =>
    hkdf("sha256", secret, "", `latchkey 1 ${info}`, length);

  async function secretIds(): Promise<readonly string[]> {
    // 33 bits of the id are enough to pick among a few secrets; authenticity never rests on it.
    ids ??= await Promise.all(
      secrets.map(async (secret) => engine.encodeBase64url(await derive(secret, "id", 6)).slice(0, 6)),
    );
    return ids;
  }

  async function deriveKey(index: number, day: number): Promise<NamedKey> {
    const kid = (await secretIds())[index] + dayName(day);
    const raw = await derive(secrets[index] as string, `${purpose} ${day}`, 32);
    const named = { kid, key: await engine.importKey(raw), stale: index > 0 };
    if (derived.size >= MAX_KEYS) derived.delete(derived.keys().next().value as string);
    derived.set(kid, named);
    return named;
  }

  async function lookUp(kid: string, day: number): Promise<NamedKey | KeyRefusal> {
    const index = (await secretIds()).indexOf(kid.slice(0, 6));
    return index < 0 ? "unknown_key" : deriveKey(index, day);
  }

  return {
    current(now) {
      const day = Math.floor(now / DAY);
      return (ids && derived.get(ids[0] + dayName(day))) ?? deriveKey(0, day);
    },
    named(kid, now) {
      const day = Number.parseInt(kid.slice(6), 36);
      if (dayName(day) !== kid.slice(6)) return "unknown_key";
      // Up to tomorrow: machines need not agree on when midnight is.
      if (day < Math.floor((now - maxAge * 1000) / DAY) || day > Math.floor(now / DAY) + 1) return "expired_key";
      return derived.get(kid) ?? lookUp(kid, day);
    },
  };
}

/** Four characters of base 36: days until the year 6568. */
const dayName = (day: number): string => day.toString(36).padStart(4, "0");
