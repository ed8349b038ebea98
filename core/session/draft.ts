import { toBase64url } from "../bytes.js";
import { MisuseError } from "../errors.js";
import type { SessionContext } from "./context.js";
import { type Session, withLimits } from "./lifetime.js";
import type { SessionReading } from "./reading.js";
import type { Change } from "./storage.js";

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

/** The session of a request while it is changed. Nothing is written: a {@link WriteQueue} writes what the draft comes to. */
export class SessionDraft<Data, Tokens> {
  readonly #context: SessionContext<Data, Tokens>;
  readonly #reading: SessionReading<Data>;
  #drafted: Drafted<Data, Tokens>;

  constructor(context: SessionContext<Data, Tokens>, reading: SessionReading<Data>) {
    const { session, endedBefore } = reading;
    this.#context = context;
    this.#reading = reading;
    this.#drafted = { session, endedBefore, isEnd: false, change: undefined };
  }

  get drafted(): Drafted<Data, Tokens> {
    return this.#drafted;
  }

  /** The session with all changes so far. */
  get session(): Session<Data> | null {
    return this.#drafted.session;
  }

  /** The tokens of the session, with all changes so far. */
  async tokens(): Promise<Tokens | undefined> {
    const { session, change } = this.#drafted;
    if (!session || change?.tokens) return change?.tokens?.value;
    return this.#context.storage.tokens?.(this.#reading.jar, session);
  }

  /** Begins a session, under a new id, in the place of any other. */
  begin(data: Data, tokens?: Tokens, id = toBase64url(this.#context.random(ID_BYTES))): void {
    const { now, limits } = this.#context;
    const writtenAt = now();
    const beganAt = this.#endAt();
    this.#drafted = {
      session: withLimits({ id, beganAt, writtenAt, endsAt: writtenAt + limits.absolute, data }, 0, limits),
      endedBefore: beganAt,
      isEnd: this.#drafted.isEnd || this.#reading.session !== null,
      change: { kind: "begin", tokens: { value: tokens } },
    };
  }

  /** Applies a function to the data. @throws MisuseError (`no_session`) without a session */
  update(patch: (data: Data) => Data): void {
    const session = this.#mustHaveSession();
    const { change } = this.#drafted;
    this.#drafted = {
      ...this.#drafted,
      session: { ...session, data: patch(session.data) },
      change:
        change?.kind === "begin"
          ? change
          : { kind: "patch", tokens: change?.tokens, patches: [...(change?.patches ?? []), patch] },
    };
  }

  /** Replaces the tokens. @throws MisuseError (`no_session`) without a session */
  setTokens(value: Tokens | undefined): void {
    this.#mustHaveSession();
    const { change = { kind: "patch", patches: [] } } = this.#drafted;
    this.#drafted = { ...this.#drafted, change: { ...change, tokens: { value } } };
  }

  /** Ends the session, and any that this server could not open. Without cookies of a session it does nothing. */
  destroy(): void {
    const { parse } = this.#context;
    const hasCookies = this.#reading.jar.names().some((name) => (parse(name)?.kind ?? "end") !== "end");
    if (this.#drafted.session || hasCookies) {
      this.#drafted = { session: null, endedBefore: this.#endAt(), isEnd: true, change: undefined };
    }
  }

  /** The time of an end: now, or later than now where the clocks of several machines would put it before the beginning. */
  #endAt(): number {
    const { session, endedBefore } = this.#drafted;
    return Math.max(this.#context.now(), endedBefore, session ? session.beganAt + 1 : 0);
  }

  #mustHaveSession(): Session<Data> {
    if (this.session) return this.session;
    throw new MisuseError(
      "no_session",
      "update needs a session, and this request has none: guard the route, or check `session` first",
    );
  }
}
