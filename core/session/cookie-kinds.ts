/**
 * The six kinds of session cookies. Each kind has one writer:
 *
 * - `<tag>.id`: the identity of the session, and its data unless a store has it;
 * - `<tag>.tok`: the tokens;
 * - `<tag>.seen`: when the session was last active;
 * - `<tag>.used`: which tokens of the session the provider refused to refresh: another machine may have newer ones;
 * - `<tag>.wait`: a response with newer ones may still be on its way; the browser deletes this cookie after ten seconds;
 * - `end.<time>`: sessions begun before that time are over in this browser.
 *
 * The latest `end` counts. An end is removed only by a response that sets a later end or begins a later session. Its time is in
 * its name, so a slow response cannot overwrite a later end: in whatever order responses arrive, the latest end stays. An end
 * needs no seal: a client that can write cookies can end a session by deleting its cookies as well.
 */
export type CookieKind = "id" | "tok" | "seen" | "used" | "wait" | "end";

/** The kinds of cookies of one session. */
type OfSession = Exclude<CookieKind, "end">;

/** What the name of a session cookie says. Milliseconds since the epoch. */
export type ParsedName =
  | { readonly kind: OfSession; readonly tag: string; readonly time?: undefined }
  | { readonly kind: "end"; readonly tag?: undefined; readonly time: number };

/** The tag and the kind of a session's cookie, before the index of a chunk; or the time of an `end`. */
const NAME = /^(?:([^.]{6})\.(id|tok|seen|used|wait)(?:\.|$)|end\.(\d{1,15})$)/;

/** Parses a cookie name without its prefix (`AbC-_9.id.0`); undefined for cookies of other kinds, such as transactions. */
export function parseName(suffix: string): ParsedName | undefined {
  const [, tag, kind, time] = NAME.exec(suffix) ?? [];
  if (tag) return { kind, tag } as ParsedName;
  return time ? { kind: "end", time: Number(time) } : undefined;
}

/**
 * The part of a cookie name that says which session it belongs to: the first six characters of the session's random id. A
 * hash of the id would hide no more and cost a digest per request; the other 132 random bits stay out of the name.
 */
export const tagOf = (id: string): string => id.slice(0, 6);
