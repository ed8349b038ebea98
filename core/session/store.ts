/** What a store keeps for one session. All JSON. */
export interface StoredSession {
  readonly content: unknown;
  readonly tokens?: unknown;
  /** Milliseconds since the epoch. */
  readonly writtenAt: number;
}

/** A stored session with the version that an update must name. */
export interface VersionedSession extends StoredSession {
  readonly version: number;
}

/**
 * Where sessions live when their cookie holds only the sealed id. Times are milliseconds since the epoch, after which
 * an entry may be forgotten; the session's own limits are checked by latchkey itself, never left to the store.
 */
export interface SessionStore {
  /** Keeps a new session at version 1. */
  create(id: string, session: StoredSession, until: number): Promise<void>;
  read(id: string): Promise<VersionedSession | undefined>;
  /**
   * Replaces the session only if it still has `version`, and raises the version by one. Never brings back one that
   * was destroyed: a late response cannot undo a sign-out.
   */
  update(
    id: string,
    session: StoredSession,
    version: number,
    until: number,
  ): Promise<"updated" | "conflict" | "missing">;
  /** Moves only the time until which it is kept. False when there is none. */
  touch(id: string, until: number): Promise<boolean>;
  destroy(id: string): Promise<void>;
  /** Marks a one-time value as used, atomically: true for the first caller only, until that time. */
  consume(key: string, until: number): Promise<boolean>;
  /** Runs for one holder at a time across all machines: a release function, or undefined while somebody holds it. */
  lock(key: string, until: number): Promise<(() => Promise<void>) | undefined>;
}

/**
 * A store in this process's memory, for tests and single-process apps: sessions are lost on restart.
 * Entries past their time are dropped when they are met, and on every thousandth write.
 */
export function createMemoryStore(clock: { now(): number }): SessionStore {
  const sessions = new Map<string, { session: VersionedSession; until: number }>();
  const marks = new Map<string, { owner: object; until: number }>();
  let writes = 0;

  const live = <T extends { until: number }>(map: Map<string, T>, key: string): T | undefined => {
    const entry = map.get(key);
    if (entry && entry.until <= clock.now()) map.delete(key);
    return map.get(key);
  };
  const sweep = () => {
    if (++writes % 1000 !== 0) return;
    for (const id of sessions.keys()) live(sessions, id);
    for (const key of marks.keys()) live(marks, key);
  };
  const mark = (key: string, until: number): object | undefined => {
    sweep();
    if (live(marks, key)) return undefined;
    const owner = {};
    marks.set(key, { owner, until });
    return owner;
  };

  return {
    async create(id, session, until) {
      sweep();
      sessions.set(id, { session: { ...structuredCopy(session), version: 1 }, until });
    },
    async read(id) {
      const entry = live(sessions, id);
      return entry && structuredCopy(entry.session);
    },
    async update(id, session, version, until) {
      const entry = live(sessions, id);
      if (!entry) return "missing";
      if (entry.session.version !== version) return "conflict";
      sessions.set(id, { session: { ...structuredCopy(session), version: version + 1 }, until });
      return "updated";
    },
    async touch(id, until) {
      const entry = live(sessions, id);
      if (entry) entry.until = until;
      return entry !== undefined;
    },
    async destroy(id) {
      sessions.delete(id);
    },
    async consume(key, until) {
      return mark(`consumed ${key}`, until) !== undefined;
    },
    async lock(key, until) {
      const owner = mark(`lock ${key}`, until);
      return (
        owner &&
        (async () => {
          // A holder that overslept must not release the lock of the next one.
          if (marks.get(`lock ${key}`)?.owner === owner) marks.delete(`lock ${key}`);
        })
      );
    },
  };
}

/** Sessions are JSON: a copy by value, so that no caller holds what the store keeps. */
const structuredCopy = <T>(value: T): T => JSON.parse(JSON.stringify(value)) as T;
