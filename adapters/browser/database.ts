/**
 * What tabs of one client must agree on in order, and what outlives them all. No secret, no token: a number that grows
 * whenever the session is replaced, mostly the time of that, and whether somebody was signed in.
 */
export interface TabsRecord {
  readonly generation: number;
  readonly isSignedIn: boolean;
}

const STORE = "sessions";
/** Milliseconds after which a database that says nothing is as good as none. */
const PATIENCE = 2_000;

/**
 * What is known of a client; undefined where nothing was ever kept. In the same turn, `next` takes its place, unless that is
 * a later one. Opened and closed for each use: an open database keeps pages out of the back-forward cache.
 */
export function exchangeRecord(name: string, next?: TabsRecord): Promise<TabsRecord | undefined> {
  return new Promise<TabsRecord | undefined>((resolve, reject) => {
    setTimeout(reject, PATIENCE);
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
      // Once the transaction is over.
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

/** Whether it takes the place of what is known. */
export const isLatest = (next: TabsRecord, known: TabsRecord | undefined): boolean =>
  (known?.generation ?? 0) <= next.generation;
