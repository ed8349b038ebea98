/**
 * What tabs of one client must agree on in order, and what outlives them all. No secret, no token: how often the session
 * was replaced, and whether somebody was signed in.
 */
export interface Record {
  readonly generation: number;
  readonly isSignedIn: boolean;
}

const STORE = "sessions";

const settled = <T>(request: IDBRequest<T>): Promise<T> =>
  new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });

/** Opened and closed for each use: an open one keeps pages out of the back-forward cache. */
async function use<T>(mode: IDBTransactionMode, task: (store: IDBObjectStore) => IDBRequest<T>): Promise<T> {
  const opening = indexedDB.open("latchkey");
  opening.onupgradeneeded = () => opening.result.createObjectStore(STORE);
  const database = await settled(opening);
  try {
    return await settled(task(database.transaction(STORE, mode).objectStore(STORE)));
  } finally {
    database.close();
  }
}

/** What is known of a client; undefined where nothing was ever kept. */
export const readRecord = (name: string): Promise<Record | undefined> =>
  use("readonly", (store) => store.get(name) as IDBRequest<Record | undefined>);

export const writeRecord = async (name: string, record: Record): Promise<void> => {
  await use("readwrite", (store) => store.put(record, name));
};
