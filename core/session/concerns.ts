import type { SessionTimes } from "./lifetime.js";

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

/** What the identity cookie holds. `content` is absent when a store keeps it. */
export interface Identity extends SessionTimes {
  readonly sid: string;
  readonly content: unknown;
}

/** Random bytes of a session id: 28 characters, of which the first six name its cookies. */
export const SESSION_ID_BYTES = 21;

/**
 * The name a session's cookies go under: the start of its random id, which is as good as a hash of it and costs no
 * digest per request; 132 random bits of the id stay out of the name.
 */
export const tagOf = (sid: string): string => sid.slice(0, 6);

/** What a name of ours, without its prefix, is for: `AbC-_9.id.0` -> tag and concern; undefined for transactions and others. */
export function parseName(rest: string): { readonly tag: string; readonly concern: Concern } | undefined {
  if (rest[6] !== ".") return undefined;
  const [concern = ""] = rest.slice(7).split(".", 1);
  return concern === "id" || concern === "tok" || concern === "seen" || concern === "end"
    ? { tag: rest.slice(0, 6), concern }
    : undefined;
}

/** What is sealed as a session's identity. */
export const encodeIdentity = ({ sid, beganAt, writtenAt, endsAt, content }: Identity) => ({
  sid,
  began: beganAt,
  written: writtenAt,
  ends: endsAt,
  content,
});

/** The identity in an authentic payload; undefined when a member is missing (a session without an end is none). */
export function decodeIdentity(payload: unknown): Identity | undefined {
  const { sid, began, written, ends, content } = asRecord(payload);
  return typeof sid === "string" && isTime(began) && isTime(written) && isTime(ends)
    ? { sid, beganAt: began, writtenAt: written, endsAt: ends, content }
    : undefined;
}

/** What belongs to one session only, bound to its id: its tokens, or its activity stamp. */
export const encodeBound = (sid: string, value: unknown) => ({ sid, value });

/** The value, if it belongs to this session. */
export function decodeBound(payload: unknown, sid: string): unknown {
  const record = asRecord(payload);
  return record["sid"] === sid ? record["value"] : undefined;
}

/** The plain time in an `end`; 0 when it is none. */
export function decodeEnd(value: string | undefined): number {
  const time = Number(value ?? 0);
  return isTime(time) ? time : 0;
}

const isTime = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;

const asRecord = (value: unknown): Record<string, unknown> =>
  typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
