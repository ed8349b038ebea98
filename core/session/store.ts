/** What a store holds for one session. All of it is JSON. */
export interface StoredSession {
  /** The app's data. */
  readonly content: unknown;
  /** The tokens of a sign-in; undefined without any. */
  readonly tokens?: unknown;
  /** Milliseconds since the epoch. */
  readonly writtenAt: number;
}

/** A stored session with the version that an update must name. */
export interface VersionedSession extends StoredSession {
  readonly version: number;
}

/**
 * Where sessions live when their cookie holds only the sealed id: implement this over a database. `until`: milliseconds since
 * the epoch, after which the store may forget the session. latchkey checks the limits of a session itself, also if the store
 * returns a session that it should have forgotten.
 */
export interface SessionStore {
  /** Adds a session, at version 1. */
  create(id: string, session: StoredSession, until: number): Promise<void>;
  /** The session, or undefined without one. */
  read(id: string): Promise<VersionedSession | undefined>;
  /**
   * Replaces the session if it still has `version`, and raises the version by one, in one atomic step. It never adds a
   * session again that was destroyed (`missing`), so that a late response cannot undo a sign-out.
   */
  update(
    id: string,
    session: StoredSession,
    version: number,
    until: number,
  ): Promise<"updated" | "conflict" | "missing">;
  /** Changes only the time until which the session is stored, if the store has it. */
  touch(id: string, until: number): Promise<void>;
  /** Removes the session, if the store has it. */
  destroy(id: string): Promise<void>;
}

/** A store in this process's memory. Sessions past their time are removed when they are read, and at every thousandth new one. */
export function createMemoryStore(clock: { now(): number }): SessionStore {
  const sessions = new Map<string, { session: VersionedSession; until: number }>();
  let created = 0;

  const live = (id: string) => {
    const entry = sessions.get(id);
    if (entry && entry.until <= clock.now()) sessions.delete(id);
    return sessions.get(id);
  };

  return {
    async create(id, session, until) {
      if (++created % 1000 === 0) for (const each of sessions.keys()) live(each);
      sessions.set(id, { session: { ...copyOf(session), version: 1 }, until });
    },
    async read(id) {
      const entry = live(id);
      return entry && copyOf(entry.session);
    },
    async update(id, session, version, until) {
      const entry = live(id);
      if (!entry) return "missing";
      if (entry.session.version !== version) return "conflict";
      sessions.set(id, { session: { ...copyOf(session), version: version + 1 }, until });
      return "updated";
    },
    async touch(id, until) {
      const entry = live(id);
      if (entry) entry.until = until;
    },
    async destroy(id) {
      sessions.delete(id);
    },
  };
}

/** A copy of JSON, so that no caller shares an object with the store. */
const copyOf = <T>(value: T): T => JSON.parse(JSON.stringify(value));
