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
 * calls `begin`, `update`, `setTokens` or `destroy` on it. The draft collects; then its result, a value, is written into the
 * jar and the storage; then the Set-Cookie lines are handed to `send`.
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
  /** The tokens that were opened, and the reading that they belong to. */
  #opened: { readonly of: SessionReading<Data>; readonly tokens: Tokens | undefined } | undefined;
  /** The write that was asked for last. */
  #last: Promise<unknown> | undefined;

  constructor(context: SessionContext<Data, Tokens>, reading: SessionReading<Data>) {
    this.#context = context;
    this.#reading = reading;
  }

  /** As the last write left it. */
  get reading(): SessionReading<Data> {
    return this.#reading;
  }

  /** The tokens of the session, opened once for each reading; after the writes that are under way. */
  async tokens(): Promise<Tokens | undefined> {
    for (let last: unknown; last !== this.#last; ) {
      last = this.#last;
      await this.#last?.catch(() => {});
    }
    const of = this.#reading;
    if (this.#opened?.of !== of) {
      const tokens = of.session ? await this.#context.storage.tokens?.(of.jar, of.session) : undefined;
      // A write may have begun and ended meanwhile.
      if (this.#reading !== of) return this.tokens();
      this.#opened = { of, tokens };
    }
    return this.#opened.tokens;
  }

  /**
   * Changes the session and writes it, after the writes before. `change` may be left out, to write what is due. `roll`:
   * whether the request counts as activity. `send` gets the Set-Cookie lines, if there are any, as soon as they exist; it
   * returns false when they cannot be sent any more.
   * @returns the Set-Cookie lines of this write
   * @throws what `change` throws; CookieTooLargeError; MisuseError (`not_json`). Nothing is written then.
   */
  commit(change: SessionChange<Data, Tokens> | undefined, { roll, send }: CommitOptions): Promise<string[]> {
    const write = async () => {
      const before = this.#reading;
      const draft = new SessionDraft(this.#context, before);
      await change?.(draft);
      const drafted = draft.done();
      this.#reading = await writeDraft(this.#context, before, drafted, roll);
      return this.#send(send, {
        hasEnded: drafted.isEnd && before.session !== null,
        hasBegun: drafted.change?.kind === "begin",
      });
    };
    // The caller of the write before has its error; this write goes on.
    const written = (this.#last ?? Promise.resolve()).then(write, write);
    this.#last = written;
    return written;
  }

  /** Hands the Set-Cookie lines to `send`, and emits what has happened to the session if they can still be sent. */
  #send(send: CommitOptions["send"], { hasEnded, hasBegun }: { hasEnded: boolean; hasBegun: boolean }): string[] {
    const { emit } = this.#context;
    const { jar } = this.#reading;
    const taken = jar.take();
    const lines = [...taken.values()];
    if (taken.size > 0 && send?.(lines) !== false) {
      if (hasEnded) emit({ type: "session_ended" });
      if (hasBegun) emit({ type: "session_began" });
      emit({ type: "cookies_written", names: [...taken.keys()], bytes: jar.bytes() });
    }
    return lines;
  }
}

/** What `commit` applies to a draft of the session. */
export type SessionChange<Data, Tokens> = (draft: SessionDraft<Data, Tokens>) => Awaitable<unknown>;

/** How `commit` writes. */
export interface CommitOptions {
  readonly roll: boolean;
  readonly send?: (lines: readonly string[]) => unknown;
}
