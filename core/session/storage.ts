import type { Awaitable } from "../awaitable.js";
import type { Jar } from "../cookie/jar.js";
import type { Sealer } from "../seal/sealer.js";
import { type CookieKind, tagOf } from "./cookie-kinds.js";
import type { Identity } from "./identity.js";
import type { Lifetimes, Session } from "./lifetime.js";
import type { SessionRefusal } from "./refusal.js";

/** What one write changes of a session. */
export interface Change<Data, Tokens> {
  /** Whether the session begins. */
  readonly isNew?: boolean;
  /** When the sign-in of a new session began, in milliseconds since the epoch. */
  readonly startedAt?: number;
  /** Functions whose results are in the data of the session that is saved; a store applies them again after a conflict. */
  readonly patches: ReadonlyArray<(data: Data) => Data>;
  /** The new tokens: a `value` of undefined removes the tokens. Undefined when the tokens stay as they are. */
  readonly tokens?: {
    readonly value: Tokens | undefined;
    /** Makes the value of the tokens that the store has: other requests may have changed them meanwhile. */
    merge?(tokens: Tokens | undefined): Tokens | undefined;
  };
}

/** Keeps the data and the tokens of sessions: in their cookies, or in a store. */
export interface StorageBackend<Data, Tokens> {
  /** One place for all requests: what one request writes, the others read, and no response has to carry it. */
  readonly isShared?: boolean;
  load(jar: Jar, identity: Identity): Awaitable<{ readonly data: unknown } | SessionRefusal>;
  tokens?(jar: Jar, session: Identity): Promise<Tokens | undefined>;
  /** The session as it is saved now; undefined when it was ended elsewhere. */
  save(jar: Jar, session: Session<Data>, change: Change<Data, Tokens>): Promise<Session<Data> | undefined>;
  /** Writes the tokens without the ID Token, if they have one, to make room in cookies. */
  lighten?(jar: Jar, session: Identity, change: Change<Data, Tokens>): Promise<boolean>;
  /** Called when an activity stamp was written. */
  touch?(session: Session<Data>): Promise<void>;
  destroy?(id: string): Promise<void>;
}

/** What a storage backend uses. */
export interface StorageContext {
  /** The full name of a cookie: of a session by its tag and the cookie's kind, or of an `end` by its time. */
  nameOf(tag: string, kind: CookieKind): string;
  nameOf(end: "end", time: number): string;
  readonly identitySealer: Sealer;
  /** A sealer for one purpose: what it seals, no sealer for another purpose opens. `longest`: see `createSealer`. */
  sealer(purpose: "tokens" | "activity" | "stored" | "marks", longest?: number): Sealer;
  readonly limits: Lifetimes;
  /** Whether cookies hold the ID Token. @default true */
  readonly keepIdToken?: boolean | undefined;
  /** Milliseconds since the epoch. */
  now(): number;
  /** Seconds for Max-Age until a time; undefined for cookies that last until the browser closes. */
  maxAge(until: number): number | undefined;
}

/** Makes the storage backend of one app's sessions. */
export type CreateStorage = <Data, Tokens>(context: StorageContext) => StorageBackend<Data, Tokens>;

/** A function that seals a payload into the cookies of one kind of a session. */
export const writerOf =
  (context: StorageContext, kind: "id" | "tok", { seal }: Sealer) =>
  async (jar: Jar, session: Identity, payload: unknown): Promise<void> =>
    jar.writeChunks(
      context.nameOf(tagOf(session.id), kind),
      await seal(payload, context.now()),
      context.maxAge(session.endsAt),
    );
