/** What a cookie of latchkey is for, in words. */
export type Kind =
  | "session"
  | "tokens"
  | "activity"
  | "refused tokens"
  | "refresh under way"
  | "end"
  | "sign-in in progress";

/** What the name of a cookie of latchkey says. */
export interface CookieName {
  /** What stands before the first dot that is latchkey's own: `__Host-latchkey`. */
  readonly prefix: string;
  readonly kind: Kind;
  /** The session that the cookie belongs to, or the sign-in. */
  readonly tag: string;
  /** The number of a part of a value that was cut. */
  readonly part?: string | undefined;
  /** The time of an `end`, in milliseconds since the epoch. */
  readonly time?: number | undefined;
}

const KINDS: Readonly<Record<string, Kind>> = {
  id: "session",
  tok: "tokens",
  seen: "activity",
  used: "refused tokens",
  wait: "refresh under way",
};

/** A token (RFC 9110 5.6.2), as `core/cookie` reads names, before what latchkey adds. */
const NAME =
  /^([!#-'*+.^`|~\w-]{1,100}?)\.(?:([\w-]{6})\.(id|tok|seen|used|wait)(?:\.(\d{1,3}))?|end\.(\d{1,15})|tx\.([\w-]{1,40}))$/;

/** Parses the name of a cookie; undefined for a cookie of another program. */
export function parseCookieName(name: string): CookieName | undefined {
  const [, prefix, tag, kind, part, time, sign] = NAME.exec(name) ?? [];
  if (prefix === undefined) return undefined;
  if (time !== undefined) return { prefix, kind: "end", tag: time, time: Number(time) };
  if (sign !== undefined) return { prefix, kind: "sign-in in progress", tag: sign };
  return { prefix, kind: KINDS[`${kind}`] as Kind, tag: `${tag}`, part };
}

/** A cookie of a Cookie header. */
export interface Pair {
  readonly name: string;
  /** Bytes of `name=value`. */
  readonly bytes: number;
}

/** The cookies of a Cookie header, in order (RFC 6265 5.4). */
export const pairsIn = (header: string): Pair[] =>
  header
    .split(";")
    .map((part) => part.trim())
    .filter(Boolean)
    .map((part) => ({ name: part.split("=", 1)[0]?.trim() ?? "", bytes: new TextEncoder().encode(part).length }));
