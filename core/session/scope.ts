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
}

const unchanged = <Data, Tokens>(): Change<Data, Tokens> => ({ began: false, patches: [], tokens: undefined });

/** Opens a scope over what was read. */
export function openScope<Data, Tokens>(
  context: SessionContext<Data, Tokens>,
  jar: Jar,
  reading: Reading<Data>,
): SessionScope<Data, Tokens> {
  const { nameOf, parse, limits, keeper, maxAge, budget, now } = context;
  let { held, since } = reading;
  /** The tokens, once they were opened or set. */
  let tokens: Change<Data, Tokens>["tokens"];
  // What is not yet written:
  let change = unchanged<Data, Tokens>();
  /** Ids of sessions that this request ended, and whether their end is to be written. */
  let ended: string[] = [];
  let leavesEnd = false;

  /** Ends what there is: now, or later where an order must hold that the clocks of several machines may not keep. */
  function end(): void {
    /** An `end` further ahead than this was not written by us: it ends sessions, but does not outlive the next sign-in. */
    const PLAUSIBLE_AHEAD = 86_400_000;
    since = Math.max(now(), since <= now() + PLAUSIBLE_AHEAD ? since : 0, held ? held.beganAt + 1 : 0);
    if (held) {
      ended.push(held.id);
      leavesEnd = true;
    }
    held = undefined;
    tokens = { value: undefined };
    change = unchanged();
  }

  function begin(data: Data, value?: Tokens): void {
    end();
    /** Random bytes of a session id: 28 characters, of which the first six name its cookies. */
    const ID_BYTES = 21;
    const id = toBase64url(context.random(ID_BYTES));
    const writtenAt = now();
    held = withLimits({ id, beganAt: since, writtenAt, endsAt: writtenAt + limits.absolute, data }, 0, limits);
    change.began = true;
    if (value !== undefined) setTokens(value);
  }

  function update(patch: Partial<Data> | ((data: Data) => Data)): void {
    const apply = typeof patch === "function" ? patch : (data: Data): Data => ({ ...data, ...patch });
    if (held) {
      held = { ...held, data: apply(held.data) };
      change.patches.push(apply);
    } else begin(apply({} as Data));
  }

  function setTokens(value: Tokens | undefined): void {
    if (!held) throw new MisuseError("ERR_NO_SESSION", "there is no session");
    tokens = change.tokens = { value };
  }

  function destroy(): void {
    leavesEnd = jar.names().some((name) => parse(name).tag);
    if (held || leavesEnd) end();
  }

  /** Puts into the jar what this request changed, and whatever goes with it. */
  async function write(roll: boolean): Promise<void> {
    const isChanged = change.began || change.tokens || change.patches.length > 0;
    // First of all lines: whoever sees but a part of this response must not take an ended session for a living one.
    if (leavesEnd) jar.set(nameOf("end", since), "1", maxAge(now() + limits.absolute));
    if (held && isChanged) {
      const saved = await keeper.save(jar, held, change);
      if (saved) held = withLimits(saved, saved.lastSeenAt, limits);
      else end();
    }
    // Last of all: what could not be kept must not have cost what was there.
    for (const id of ended) await keeper.destroy?.(id);
    if (held && roll && now() - held.lastSeenAt >= limits.rollAfter) {
      // The activity stamp alone: about 200 bytes, never the session.
      const sealed = await context.stamps.seal(bind(held.id, now()), now());
      jar.set(nameOf(tagOf(held.id), "seen"), sealed, maxAge(now() + limits.inactivity));
      await keeper.touch?.(held);
      held = withLimits(held, now(), limits);
    }
    if (isChanged || leavesEnd || roll) tidy();
    // A session that was let in stays: the budget is for new data. A sign-in in progress gives way to it.
    if (!isChanged || jar.bytes() <= budget) return;
    for (const name of jar.names()) if (!parse(name).concern) jar.delete(name);
    const bytes = jar.bytes();
    if (bytes > budget) throw new CookieTooLargeError(bytes, budget, largestFields(held?.data, tokens?.value));
  }

  /**
   * Removes what no longer counts: sessions that are over, what has lost its identity, and, when a session began or
   * ended, whatever else there is; and of the ends all but the latest, which says what the others say.
   */
  function tidy(): void {
    /** Names that one response removes at most: a thousand tossed cookies must not become a thousand lines. */
    const MAX_REMOVED = 20;
    const current = held && tagOf(held.id);
    const all = change.began || leavesEnd;
    let removed = 0;
    for (const name of jar.names()) {
      const { tag, time } = parse(name);
      const goes = time ? time !== since : tag && tag !== current && (all || !reading.spared.has(tag));
      if (goes && removed++ < MAX_REMOVED) jar.delete(name);
    }
  }

  async function commit({ roll = true } = {}): Promise<string[]> {
    try {
      await write(roll);
    } catch (error) {
      jar.discard();
      ({ held, since } = reading);
      tokens = undefined;
      throw error;
    } finally {
      change = unchanged();
      ended = [];
      leavesEnd = false;
    }
    reading = { ...reading, held, since };
    const taken = jar.take();
    if (taken.size > 0) context.emit({ type: "cookies_written", names: [...taken.keys()], bytes: jar.bytes() });
    return [...taken.values()];
  }

  return {
    get session() {
      return held ?? null;
    },
    get reason() {
      return held ? undefined : reading.reason;
    },
    jar,
    async tokens() {
      if (held) tokens ??= { value: await keeper.tokens?.(jar, held) };
      return tokens?.value;
    },
    begin,
    update,
    setTokens,
    destroy,
    commit,
  };
}
