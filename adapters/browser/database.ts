import { mayReplace, type TabsRecord } from "./tabs-record.js";

const STORE = "sessions";
/** Milliseconds after which an access fails if IndexedDB does not answer. */
const TIMEOUT = 2_000;

/** The record of a client; undefined if none was written yet. Rejects if IndexedDB fails. */
export const readRecord = (name: string): Promise<TabsRecord | undefined> => access(name);

/** Replaces the record of a client; false, and no change, unless {@link mayReplace}. Rejects if IndexedDB fails. */
export const writeRecord = async (name: string, next: TabsRecord, expected?: number): Promise<boolean> =>
  mayReplace(next, await access(name, next, expected), expected);

/**
 * Reads the record and, in the same transaction, writes `next` if it may replace what was read. Each call opens and closes the
 * database: an open database keeps a page out of the back-forward cache.
 */
function access(name: string, next?: TabsRecord, expected?: number): Promise<TabsRecord | undefined> {
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
        if (next && mayReplace(next, reading.result, expected)) store.put(next, name);
      });
      transaction.oncomplete = () => resolve(reading.result);
      transaction.onabort = () => reject(transaction.error);
    });
  });
}
