import { toBase64url } from "../bytes.js";
import type { Jar } from "../cookie/jar.js";
import { CookieTooLargeError, MisuseError } from "../errors.js";
import { bind, tagOf } from "./concerns.js";
import type { Change } from "./keeping.js";
import { largestFields } from "./largest.js";
import { type Session, withLimits } from "./lifetime.js";
import type { Reading, SessionRefusal } from "./reading.js";
import type { SessionContext } from "./sessions.js";

/** The session of one request: read it, change it, and send what `commit` returns. */
export interface SessionScope<Data, Tokens = unknown> {
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
  /** Merges a patch into the data, or applies a function to it; begins a session where there is none. */
  update(change: Partial<Data> | ((data: Data) => Data)): void;
  /** @throws MisuseError (`ERR_NO_SESSION`) without a session. */
  setTokens(tokens: Tokens | undefined): void;
  /** Ends the session: no slower response brings it back. */
  destroy(): void;
  /**
   * The Set-Cookie lines that make it so; those of an earlier call are not repeated. Reading alone gives none, but
   * for the activity stamp when one is due.
   * @throws CookieTooLargeError when the cookies would not fit: nothing is written, the changes are dropped.
   * @throws MisuseError (`ERR_NOT_JSON`) when the data is not JSON: likewise.
   */
  commit(options?: { /** Whether this request counts as activity. @default true */ roll?: boolean }): Promise<string[]>;
  /** Whether a commit would write something though nothing was changed: activity, or what no longer counts. */
  isDue(): boolean;
}

const unchanged = <Data, Tokens>(): Change<Data, Tokens> => ({ began: false, patches: [], tokens: undefined });

/** An `end` further ahead than this was not written by us: it ends sessions, but does not outlive the next sign-in. */
const PLAUSIBLE_AHEAD = 86_400_000;

/** Random bytes of a session id: 28 characters, of which the first six name its cookies. */
const ID_BYTES = 21;

/** Names that one response removes at most: a thousand tossed cookies must not become a thousand lines. */
const MAX_REMOVED = 20;

class Scope<Data, Tokens> implements SessionScope<Data, Tokens> {
  readonly jar: Jar;
  readonly #context: SessionContext<Data, Tokens>;
  #reading: Reading<Data>;
  #held: Session<Data> | undefined;
  #since: number;
  /** The tokens, once they were opened or set. */
  #tokens: Change<Data, Tokens>["tokens"];
  // What is not yet written:
  #change: Change<Data, Tokens> | undefined;
  /** Ids of sessions that this request ended, and whether their end is to be written. */
  #ended: string[] | undefined;
  #leavesEnd = false;

  constructor(context: SessionContext<Data, Tokens>, jar: Jar, reading: Reading<Data>) {
    this.jar = jar;
    this.#context = context;
    this.#reading = reading;
    this.#held = reading.held;
    this.#since = reading.since;
  }

  get session(): Session<Data> | null {
    return this.#held ?? null;
  }

  get reason(): SessionRefusal | undefined {
    return this.#held ? undefined : this.#reading.reason;
  }

