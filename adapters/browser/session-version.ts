import { isObject } from "../../core/is-object.js";
import { type ClientSession, withoutRefreshToken } from "./client-session.js";
import type { TabsRecord } from "./database.js";

/**
 * What a tab knows of the session, and how that changes: values in, values out. `tabs.ts` tells how tabs work together.
 *
 * The session of a client has versions, numbered by generation. A later version replaces an earlier one, in every tab.
 */

/** How a tab came by its version. */
export type VersionSource =
  /** The record has its generation. Any tab may hold this version, and use its refresh token in a turn. */
  | "recorded"
  /** IndexedDB failed, so that the record lacks its generation. Only the tab that made this version may use its refresh token. */
  | "unrecorded"
  /** This tab missed the version of this generation, and goes on with its previous session, without the refresh token. */
  | "guess";

/** One version of the session. */
export interface SessionVersion {
  readonly generation: number;
  /** What the tokens are for. A tab of another version of the app may use another scope or other audiences. */
  readonly purpose: string;
  readonly source: VersionSource;
  /** null if no user is signed in. */
  readonly session: ClientSession | null;
  /** The user signed out, so that a page does not sign in again by itself. @default false */
  readonly isSignOut?: boolean | undefined;
}

/** What tabs send each other: a version, or a request for one that is later than `newerThan`. */
export type TabMessage = SessionVersion | { readonly newerThan: number };

/** Any script of this origin may send a message; only the kind is checked, since such a script could do the same itself. */
export const isTabMessage = (data: unknown): data is TabMessage =>
  isObject(data) && ("newerThan" in data || "generation" in data);

/** What a tab knows before it has heard of any session. */
export const firstVersion = (purpose: string): SessionVersion => ({
  generation: 0,
  purpose,
  source: "recorded",
  session: null,
});

/**
 * The version that a tab holds after a message with `received`: the same object if the message changes nothing. Tokens for
 * another purpose are not taken over. If this tab has a session, their generation is, and a change of user ends that session.
 */
export function versionAfter(current: SessionVersion, received: SessionVersion): SessionVersion {
  const { purpose, session } = current;
  const isLater = received.generation > current.generation;
  const endsGuess = received.generation === current.generation && current.source === "guess";
  if (!isLater && !endsGuess) return current;
  if (!received.session || received.purpose === purpose) return { ...received, purpose };
  if (!session) return current;
  const isSameUser = session.user.sub === received.session.user.sub;
  return { ...received, purpose, session: isSameUser ? session : null };
}

/** The version of a tab that missed the one in the record: its own session, without a refresh token that may be used up. */
export function guessFrom(
  { session, purpose }: SessionVersion,
  { generation, isSignedIn }: TabsRecord,
): SessionVersion {
  const kept = isSignedIn && session ? withoutRefreshToken(session) : null;
  return { generation, purpose, source: "guess", session: kept };
}

/** Whether a tab knows the version of `generation`, or a later one, and not by a guess. */
export const hasReceived = ({ generation, source }: SessionVersion, expected: number): boolean =>
  generation >= expected && source !== "guess";

/**
 * Whether a tab sends its version to one that requests it. A guess is no news. A session that is not recorded stays in its
 * tab, or two tabs could use the same refresh token; its end is safe to send.
 */
export const isSent = ({ generation, source, session }: SessionVersion, newerThan: number): boolean =>
  generation > newerThan && (source === "recorded" || (source === "unrecorded" && !session));

/** What a turn begins with. */
export interface TurnStart extends TabsRecord {
  /** Whether a user was signed in when a tab last recorded it; undefined if this cannot be known. */
  readonly wasSignedIn: boolean | undefined;
  /** Whether this tab knows what other tabs did with the refresh token. */
  readonly knowsRefreshes: boolean;
}

/** `record` is null if it cannot be read, and undefined if nothing was recorded yet. */
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

/** How far an urgent turn counts ahead, so that a turn which it passed, and which writes late, loses. */
export const URGENT_LEAD = 1_000;

/**
 * The generation of the next version: later than `latest`, and otherwise the time, so that a browser that forgot the record
 * goes on with a later number.
 */
export const nextGeneration = (latest: number, now: number, isUrgent: boolean): number =>
  Math.max(latest, now) + (isUrgent ? URGENT_LEAD : 1);
