import { toBase64url } from "../bytes.js";
import { MisuseError } from "../errors.js";
import type { SessionContext } from "./context.js";
import { type Session, withLimits } from "./lifetime.js";
import type { SessionReading } from "./reading.js";
import type { Change, TokenChange } from "./storage.js";

/** What a draft comes to: a value, so that nothing can change it while it is written. */
export interface Drafted<Data, Tokens> {
  /** The session after the write. */
  readonly session: Session<Data> | null;
  readonly endedBefore: number;
  /** Whether to write an `end` of that time. */
  readonly isEnd: boolean;
  /** What to save of `session`; undefined when nothing changed. */
  readonly change: Change<Data, Tokens> | undefined;
}

/** Random bytes of a session id: 28 characters, of which the first six name its cookies. */
const ID_BYTES = 21;

/** The session of a request while it is changed. Nothing is written: a {@link WriteQueue} writes what `done` returns. */
export class SessionDraft<Data, Tokens> {
  readonly #context: SessionContext<Data, Tokens>;
  readonly #reading: SessionReading<Data>;
  #session: Session<Data> | null;
  #endedBefore: number;
  #isEnd = false;
  #isBegin = false;
  /** Patches since the reading, applied to `#session` already. */
  #patches: ReadonlyArray<(data: Data) => Data> = NONE;
  #tokens: TokenChange<Tokens> | undefined;

  constructor(context: SessionContext<Data, Tokens>, reading: SessionReading<Data>) {
    this.#context = context;
    this.#reading = reading;
    this.#session = reading.session;
    this.#endedBefore = reading.endedBefore;
  }

  /** The session with all changes so far. */
  get session(): Session<Data> | null {
    return this.#session;
  }

  /** The tokens of the session, with all changes so far. */
  async tokens(): Promise<Tokens | undefined> {
    const { session, jar } = this.#reading;
    if (this.#tokens) return this.#tokens.value;
    return session ? this.#context.storage.tokens?.(jar, session) : undefined;
  }

  /** Begins a session, under a new id, in the place of any other. */
  begin(data: Data, tokens?: Tokens, id = toBase64url(this.#context.random(ID_BYTES))): void {
    const { now, limits } = this.#context;
    this.#end();
    const writtenAt = now();
    const identity = { id, beganAt: this.#endedBefore, writtenAt, endsAt: writtenAt + limits.absolute, data };
    this.#session = withLimits(identity, 0, limits);
    this.#tokens = { value: tokens };
    this.#isBegin = true;
  }

  /** Applies a function to the data. @throws MisuseError (`no_session`) without a session */
  update(patch: (data: Data) => Data): void {
    const session = this.#mustHaveSession();
    this.#session = { ...session, data: patch(session.data) };
    this.#patches = [...this.#patches, patch];
  }

  /** Replaces the tokens. @throws MisuseError (`no_session`) without a session */
  setTokens(value: Tokens | undefined): void {
    this.#mustHaveSession();
    this.#tokens = { value };
  }

  /** Ends the session, and any that this server could not open. Without cookies of a session it does nothing. */
  destroy(): void {
    const hasCookies = () =>
      this.#reading.jar.names().some((name) => (this.#context.parse(name)?.kind ?? "end") !== "end");
    if (!this.#session && !hasCookies()) return;
    this.#end();
    this.#isEnd = true;
  }

  done(): Drafted<Data, Tokens> {
    return {
      session: this.#session,
      endedBefore: this.#endedBefore,
      isEnd: this.#isEnd,
      change: this.#session ? this.#change() : undefined,
    };
  }

  #change(): Change<Data, Tokens> | undefined {
    const patches = this.#patches;
    const tokens = this.#tokens;
    if (this.#isBegin) return { kind: "begin", tokens: tokens ?? { value: undefined } };
    return tokens || patches.length > 0 ? { kind: "patch", patches, tokens } : undefined;
  }

  /** The end is now, or later than now where the clocks of several machines would put it before the session's beginning. */
  #end(): void {
    const earliest = this.#session ? this.#session.beganAt + 1 : 0;
    this.#endedBefore = Math.max(this.#context.now(), this.#endedBefore, earliest);
    this.#session = null;
    this.#tokens = { value: undefined };
    this.#patches = NONE;
    this.#isBegin = false;
    this.#isEnd ||= this.#reading.session !== null;
  }

  #mustHaveSession(): Session<Data> {
    if (this.#session) return this.#session;
    throw new MisuseError("no_session", "there is no session");
  }
}

/** Shared by all drafts without patches. */
const NONE: readonly never[] = [];
