import type { Awaitable } from "../awaitable.js";
import type { SessionContext } from "./context.js";
import { SessionDraft } from "./draft.js";
import type { Session } from "./lifetime.js";
import type { SessionReading } from "./reading.js";
import type { SessionRefusal } from "./refusal.js";
import { takeLines, writeDraft } from "./write.js";

/** The sessions of one app. */
export interface Sessions<Data> {
  /**
   * Opens the session in a Cookie header: synchronously, unless a key must be derived, or the engine or the store be waited
   * for. Never throws for what a client sent.
   */
  load(cookieHeader: string | null | undefined): Awaitable<RequestSession<Data>>;
}

/** The session of one request: read it, change it, and send the Set-Cookie lines that `commit` returns. */
export interface RequestSession<Data> {
  /** The session with all changes so far, or null. */
  readonly session: Session<Data> | null;
  /** Why there is no session, when a cookie of the request could have been one. */
  readonly reason: SessionRefusal | undefined;
  /** Begins a session, under a new id, in the place of any other. */
  begin(data: Data): void;
  /**
   * Merges a patch into the data, or applies a function to it; begins a session when there is none. The function is applied
   * again if the data that it was applied to turns out not to be the data that is written to.
   */
  update(change: Partial<Data> | ((data: Data) => Data)): void;
  /** Ends the session: no slower response brings it back. */
  destroy(): void;
  /**
   * Writes the changes so far. Calls side by side write one after the other, each the changes made before it. If another request has
   * ended the session in the store, nothing is written, and `session` is null afterwards.
   * @param options `roll`: whether this request counts as activity; default true
   * @returns the Set-Cookie lines to send. Without changes there are none, but for the activity stamp when it is due.
   * @throws CookieTooLargeError when the cookies would not fit: nothing is written, the changes are dropped.
   * @throws MisuseError (`not_json`) when the data is not JSON: likewise.
   */
  commit(options?: { readonly roll?: boolean }): Promise<string[]>;
}

/** One change of the app. */
type Step<Data> = (draft: SessionDraft<Data, never>) => void;

/** Shared by all requests that only read. */
const NONE: readonly never[] = [];

/**
 * Makes changes show at once, although a write applies them later (`write.ts`). Each change is a step. `commit` writes the
 * steps made before it was called: when the commits before it are done, it applies them to a draft of the latest reading.
 * The steps that no commit has taken yet are also applied to a draft that the app sees and that is never written; after
 * each write, a new one takes its place.
 */
export class BufferedSession<Data> implements RequestSession<Data> {
  readonly #context: SessionContext<Data, never>;
  /** The latest reading: of the request, or of its last write. */
  #reading: SessionReading<Data>;
  /** The last commit. */
  #last: Promise<unknown> | undefined;
  /** The draft that the app sees; undefined while the app sees the reading. */
  #draft: SessionDraft<Data, never> | undefined;
  /** All steps, the oldest first. */
  #steps: ReadonlyArray<Step<Data>> = NONE;
  /** How many of the steps a commit has taken. */
  #taken = 0;

  constructor(context: SessionContext<Data, never>, reading: SessionReading<Data>) {
    this.#context = context;
    this.#reading = reading;
  }

  get session(): Session<Data> | null {
    return (this.#draft ?? this.#reading).session;
  }

  get reason(): SessionRefusal | undefined {
    return this.session ? undefined : this.#reading.reason;
  }

  begin(data: Data): void {
    let id: string | undefined;
    this.#add((draft) => {
      draft.begin(data, undefined, id);
      // The id stays the same each time the step is applied.
      id = draft.session?.id;
    });
  }

  update(change: Partial<Data> | ((data: Data) => Data)): void {
    const patch = patchOf(change);
    const id = this.session?.id;
    if (!id) this.begin(patch({} as Data));
    else {
      // If that session is over when the step is applied, the step changes no other.
      this.#add((draft) => {
        if (draft.session?.id === id) draft.update(patch);
      });
    }
  }

  destroy(): void {
    this.#add((draft) => draft.destroy());
  }

  commit({ roll = true }: { readonly roll?: boolean } = {}): Promise<string[]> {
    const count = this.#steps.length;
    const write = async () => {
      const before = this.#reading;
      const draft = new SessionDraft(this.#context, before);
      const steps = this.#steps.slice(this.#taken, count);
      this.#taken = count;
      try {
        for (const step of steps) step(draft);
        this.#reading = await writeDraft(this.#context, before, draft, roll);
        return takeLines(this.#context, before, draft);
      } finally {
        this.#draft = undefined;
        for (const step of this.#steps.slice(this.#taken)) {
          try {
            step(this.#toDraft());
          } catch {
            // The commit that takes this step reports the error.
          }
        }
      }
    };
    // The caller of the commit before has its error; this commit writes all the same.
    const written = (this.#last ?? Promise.resolve()).then(write, write);
    this.#last = written;
    return written;
  }

  #add(step: Step<Data>): void {
    step(this.#toDraft());
    this.#steps = [...this.#steps, step];
  }

  #toDraft(): SessionDraft<Data, never> {
    this.#draft ??= new SessionDraft(this.#context, this.#reading);
    return this.#draft;
  }
}

/**
 * A change as a function. It is called once for the same data, however often the patch is applied, and gets a copy as JSON, so that
 * what it does to its argument does not last if the write fails.
 */
function patchOf<Data>(change: Partial<Data> | ((data: Data) => Data)): (data: Data) => Data {
  let before: Data | undefined;
  let after: Data;
  return (data) => {
    if (before !== data)
      after = typeof change === "function" ? change(JSON.parse(JSON.stringify(data))) : { ...data, ...change };
    before = data;
    return after;
  };
}
