import { toBase64url } from "../bytes.js";
import type { Jar } from "../cookie/jar.js";
import { CookieTooLargeError, MisuseError } from "../errors.js";
import { bind, tagOf } from "./concerns.js";
import type { Change } from "./keeping.js";
import { largestFields } from "./largest.js";
import { type Session, withLimits } from "./lifetime.js";
import type { Reading, SessionRefusal } from "./reading.js";
import type { SessionContext } from "./sessions.js";

/** How to write. */
export interface CommitOptions {
  /** Whether this request counts as activity. @default true */
  roll?: boolean;
  /** Takes the lines, when there are any, the moment they are there; false: it is too late for them. */
  send?: (lines: readonly string[]) => unknown;
}

/** The session of one request: read it, change it, and send what `commit` returns. */
export interface RequestSession<Data, Tokens = unknown> {
  /** As the browser will hold it after this response: changes show at once. */
  readonly session: Session<Data> | null;
  /** Why there is no session, when there were cookies that could have been one. */
  readonly reason: SessionRefusal | undefined;
  /** All cookies of ours in this request, for concerns that live beside sessions. */
  readonly jar: Jar;
  /** The tokens bound to this session: opened only here. */
  tokens(): Promise<Tokens | undefined>;
  /** Puts a new session, under a new id, in the place of whatever there was. */
  begin(data: Data, tokens?: Tokens): void;
  /**
   * Merges a patch into the data, or applies a function to it; begins a session where there is none. Where what a function
   * was applied to turns out not to be kept, it is applied again, to what is.
   */
  update(change: Partial<Data> | ((data: Data) => Data)): void;
  /** @throws MisuseError (`no_session`) without a session. */
  setTokens(tokens: Tokens | undefined): void;
  /** Ends the session: no slower response brings it back. */
  destroy(): void;
  /**
   * The Set-Cookie lines that make it so; those of an earlier call are not repeated. Reading alone gives none, but
   * for the activity stamp when one is due. Calls side by side write one after the other, each what was asked for before it.
   * @throws CookieTooLargeError when the cookies would not fit: nothing is written, the changes are dropped.
   * @throws MisuseError (`not_json`) when the data is not JSON: likewise.
   */
  commit(options?: CommitOptions): Promise<string[]>;
  /** Whether a commit would write something though nothing was changed: activity, or what no longer counts. */
  isDue(): boolean;
}

/** Random bytes of a session id: 28 characters, of which the first six name its cookies. */
const ID_BYTES = 21;

/** Does one thing at a time: nothing is to be asked of it while it writes. */
export class Scope<Data, Tokens> implements RequestSession<Data, Tokens> {
  readonly jar: Jar;
  readonly #context: SessionContext<Data, Tokens>;
  /** What was read, and after a write what was written. */
  readonly #reading: Reading<Data>;
  #held: Session<Data> | undefined;
  #endedBefore: number;
  /** The tokens, once they were opened or set. */
  #tokens: Change<Data, Tokens>["tokens"];
  // What is not yet written:
  #change: Change<Data, Tokens> | undefined;
  /** Ids of sessions that this request ended; with a list, even an empty one, an end is written. */
  #ended: string[] | undefined;

  constructor(context: SessionContext<Data, Tokens>, jar: Jar, reading: Reading<Data>) {
    this.jar = jar;
    this.#context = context;
    this.#reading = reading;
    this.#held = reading.held;
    this.#endedBefore = reading.endedBefore;
  }

  get session(): Session<Data> | null {
    return this.#held ?? null;
  }

  get reason(): SessionRefusal | undefined {
    return this.#held ? undefined : this.#reading.reason;
  }

