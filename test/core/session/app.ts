import { after, sleep } from "../../../adapters/lib/sleep.js";
import { packed } from "../../../core/seal/payload.js";
import { createSessionContext } from "../../../core/session/context.js";
import type { SessionDraft } from "../../../core/session/draft.js";
import { inCookies } from "../../../core/session/in-cookies.js";
import type { SessionsOptions } from "../../../core/session/options.js";
import { readSession } from "../../../core/session/reading.js";
import type { CreateStorage, StorageBackend, StorageContext } from "../../../core/session/storage.js";
import { openTokens, setTokens } from "../../../core/session/tokens.js";
import { isWriteDue } from "../../../core/session/write.js";
import { WriteQueue } from "../../../core/session/write-queue.js";
import { createStore } from "../../../core/store/create-store.js";
import { createMemoryPort } from "../../../core/store/memory.js";
import type { StorePort } from "../../../core/store/port.js";

export const SECRET = "a secret of at least thirty-two characters";

export const randomBytes = (bytes: number): Uint8Array => globalThis.crypto.getRandomValues(new Uint8Array(bytes));

/** The sessions of an app, with tokens, as in the relying party. */
export function createTestSessions<Data, Tokens>(
  { storage = inCookies, ...options }: Partial<SessionsOptions<Data>> & { storage?: CreateStorage },
  now: () => number,
  random = randomBytes,
) {
  const context = createSessionContext<Data, Tokens>(
    { secret: SECRET, ...options },
    { name: "latchkey", storage, codec: packed },
    { now, random },
    () => {},
  );
  return {
    context,
    open: async (cookieHeader: string | null) =>
      new TestRequest(context, new WriteQueue(context, await readSession(context, cookieHeader))),
  };
}

type Change<Data, Tokens> = (draft: SessionDraft<Data, Tokens>) => unknown;

/** One request that collects changes and commits them together through its write queue. */
export class TestRequest<Data, Tokens> {
  #changes: Array<Change<Data, Tokens>> = [];

  constructor(
    readonly context: ReturnType<typeof createSessionContext<Data, Tokens>>,
    readonly queue: WriteQueue<Data, Tokens>,
  ) {}

  /** The session after the last commit. */
  get session() {
    return this.queue.reading.session;
  }

  get reason() {
    return this.queue.reading.reason;
  }

  tokens = () => this.queue.run(() => openTokens(this.context, this.queue.reading));
  isWriteDue = () => isWriteDue(this.context, this.queue.reading);
  begin = (data: Data, tokens?: Tokens) => this.#add((draft) => draft.begin(data, tokens));
  /** Without a session begins one, as `RequestSession.update` does. */
  update = (change: Partial<Data> | ((data: Data) => Data)) => {
    const patch = typeof change === "function" ? change : (data: Data) => ({ ...data, ...change });
    this.#add((draft) => (draft.session ? draft.update(patch) : draft.begin(patch({} as Data))));
  };
  setTokens = (tokens: Tokens | undefined) => this.#add((draft) => setTokens(draft, tokens));
  destroy = () => this.#add((draft) => draft.destroy());

  commit({ roll = true } = {}): Promise<string[]> {
    const changes = this.#changes.splice(0);
    return this.queue.commit((draft) => changes.forEach((change) => void change(draft)), { roll });
  }

  #add(change: Change<Data, Tokens>): void {
    this.#changes.push(change);
  }
}

/** Waits for `count` turns of the microtask queue. */
export const turns = async (count: number) => {
  for (let turn = 0; turn < count; turn++) await undefined;
};

/** A storage whose operations wait, as on a network. */
export const slowly =
  (storage: CreateStorage, wait: () => Promise<void>): CreateStorage =>
  <Data, Tokens>(context: StorageContext): StorageBackend<Data, Tokens> => {
    const backend = storage<Data, Tokens>(context);
    return {
      ...backend,
      async tokens(...args) {
        await wait();
        return backend.tokens?.(...args);
      },
      async save(...args) {
        await wait();
        const saved = await backend.save(...args);
        await wait();
        return saved;
      },
      touch: wait,
    };
  };

/** The storage of sessions in a store that is in memory. */
export const inMemory = (
  clock: { now(): number },
  port: StorePort = createMemoryPort(() => clock.now()),
): CreateStorage =>
  createStore(port, {}, { after, sleep: () => sleep(1) })
    .connect({ session: { storage: "store" } }, { now: () => clock.now(), random: randomBytes }, () => {})
    .storage(inCookies);
