import { isObject } from "../../core/is-object.js";
import { type ClientSession, withoutTokens } from "./client-session.js";
import type { TabsRecord } from "./database.js";

/*
 * The version of the session in a tab, and how messages and turns change it. These functions take values and return values;
 * `tabs.ts` says how tabs work together.
 */

/** The session, or none, at one time. A version with a later generation replaces it in every tab. */
export interface SessionVersion {
  readonly generation: number;
  /** The scope and the audiences of the tokens, as one string. A tab with another version of the app may have another key. */
  readonly tokenKey: string;
  /**
   * False if IndexedDB failed, so that the record lacks this generation. Then only the tab that made the version may use its
   * refresh token.
   */
  readonly isRecorded: boolean;
  /** null if no user is signed in. */
  readonly session: ClientSession | null;
  /** Whether the user signed out: then the page does not start a sign-in by itself. @default false */
  readonly isSignOut?: boolean | undefined;
  /** The generation of a later version that this tab lacks. The tab goes on with this version, as a guess. @default none */
  readonly missed?: number | undefined;
  /** The user of the missed version, if it has another `tokenKey`: a session without tokens for this tab. @default none */
  readonly elsewhere?: ClientSession | undefined;
}

/** A message from one tab to the others: its version, or a request for a version later than `newerThan`. */
export type TabMessage = SessionVersion | { readonly newerThan: number };

/** Checks only the kind of a message. A script of this origin can send a false one, but could do the same without it. */
export const isTabMessage = (data: unknown): data is TabMessage =>
  isObject(data) && ("newerThan" in data || "generation" in data);

/** The version of a new tab. */
export const firstVersion = (tokenKey: string): SessionVersion => ({
  generation: 0,
  tokenKey,
  isRecorded: true,
  session: null,
});

/**
 * The version of a tab after a message with the version of another tab; the same object if the message changes nothing. If the
 * message has a session with another key, this tab takes over the generation and keeps its own session, but only for the same
 * user. Otherwise this tab has no session, and lacks tokens of its own for the user of the message.
 */
export function versionAfter(current: SessionVersion, received: SessionVersion): SessionVersion {
  const { tokenKey, session } = current;
  const { generation, session: next } = received;
  if (generation <= current.generation) return current;
  if (!next || received.tokenKey === tokenKey) return { ...received, tokenKey };
  if (session?.user.sub === next.user.sub) return { ...received, tokenKey, session, missed: undefined };
  return generation > (current.missed ?? 0) || !current.elsewhere
    ? { ...current, session: null, missed: generation, elsewhere: withoutTokens(next) }
    : current;
}

/**
 * The version of a tab that missed that of the record: its own session, whose refresh token another tab may have used since, or
 * none if the record has none.
 */
export const guessFrom = (current: SessionVersion, { generation, isSignedIn }: TabsRecord): SessionVersion => ({
  ...current,
  missed: generation,
  session: isSignedIn && current.session ? { ...current.session, isDoubtful: true } : null,
});

/** Whether a tab lacks the version of the `expected` generation, and has not missed it before. */
export const isBehind = ({ generation, missed = 0 }: SessionVersion, expected: number): boolean =>
  expected > Math.max(generation, missed);

/**
 * Whether a tab may send its version to another tab that has the generation `newerThan`. A session that is not recorded stays in
 * its tab, or two tabs could use the same refresh token; the end of a session is safe to send.
 */
export const maySend = ({ generation, isRecorded, session }: SessionVersion, newerThan: number): boolean =>
  generation > newerThan && (isRecorded || !session);

/** `record`: undefined if no turn wrote one yet; null if it cannot be read. Then the version of this tab is the latest. */
export const latestRecord = (record: TabsRecord | undefined | null, current: SessionVersion): TabsRecord =>
  record ?? { generation: current.generation, isSignedIn: current.session !== null };

/**
 * Whether a user is signed in; undefined in a new tab that cannot read the record. A later version than the record's counts more:
 * a sign-out may have failed to write the record.
 */
export const wasSignedIn = (record: TabsRecord | undefined | null, current: SessionVersion): boolean | undefined =>
  current.generation > (record?.generation ?? 0)
    ? current.session !== null
    : record === null
      ? undefined
      : record?.isSignedIn === true;

/** Whether this tab would know if another tab had used its refresh token. */
export const knowsRefreshes = (record: TabsRecord | undefined | null, { isRecorded }: SessionVersion): boolean =>
  record !== null || !isRecorded;

/** Added to the generation of an urgent turn, so that a turn that it passed, and that writes later, has a lower generation. */
export const URGENT_LEAD = 1_000;

/**
 * The generation of the next version: later than `latest`, and later than `now`, so that generations grow even if the browser has
 * deleted the record.
 */
export const nextGeneration = (latest: number, now: number, isUrgent: boolean): number =>
  Math.max(latest, now) + (isUrgent ? URGENT_LEAD : 1);
