/** The record that the tabs of one client share. It outlives all tabs, and contains no secret and no token. */
export interface TabsRecord {
  /** Grows whenever a turn replaces the session or reserves its refresh token. */
  readonly generation: number;
  /** Whether a user is signed in. */
  readonly isSignedIn: boolean;
  /** Until when no tab renews a token that is still valid, because a renewal failed. Milliseconds since the epoch. @default none */
  readonly restingUntil?: number | undefined;
  /** Until when other tabs wait for the page of one tab that went to the provider. Milliseconds since the epoch. @default none */
  readonly awayUntil?: number | undefined;
}

const STORE = "sessions";
/** Milliseconds after which an access fails if IndexedDB does not answer. */
const TIMEOUT = 2_000;

/** The record of a client; undefined if none was written yet. Rejects if IndexedDB fails. */
export const readRecord = (name: string): Promise<TabsRecord | undefined> => access(name);

/** Replaces the record of a client; false, and no change, if the record has a later generation. Rejects if IndexedDB fails. */
export const writeRecord = async (name: string, next: TabsRecord): Promise<boolean> =>
  mayReplace(next, await access(name, next));

/** Whether `next` may replace `current`. So may one of the same generation: a turn writes one before and one after a refresh. */
const mayReplace = (next: TabsRecord, current: TabsRecord | undefined): boolean =>
  (current?.generation ?? 0) <= next.generation;

/**
 * Reads the record and, in the same transaction, writes `next` if it may replace what was read. Each call opens and closes the
 * database: an open database keeps a page out of the back-forward cache.
 */
function access(name: string, next?: TabsRecord): Promise<TabsRecord | undefined> {
  return new Promise<TabsRecord | undefined>((resolve, reject) => {
    setTimeout(reject, TIMEOUT);
    const attempt = (step: () => void) => () => {
      try {
        step();
      } catch (error) {
        reject(error);
      }
    };
    const opening = indexedDB.open("latchkey");
    opening.onupgradeneeded = () => opening.result.createObjectStore(STORE);
    opening.onerror = () => reject(opening.error);
    opening.onsuccess = attempt(() => {
      const database = opening.result;
      const transaction = database.transaction(STORE, next ? "readwrite" : "readonly");
      // The database closes when the transaction has ended.
      database.close();
      const store = transaction.objectStore(STORE);
      const reading: IDBRequest<TabsRecord | undefined> = store.get(name);
      reading.onsuccess = attempt(() => {
        if (next && mayReplace(next, reading.result)) store.put(next, name);
      });
      transaction.oncomplete = () => resolve(reading.result);
      transaction.onabort = () => reject(transaction.error);
    });
  });
}
