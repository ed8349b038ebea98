import type { SealRefusal, Unsealed } from "../seal/sealer.js";

/**
 * The four concerns of a session, each under a cookie of its own, so that each has one writer: `<tag>.id` who you are,
 * `<tag>.tok` the tokens, `<tag>.seen` the activity stamp, `<tag>.end` when it was ended.
 *
 * `end` is a plain time: sessions begun before it are over in this browser. Each session that ends leaves its own, the
 * latest of all counts, and only a response that saw a later one removes it: so responses in any order only ever move it
 * on. (One name for all would be moved back by a slow response.) It needs no seal: who can write cookies can end a
 * session anyway.
 */
export type Concern = "id" | "tok" | "seen" | "end";

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

/** What a name of ours, without its prefix, is for: `AbC-_9.id.0` -> tag and concern; nothing for transactions and others. */
export function parseName(rest: string): { readonly tag?: string | undefined; readonly concern?: Concern } {
  const [, tag, concern] = /^([\w-]{6})\.(id|tok|seen|end)(\.|$)/.exec(rest) ?? [];
  return { tag, concern: concern as Concern };
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

/** The plain time in an `end`; 0 when it is none. */
export function timeOf(value: unknown): number {
  const time = Number(value);
  return Number.isSafeInteger(time) ? time : 0;
}
