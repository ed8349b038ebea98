import { toBase64url } from "../bytes.js";
import type { SessionContext } from "./context.js";
import { type Session, withLimits } from "./lifetime.js";
import type { SessionReading } from "./reading.js";
import type { Change } from "./storage.js";

/** Random bytes of a session id: 28 characters, of which the first six name its cookies. */
const ID_BYTES = 21;

/**
 * The session of a request while it is changed. Its methods change it; `setTokens` and a sign-in add to `change`. `writeDraft` writes
 * it.
 */
export class SessionDraft<Data, Tokens> {
  /** The session with all changes so far. */
  session: Session<Data> | null;
  endedBefore: number;
  /** Whether to write an `end` of the time `endedBefore`. */
  writesEnd = false;
  /** What to save of `session`; undefined when nothing changed. */
  change: Change<Data, Tokens> | undefined;
  readonly #context: SessionContext<Data, Tokens>;
  readonly #reading: SessionReading<Data>;

  constructor(context: SessionContext<Data, Tokens>, reading: SessionReading<Data>) {
    this.#context = context;
    this.#reading = reading;
    this.session = reading.session;
    this.endedBefore = reading.endedBefore;
  }

  /** Begins a session, under a new id, in the place of any other. */
  begin(data: Data, tokens?: Tokens, id = toBase64url(this.#context.random(ID_BYTES))): void {
    const { now, limits } = this.#context;
    const writtenAt = now();
    // A session begins at the time at which the one before ends.
    this.#end();
    this.writesEnd ||= this.#reading.session !== null;
    this.session = withLimits(
      { id, beganAt: this.endedBefore, writtenAt, endsAt: writtenAt + limits.absolute, data },
      0,
      limits,
    );
    this.change = { isNew: true, patches: [], tokens: { value: tokens } };
  }

  /** Applies a function to the data. @returns false without a session */
  update(patch: (data: Data) => Data): boolean {
    if (!this.session) return false;
    this.session = { ...this.session, data: patch(this.session.data) };
    this.change = { ...this.change, patches: [...(this.change?.patches ?? []), patch] };
    return true;
  }

  /** Ends the session, and any that this server could not open. Without cookies of a session it does nothing. */
  destroy(): void {
    const { parse } = this.#context;
    if (!this.session && !this.#reading.jar.names().some((name) => parse(name)?.tag)) return;
    this.#end();
    this.writesEnd = true;
  }

  /** Ends the session: now, or later than now where the clocks of several machines would put the end before the beginning. */
  #end(): void {
    this.endedBefore = Math.max(this.#context.now(), this.endedBefore, (this.session?.beganAt ?? 0) + 1);
    this.session = null;
    this.change = undefined;
  }
}
