/** What tabs of one client must agree on in order, and what outlives them all. No secret and no token. */
export interface TabsRecord {
  /** Grows whenever a turn replaces the session or claims its refresh token. */
  readonly generation: number;
  /** Whether a user is signed in. */
  readonly isSignedIn: boolean;
}

const STORE = "sessions";
/** Milliseconds after which a database that does not answer counts as missing. */
const TIMEOUT = 2_000;

/** The record of a client; undefined if none was ever written. Rejects if IndexedDB fails. */
export const readRecord = (name: string): Promise<TabsRecord | undefined> => access(name);

/** Replaces the record of a client, unless a later one is there: then false. Rejects if IndexedDB fails. */
export const writeRecord = async (name: string, next: TabsRecord): Promise<boolean> =>
  isLatest(next, await access(name, next));

/** Whether `next` may replace the record that is there. */
const isLatest = (next: TabsRecord, current: TabsRecord | undefined): boolean =>
  (current?.generation ?? 0) <= next.generation;

/**
 * The record; in the same transaction, `next` replaces it, unless the record is later. The database is opened and closed for
 * each use: an open database keeps a page out of the back-forward cache.
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
      // Takes effect once the transaction is over.
      database.close();
      const store = transaction.objectStore(STORE);
      const reading: IDBRequest<TabsRecord | undefined> = store.get(name);
      reading.onsuccess = attempt(() => {
        if (next && isLatest(next, reading.result)) store.put(next, name);
      });
      transaction.oncomplete = () => resolve(reading.result);
      transaction.onabort = () => reject(transaction.error);
    });
  });
}