  async tokens(): Promise<Tokens | undefined> {
    const held = this.#held;
    if (!held) return undefined;
    if (!this.#tokens) {
      const value = await this.#context.keeper.tokens?.(this.jar, held);
      // Meanwhile there may be newer ones, or another session.
      if (this.#held?.id === held.id) this.#tokens ??= { value };
    }
    return this.#tokens?.value;
  }

  begin(data: Data, tokens?: Tokens, id = toBase64url(this.#context.random(ID_BYTES))): void {
    const { now, limits } = this.#context;
    this.#end();
    const writtenAt = now();
    this.#held = withLimits(
      { id, beganAt: this.#endedBefore, writtenAt, endsAt: writtenAt + limits.absolute, data },
      0,
      limits,
    );
    this.#tokens = { value: tokens };
    this.#change = { began: true, patches: [], tokens: this.#tokens };
  }

  update(change: Partial<Data> | ((data: Data) => Data)): void {
    const apply = typeof change === "function" ? change : (data: Data): Data => ({ ...data, ...change });
    if (this.#held) {
      this.#held = { ...this.#held, data: apply(this.#held.data) };
      this.#change ??= { patches: [] };
      this.#change.patches.push(apply);
    } else this.begin(apply({} as Data));
  }

  setTokens(value: Tokens | undefined): void {
    if (!this.#held) throw new MisuseError("no_session", "there is no session");
    this.#change ??= { patches: [] };
    this.#tokens = this.#change.tokens = { value };
  }

  destroy(): void {
    if (this.#held || this.jar.names().some((name) => this.#context.parse(name).tag)) {
      this.#end();
      this.#ended ??= [];
    }
  }

  async commit({ roll = true, send }: CommitOptions = {}): Promise<string[]> {
    const { jar } = this;
    try {
      await this.#write(roll);
    } catch (error) {
      jar.discard();
      this.#held = this.#reading.held;
      this.#endedBefore = this.#reading.endedBefore;
      this.#tokens = undefined;
      throw error;
    } finally {
      this.#change = this.#ended = undefined;
    }
    this.#reading.held = this.#held;
    this.#reading.endedBefore = this.#endedBefore;
    const taken = jar.take();
    const lines = [...taken.values()];
    if (taken.size > 0 && send?.(lines) !== false) {
      this.#context.emit({ type: "cookies_written", names: [...taken.keys()], bytes: jar.bytes() });
    }
    return lines;
  }

  isDue(): boolean {
    // A planted end of the far future may be where our deletion does not reach it: it goes with other writes alone.
    const isTimely = (name: string) => (this.#context.parse(name).time ?? 0) <= this.#endedBefore;
    return this.#isStampDue() || this.jar.removable(this.#dead()).some(isTimely);
  }

  /** Ends what there is: now, or later where an order must hold that the clocks of several machines may not keep. */
  #end(): void {
    const held = this.#held;
    this.#endedBefore = Math.max(this.#context.now(), this.#endedBefore, held ? held.beganAt + 1 : 0);
    if (held) this.#ended = [...(this.#ended ?? []), held.id];
    this.#held = this.#change = undefined;
    this.#tokens = { value: undefined };
  }

  /** Puts into the jar what this request changed, and whatever goes with it. */
  async #write(roll: boolean): Promise<void> {
    const { jar } = this;
    const { nameOf, parse, limits, keeper, maxAge, maxCookieBytes, now, stamps } = this.#context;
    // First of all lines: whoever sees but a part of this response must not take an ended session for a living one.
    if (this.#ended) jar.set(nameOf("end", this.#endedBefore), "1", maxAge(now() + limits.absolute));
    if (this.#held && this.#change) {
      const saved = await keeper.save(jar, this.#held, this.#change);
      this.#held = saved && withLimits(saved, saved.lastSeenAt, limits);
    }
    // Last of all: what could not be kept must not have cost what was there.
    for (const id of this.#ended ?? []) await keeper.destroy?.(id);
    const held = this.#held;
    if (held && roll && this.#isStampDue()) {
      // The activity stamp alone: about 200 bytes, never the session.
      const sealed = await stamps.seal(bind(held.id, now()), now());
      jar.set(nameOf(tagOf(held.id), "seen"), sealed, maxAge(now() + limits.inactivity));
      await keeper.touch?.(held);
      this.#held = withLimits(held, now(), limits);
    }
    const dead = this.#dead();
    if (this.#change || this.#ended || roll) for (const name of jar.removable(dead)) jar.delete(name);
    // A session that was let in stays: the maxCookieBytes is for new data. A sign-in in progress gives way to it.
    if (!this.#change || jar.bytes() <= maxCookieBytes) return;
    const isOther = (name: string) => !parse(name).concern;
    // Dead cookies beyond those that are removed now do not count towards the limit.
    const tossed = new Set(dead);
    const bytes = jar.bytes(jar.names().filter((name) => !isOther(name) && !tossed.has(name)));
    if (bytes > maxCookieBytes) {
      throw new CookieTooLargeError(bytes, maxCookieBytes, largestFields(this.#held?.data, this.#tokens?.value));
    }
    for (const name of jar.removable(jar.names().filter(isOther))) jar.delete(name);
  }

  #isStampDue(): boolean {
    const { now, limits } = this.#context;
    return this.#held !== undefined && now() - this.#held.lastSeenAt >= limits.rollAfter;
  }

  /**
   * What no longer counts: sessions that are over, what has lost its identity, and, when a session began or ended,
   * whatever else there is; and of the ends all but the latest, which says what the others say.
   */
  #dead(): string[] {
    const current = this.#held && tagOf(this.#held.id);
    const all = this.#change?.began || this.#ended;
    return this.jar.names().filter((name) => {
      const { tag, time } = this.#context.parse(name);
      return time ? time !== this.#endedBefore : tag && tag !== current && (all || !this.#reading.spared.includes(tag));
    });
  }
}
