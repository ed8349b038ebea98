import type { SealRefusal, Unsealed } from "../seal/sealer.js";

/** What is sealed as a session's identity. All times are milliseconds since the epoch. */
export interface Identity {
  readonly id: string;
  readonly beganAt: number;
  /** When it was last sealed. */
  readonly writtenAt: number;
  /** The absolute limit. It is set when the session begins; no write extends it. */
  readonly endsAt: number;
  /** Undefined when a store has the data. */
  readonly data: unknown;
}

/** An identity as it is sealed: `[id, began, written, ends, data]`; `written` and `ends` are milliseconds after `began`. */
export const encodeIdentity = ({ id, beganAt, writtenAt, endsAt, data }: Identity): unknown[] => [
  id,
  beganAt,
  writtenAt - beganAt,
  endsAt - beganAt,
  data,
];

const listOf = (payload: unknown): unknown[] => (Array.isArray(payload) ? payload : []);

/** The identity in an opened payload; undefined when a member is missing, since a session without a limit would never end. */
export function decodeIdentity(payload: unknown): Identity | undefined {
  const [id, beganAt, written, ends, data] = listOf(payload) as [string, number, number, number, unknown];
  const isValid = typeof id === "string" && [beganAt, written, ends].every(Number.isSafeInteger);
  return isValid ? { id, beganAt, writtenAt: beganAt + written, endsAt: beganAt + ends, data } : undefined;
}

/** A payload that belongs to one session: its tokens or its activity stamp, with the id of the session. */
export const bind = (id: string, value: unknown): unknown[] => [id, value];

/** The value of an opened payload that is bound to this session; undefined for another session, a refusal, or no payload. */
export function unbind(opened: Unsealed | SealRefusal, id: string): unknown {
  const [owner, value] = listOf((opened as Partial<Unsealed>).payload);
  return owner === id ? value : undefined;
}

/** The time of an activity stamp; 0 when the value is not a time. */
export function timeOf(value: unknown): number {
  return Number.isSafeInteger(value) ? (value as number) : 0;
}
