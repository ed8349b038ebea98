import type { Jar } from "../cookie/jar.js";
import type { Session } from "./lifetime.js";
import type { Reading, SessionRefusal } from "./reading.js";
import { type CommitOptions, type RequestSession, Scope } from "./scope.js";
import type { SessionContext } from "./sessions.js";

/** What one call asks for. */
type Step<Data, Tokens> = (scope: Scope<Data, Tokens>) => void;

/** Shared, since most requests only read. */
const NOTHING: readonly never[] = [];

/**
 * A scope that may be asked for anything at any time. What is asked for shows at once and is kept as a step; a commit takes
 * the steps there are when it is called, waits for the commits before it, and has a scope of its own write them on what is
 * kept by then. So each change is written by the first commit after it, in order, and lost with no other's.
 */
export class QueuedScope<Data, Tokens> implements RequestSession<Data, Tokens> {
  readonly jar: Jar;
  readonly #context: SessionContext<Data, Tokens>;
  /** As the last write left it. */
  readonly #kept: Reading<Data>;
  /** The same with all that was asked for since; made when something is asked. */
  #shown: Scope<Data, Tokens> | undefined;
  /** What was asked for and no commit has begun to write. */
  #steps: ReadonlyArray<Step<Data, Tokens>> = NOTHING;
  #last: Promise<unknown> | undefined;

  constructor(context: SessionContext<Data, Tokens>, jar: Jar, reading: Reading<Data>) {
    this.jar = jar;
    this.#context = context;
    this.#kept = reading;
  }

  get session(): Session<Data> | null {
    return this.#shown ? this.#shown.session : (this.#kept.held ?? null);
  }

  get reason(): SessionRefusal | undefined {
    return this.#show().reason;
  }

  tokens(): Promise<Tokens | undefined> {
    return this.#show().tokens();
  }

  begin(data: Data, tokens?: Tokens): void {
    let id: string | undefined;
    this.#ask((scope) => {
      scope.begin(data, tokens, id);
      // Kept, however often it begins.
      id = scope.session?.id;
    });
  }

  update(change: Partial<Data> | ((data: Data) => Data)): void {
    let before: Data | undefined;
    let after: Data;
    /** Asked once of the same data, however often it is applied; of a copy, so that what fails leaves no trace. */
    const patch = (data: Data): Data => {
      if (before !== data) after = typeof change === "function" ? change(copyOf(data)) : { ...data, ...change };
      before = data;
      return after;
    };
    const id = this.session?.id;
    if (id) this.#ask((scope) => scope.update(patch), id);
    else this.begin(patch({} as Data));
  }

  setTokens(tokens: Tokens | undefined): void {
    this.#ask((scope) => scope.setTokens(tokens), this.session?.id);
  }

  destroy(): void {
    this.#ask((scope) => scope.destroy());
  }

  commit(options?: CommitOptions): Promise<string[]> {
    const last = this.#steps.at(-1) as Step<Data, Tokens>;
    const write = async () => {
      const count = this.#steps.indexOf(last) + 1;
      const steps = this.#steps.slice(0, count);
      this.#steps = this.#steps.slice(count);
      try {
        const writer = this.#open();
        for (const step of steps) step(writer);
        return await writer.commit(options);
      } finally {
        this.#shown = undefined;
        for (const step of this.#steps) attempt(step, this.#show());
      }
    };
    // What went wrong before was told to whoever asked for it.
    const written = (this.#last ?? Promise.resolve()).then(write, write);
    this.#last = written;
    return written;
  }

  isDue(): boolean {
    return this.#show().isDue();
  }

  #open(): Scope<Data, Tokens> {
    return new Scope(this.#context, this.jar, this.#kept);
  }

  #show(): Scope<Data, Tokens> {
    this.#shown ??= this.#open();
    return this.#shown;
  }

  /** `id`: of the session that is meant, and none that should be there in its place when it is written. */
  #ask(change: Step<Data, Tokens>, id?: string): void {
    const step: Step<Data, Tokens> = (scope) => {
      if (!id || scope.session?.id === id) change(scope);
    };
    step(this.#show());
    this.#steps = [...this.#steps, step];
  }
}

/** Data is JSON. */
const copyOf = <Data>(data: Data): Data => JSON.parse(JSON.stringify(data));

/** A step that fails on what is kept now fails the commit that takes it; until then it does not show. */
function attempt<Data, Tokens>(step: Step<Data, Tokens>, scope: Scope<Data, Tokens>): void {
  try {
    step(scope);
  } catch {
    // Told in its turn.
  }
}