  async tokens(): Promise<Tokens | undefined> {
    if (this.#held) this.#tokens ??= { value: await this.#context.keeper.tokens?.(this.jar, this.#held) };
    return this.#tokens?.value;
  }

  begin(data: Data, tokens?: Tokens): void {
    const { now, random, limits } = this.#context;
    this.#end();
    const id = toBase64url(random(ID_BYTES));
    const writtenAt = now();
    const endsAt = writtenAt + limits.absolute;
    this.#held = withLimits({ id, beganAt: this.#since, writtenAt, endsAt, data }, 0, limits);
    this.#change = { ...unchanged(), began: true };
    if (tokens !== undefined) this.setTokens(tokens);
  }

  update(change: Partial<Data> | ((data: Data) => Data)): void {
    const apply = typeof change === "function" ? change : (data: Data): Data => ({ ...data, ...change });
    if (this.#held) {
      this.#held = { ...this.#held, data: apply(this.#held.data) };
      this.#change ??= unchanged();
      this.#change.patches.push(apply);
    } else this.begin(apply({} as Data));
  }

  setTokens(value: Tokens | undefined): void {
    if (!this.#held) throw new MisuseError("ERR_NO_SESSION", "there is no session");
    this.#change ??= unchanged();
    this.#tokens = this.#change.tokens = { value };
  }

  destroy(): void {
    this.#leavesEnd = this.jar.names().some((name) => this.#context.parse(name).tag);
    if (this.#held || this.#leavesEnd) this.#end();
  }

  async commit({ roll = true } = {}): Promise<string[]> {
    const { jar } = this;
    try {
      await this.#write(roll);
    } catch (error) {
      jar.discard();
      this.#held = this.#reading.held;
      this.#since = this.#reading.since;
      this.#tokens = undefined;
      throw error;
    } finally {
      this.#change = this.#ended = undefined;
      this.#leavesEnd = false;
    }
    this.#reading = { ...this.#reading, held: this.#held, since: this.#since };
    const taken = jar.take();
    if (taken.size > 0) {
      this.#context.emit({ type: "cookies_written", names: [...taken.keys()], bytes: jar.bytes() });
    }
    return [...taken.values()];
  }

  isDue(): boolean {
    return this.#isStampDue() || this.#dead().length > 0;
  }

  /** Ends what there is: now, or later where an order must hold that the clocks of several machines may not keep. */
  #end(): void {
    const now = this.#context.now();
    const since = this.#since;
    const held = this.#held;
    this.#since = Math.max(now, since <= now + PLAUSIBLE_AHEAD ? since : 0, held ? held.beganAt + 1 : 0);
    if (held) {
      this.#ended = [...(this.#ended ?? []), held.id];
      this.#leavesEnd = true;
    }
    this.#held = this.#change = undefined;
    this.#tokens = { value: undefined };
  }

  /** Puts into the jar what this request changed, and whatever goes with it. */
  async #write(roll: boolean): Promise<void> {
    const { jar } = this;
    const { nameOf, parse, limits, keeper, maxAge, budget, now, stamps } = this.#context;
    const change = this.#change;
    // First of all lines: whoever sees but a part of this response must not take an ended session for a living one.
    if (this.#leavesEnd) jar.set(nameOf("end", this.#since), "1", maxAge(now() + limits.absolute));
    if (this.#held && change) {
      const saved = await keeper.save(jar, this.#held, change);
      if (saved) this.#held = withLimits(saved, saved.lastSeenAt, limits);
      else this.#end();
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
    if (change || this.#leavesEnd || roll) for (const name of this.#dead(change)) jar.delete(name);
    // A session that was let in stays: the budget is for new data. A sign-in in progress gives way to it.
    if (!change || jar.bytes() <= budget) return;
    for (const name of jar.names()) if (!parse(name).concern) jar.delete(name);
    const bytes = jar.bytes();
    if (bytes > budget) {
      throw new CookieTooLargeError(bytes, budget, largestFields(this.#held?.data, this.#tokens?.value));
    }
  }

  #isStampDue(): boolean {
    const { now, limits } = this.#context;
    return this.#held !== undefined && now() - this.#held.lastSeenAt >= limits.rollAfter;
  }

  /**
   * What no longer counts: sessions that are over, what has lost its identity, and, when a session began or ended,
   * whatever else there is; and of the ends all but the latest, which says what the others say.
   */
  #dead(change = this.#change): string[] {
    const current = this.#held && tagOf(this.#held.id);
    const all = change?.began || this.#leavesEnd;
    const goes = (name: string) => {
      const { tag, time } = this.#context.parse(name);
      return time ? time !== this.#since : tag && tag !== current && (all || !this.#reading.spared.includes(tag));
    };
    return this.jar.names().filter(goes).slice(0, MAX_REMOVED);
  }
}

/** Opens a scope over what was read. */
export const openScope = <Data, Tokens>(
  context: SessionContext<Data, Tokens>,
  jar: Jar,
  reading: Reading<Data>,
): SessionScope<Data, Tokens> => new Scope(context, jar, reading);
