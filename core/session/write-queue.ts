import type { Awaitable } from "../awaitable.js";
import { ExchangeError } from "../errors.js";
import type { SessionContext } from "./context.js";
import { SessionDraft } from "./draft.js";
import type { SessionReading } from "./reading.js";
import { takeLines, writeDraft } from "./write.js";

/** Runs the writes of a request with sign-in one after the other (`write.ts`). A request that only reads needs no queue. */
export class WriteQueue<Data, Tokens> {
  readonly #context: SessionContext<Data, Tokens>;
  #reading: SessionReading<Data>;
  /** The task that was added last. */
  #last: Promise<unknown> = Promise.resolve();

  constructor(context: SessionContext<Data, Tokens>, reading: SessionReading<Data>) {
    this.#context = context;
    this.#reading = reading;
  }

  /** The latest reading: of the request, or of its last write. */
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
   * @throws what `change` throws; CookieTooLargeError; MisuseError (`not_json`). Nothing is written then. ExchangeError (`no_session`)
   * when the session has ended elsewhere: the lines, which remove its cookies, are sent all the same.
   */
  commit(change: SessionChange<Data, Tokens> | undefined, { roll, send }: CommitOptions): Promise<string[]> {
    return this.run(async () => {
      const before = this.#reading;
      const draft = new SessionDraft(this.#context, before);
      await change?.(draft);
      this.#reading = await writeDraft(this.#context, before, draft, roll);
      const lines = takeLines(this.#context, before, draft, send);
      if (draft.session && !this.#reading.session) throw new ExchangeError("no_session");
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
