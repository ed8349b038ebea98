import type { SealRefusal, Unsealed } from "../seal/sealer.js";

/**
 * The four concerns of a session, each under a cookie of its own, so that each has one writer: `<tag>.id` who you are,
 * `<tag>.tok` the tokens, `<tag>.seen` the activity stamp, `end.<time>` that sessions begun before that time are over in
 * this browser.
 *
 * The latest end counts. Its time is its name, so that no response, however slow, moves one back; and only a response
 * that brings a later one, or a session begun later, removes it: so responses in any order only ever move it on. It needs
 * no seal: who can write cookies can end a session anyway.
 */
export type CookieKind = "id" | "tok" | "seen" | "end";

/** What is sealed as a session's identity. All times are milliseconds since the epoch. */
export interface Identity {
  readonly id: string;
  readonly beganAt: number;
  /** When it was last sealed. */
  readonly writtenAt: number;
  /** The absolute limit, set when it began: no write moves it. */
  readonly endsAt: number;
  /** Undefined when a store keeps it. */
  readonly data: unknown;
}

/**
 * The name a session's cookies go under: the start of its random id, which is as good as a hash of it and costs no
 * digest per request; 132 random bits of the id stay out of the name.
 */
export const tagOf = (id: string): string => id.slice(0, 6);

/** What the name of a cookie of ours is for. */
export interface ParsedName {
  /** Undefined for transactions and others. */
  readonly concern?: CookieKind | undefined;
  /** Of `id`, `tok` and `seen`. */
  readonly tag?: string | undefined;
  /** Of `end`. Milliseconds since the epoch. */
  readonly time?: number | undefined;
}

/** What a name is for, without its prefix: `AbC-_9.id.0` -> tag and concern. */
export function parseName(rest: string): ParsedName {
  const [tag, concern] = rest.split(".", 2);
  if (tag?.length === 6 && (concern === "id" || concern === "tok" || concern === "seen")) return { concern, tag };
  const time = /^end\.(\d{1,15})$/.exec(rest)?.[1];
  return time ? { concern: "end", time: Number(time) } : {};
}

/** An identity as it is sealed: `[id, began, written, ends, data]`, the second and third time counted from the first. */
export const encodeIdentity = ({ id, beganAt, writtenAt, endsAt, data }: Identity): unknown[] => [
  id,
  beganAt,
  writtenAt - beganAt,
  endsAt - beganAt,
  data,
];

const listOf = (payload: unknown): unknown[] => (Array.isArray(payload) ? payload : []);

/** The identity in an authentic payload; undefined when a member is missing (a session without an end is none). */
export function decodeIdentity(payload: unknown): Identity | undefined {
  const [id, beganAt, written, ends, data] = listOf(payload) as [string, number, number, number, unknown];
  const isOne = typeof id === "string" && [beganAt, written, ends].every(Number.isSafeInteger);
  return isOne ? { id, beganAt, writtenAt: beganAt + written, endsAt: beganAt + ends, data } : undefined;
}

/** What belongs to one session only is sealed with its id: its tokens, its activity stamp. */
export const bind = (id: string, value: unknown): unknown[] => [id, value];

/** The value that was sealed, if it opened and was bound to this session. */
export function unbind(opened: Unsealed | SealRefusal | undefined, id: string): unknown {
  const [owner, value] = listOf((opened as Unsealed | undefined)?.payload);
  return owner === id ? value : undefined;
}

/** The time of an activity stamp; 0 when it is none. */
export function timeOf(value: unknown): number {
  const time = Number(value);
  return Number.isSafeInteger(time) ? time : 0;
}
