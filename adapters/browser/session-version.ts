import { isObject } from "../../core/is-object.js";
import { type ClientSession, withoutRefreshToken } from "./client-session.js";
import type { TabsRecord } from "./database.js";

/*
 * The version of the session in a tab, and how messages and turns change it. These functions take values and return values;
 * `tabs.ts` says how tabs work together.
 */

/** How a tab got its version. */
export type VersionSource =
  /** The record has this generation. Any tab may have this version, and use its refresh token in a turn. */
  | "recorded"
  /** IndexedDB failed, so that the record lacks this generation. Only the tab that made the version may use its refresh token. */
  | "unrecorded"
  /** This tab missed the version of this generation, and keeps its previous session, without the refresh token. */
  | "guess";

/** The session, or none, at one time. A version with a later generation replaces it in every tab. */
export interface SessionVersion {
  readonly generation: number;
  /** The scope and the audiences of the tokens, as one string. A tab with another version of the app may have another key. */
  readonly tokenKey: string;
  readonly source: VersionSource;
  /** null if no user is signed in. */
  readonly session: ClientSession | null;
  /** Whether the user signed out: then the page does not start a sign-in by itself. @default false */
  readonly isSignOut?: boolean | undefined;
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
  source: "recorded",
  session: null,
});

/**
 * The version of a tab after a message with the version of another tab; the same object if the message changes nothing. If both
 * tabs have a session and their keys differ, this tab takes over the generation and keeps its own session, but only for the same
 * user. If this tab has no session, a session with another key changes nothing.
 */
export function versionAfter(current: SessionVersion, received: SessionVersion): SessionVersion {
  const { tokenKey, session } = current;
  const isLater = received.generation > current.generation;
  const endsGuess = received.generation === current.generation && current.source === "guess";
  if (!isLater && !endsGuess) return current;
  if (!received.session || received.tokenKey === tokenKey) return { ...received, tokenKey };
  if (!session) return current;
  const isSameUser = session.user.sub === received.session.user.sub;
  return { ...received, tokenKey, session: isSameUser ? session : null };
}

/** The version of a tab that missed that of the record: its own session, without the refresh token, which may be used up. */
export const guessFrom = (
  { session, tokenKey }: SessionVersion,
  { generation, isSignedIn }: TabsRecord,
): SessionVersion => ({
  generation,
  tokenKey,
  source: "guess",
  session: isSignedIn && session ? withoutRefreshToken(session) : null,
});

/** Whether a tab has the version of the `expected` generation or a later one, and that version is no guess. */
export const hasReceived = ({ generation, source }: SessionVersion, expected: number): boolean =>
  generation >= expected && source !== "guess";

/**
 * Whether a tab may send its version to another tab that has the generation `newerThan`. A guess says nothing new. A session that
 * is not recorded stays in its tab, or two tabs could use the same refresh token; the end of a session is safe to send.
 */
export const maySend = ({ generation, source, session }: SessionVersion, newerThan: number): boolean =>
  generation > newerThan && (source === "recorded" || (source === "unrecorded" && !session));

/** The generation and the facts with which a turn begins. */
export interface TurnStart extends TabsRecord {
  /** As {@link TabsRecord.isSignedIn}; undefined in a new tab that cannot read the record. */
  readonly wasSignedIn: boolean | undefined;
  /** Whether this tab would know if another tab had used its refresh token. */
  readonly knowsRefreshes: boolean;
}

/** `record`: undefined if no turn wrote one yet; null if it cannot be read. */
export function turnStart(record: TabsRecord | undefined | null, current: SessionVersion): TurnStart {
  const { generation, isSignedIn } = record ?? {
    generation: current.generation,
    isSignedIn: current.session !== null,
  };
  return {
    generation,
    isSignedIn,
    wasSignedIn: record === null && generation === 0 ? undefined : isSignedIn,
    knowsRefreshes: record !== null || current.source === "unrecorded",
  };
}

/** Added to the generation of an urgent turn, so that a turn that it passed, and that writes later, has a lower generation. */
export const URGENT_LEAD = 1_000;

/**
 * The generation of the next version: later than `latest`, and later than `now`, so that generations grow even if the browser has
 * deleted the record.
 */
export const nextGeneration = (latest: number, now: number, isUrgent: boolean): number =>
  Math.max(latest, now) + (isUrgent ? URGENT_LEAD : 1);
