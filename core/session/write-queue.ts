import type { Awaitable } from "../awaitable.js";
import type { SessionContext } from "./context.js";
import { SessionDraft } from "./draft.js";
import type { SessionReading } from "./reading.js";
import { writeDraft } from "./write.js";

/**
 * Theory of operation: how the session of a request is written.
 *
 * State. A request has a {@link SessionReading}: its cookie jar, and the session found in it. A reading is a value. The
 * queue holds the latest reading; each write makes the next one. A request that only reads needs no queue.
 *
 * Who changes it. Only `commit`. It takes a change: a function that gets a {@link SessionDraft} of the latest reading and
 * calls `begin`, `update`, `setTokens` or `destroy` on it. The draft collects; then it is written into the jar and the
 * storage; then the Set-Cookie lines are handed to `send`.
 *
 * Order. An app may call `commit` several times side by side, for example an update beside a refresh of the token. The
 * writes run one after the other, in the order of the calls. A change function runs only when the writes before it are
 * done, so it sees what they wrote and cannot undo it: an update beside a sign-out finds no session and changes nothing.
 *
 * What can go wrong. A write that fails (cookies too large, data that is not JSON, a store that throws) leaves the jar and
 * the reading as they were, rejects its own promise, and the next write goes on from there. With a store, another request
 * may have saved the session meanwhile: the storage then applies the patches again to what it finds (`in-store.ts`).
 */
export class WriteQueue<Data, Tokens> {
  readonly #context: SessionContext<Data, Tokens>;
  #reading: SessionReading<Data>;
  /** The task that was added last. */
  #last: Promise<unknown> = Promise.resolve();

  constructor(context: SessionContext<Data, Tokens>, reading: SessionReading<Data>) {
    this.#context = context;
    this.#reading = reading;
  }

  /** As the last write left it. */
  get reading(): SessionReading<Data> {
    return this.#reading;
  }

  /** Runs a task when the tasks before it are done; a write is one. */
  run<T>(task: () => Awaitable<T>): Promise<T> {
    // The caller of the task before has its error; this task runs all the same.
    const done = this.#last.then(task, task);
    this.#last = done;
    return done;
  }

  /**
   * Changes the session and writes it, after the writes before. `change` may be left out, to write what is due. `roll`:
   * whether the request counts as activity. `send` gets the Set-Cookie lines, if there are any, as soon as they exist; it
   * returns false when they cannot be sent any more.
   * @returns the Set-Cookie lines of this write
   * @throws what `change` throws; CookieTooLargeError; MisuseError (`not_json`). Nothing is written then.
   */
  commit(change: SessionChange<Data, Tokens> | undefined, { roll, send }: CommitOptions): Promise<string[]> {
    return this.run(async () => {
      const { emit } = this.#context;
      const { jar, session } = this.#reading;
      const draft = new SessionDraft(this.#context, this.#reading);
      await change?.(draft);
      this.#reading = await writeDraft(this.#context, this.#reading, draft, roll);
      const taken = jar.take();
      const lines = [...taken.values()];
      if (taken.size > 0 && send?.(lines) !== false) {
        if (draft.writesEnd && session) emit({ type: "session_ended" });
        if (draft.change?.isNew) emit({ type: "session_began" });
        emit({ type: "cookies_written", names: [...taken.keys()], bytes: jar.bytes() });
      }
      return lines;
    });
  }
}

/** What `commit` applies to a draft of the session. */
export type SessionChange<Data, Tokens> = (draft: SessionDraft<Data, Tokens>) => Awaitable<unknown>;

/** How `commit` writes. */
export interface CommitOptions {
  readonly roll: boolean;
  readonly send?: (lines: readonly string[]) => unknown;
}
