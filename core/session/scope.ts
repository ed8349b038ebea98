import { toBase64url } from "../base64url.js";
import type { Jar } from "../cookie/jar.js";
import { CookieTooLargeError, MisuseError } from "../errors.js";
import { decodeEnd, encodeBound, parseName, SESSION_ID_BYTES, tagOf } from "./concerns.js";
import type { Change } from "./keeping.js";
import { largestFields } from "./largest.js";
import { absoluteEnd, inactiveAt, lastSeenAt, rollDue } from "./lifetime.js";
import type { Held, Reading, SessionRefusal } from "./reading.js";
import type { SessionContext } from "./sessions.js";

/** A session as an app sees it. All times are milliseconds since the epoch. */
export interface Session<Data> {
  readonly id: string;
  readonly data: Data;
  readonly beganAt: number;
  /** The last sign of life that was written down. */
  readonly lastSeenAt: number;
  /** When inactivity would end it; Infinity when sessions do not roll. */
  readonly inactiveAt: number;
  /** The absolute limit. */
  readonly endsAt: number;
}

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

/** An `end` further ahead than this was not written by us: it ends sessions, but does not outlive the next sign-in. */
const PLAUSIBLE_AHEAD = 86_400_000;

/** All that changes while a request is served. */
interface ScopeState<Data, Tokens> {
  readonly held: Held<Data> | undefined;
  /** The latest `end`. */
  readonly since: number;
  /** The tokens, once they were opened or set. */
  readonly tokens: { readonly value: Tokens | undefined } | undefined;
  readonly change: Change<Data, Tokens>;
  /** Ids of sessions that this request ended. */
  readonly ended: readonly string[];
  /** The tag under which the end is to be written. */
  readonly endTag: string | undefined;
}

const UNCHANGED = { began: false, patches: [], tokens: undefined };

/** Opens a scope over what was read. */
export function openScope<Data, Tokens>(
  context: SessionContext<Data, Tokens>,
  jar: Jar,
  { held, reason, since, over }: Reading<Data>,
): SessionScope<Data, Tokens> {
  const { prefix, limits, keeper, ports } = context;
  let state: ScopeState<Data, Tokens> = {
    held,
    since,
    tokens: undefined,
    change: UNCHANGED,
    ended: [],
    endTag: undefined,
  };
  let committed = state;

  const parse = (name: string) => parseName(name.slice(prefix.length));
  const plausible = (time: number) => time <= ports.now() + PLAUSIBLE_AHEAD;

  /** Now, or later where an order must hold that the clocks of several machines may not keep. */
  function nextTurn(): number {
    const now = ports.now();
    return Math.max(now, plausible(state.since) ? state.since : 0, (state.held?.beganAt ?? -1) + 1);
  }

  /** The state after the session that was there has ended. */
  const without = (): ScopeState<Data, Tokens> => ({
    held: undefined,
    since: nextTurn(),
    tokens: { value: undefined },
    change: UNCHANGED,
    ended: state.held ? [...state.ended, state.held.sid] : state.ended,
    endTag: state.held ? tagOf(state.held.sid) : state.endTag,
  });

  function begin(data: Data, value?: Tokens): void {
    const now = ports.now();
    const next = without();
    const sid = toBase64url(ports.random(SESSION_ID_BYTES));
    state = {
      ...next,
      held: { sid, beganAt: next.since, writtenAt: now, endsAt: now + limits.absolute, content: data },
      tokens: { value },
      change: { began: true, patches: [], tokens: value === undefined ? undefined : { value } },
    };
  }

  function update(change: Partial<Data> | ((data: Data) => Data)): void {
    const patch = typeof change === "function" ? change : (data: Data): Data => ({ ...data, ...change });
    if (!state.held) {
      begin(patch({} as Data));
      return;
    }
    state = {
      ...state,
      held: { ...state.held, content: patch(state.held.content) },
      change: { ...state.change, patches: [...state.change.patches, patch] },
    };
  }

  async function tokens(): Promise<Tokens | undefined> {
    if (!state.held) return undefined;
    const opened = state.tokens ?? { value: await keeper.tokens(jar, state.held) };
    state = { ...state, tokens: opened };
    return opened.value;
  }

  function setTokens(value: Tokens | undefined): void {
    if (!state.held) throw new MisuseError("ERR_NO_SESSION", "latchkey: there is no session to keep tokens in");
    state = { ...state, tokens: { value }, change: { ...state.change, tokens: { value } } };
  }

  function destroy(): void {
    const [first] = jar.names().flatMap((name) => parse(name) ?? []);
    const endTag = state.held ? undefined : first?.tag;
    if (state.held || endTag) state = { ...without(), ...(endTag ? { endTag } : {}) };
  }

  /** Writes the activity stamp alone: about 200 bytes, never the session. */
  async function stamp(session: Held<Data>): Promise<void> {
    const now = ports.now();
    const until = now + limits.inactivity;
    const sealed = await context.sealers.seen.seal(encodeBound(session.sid, now), now);
    jar.set(`${prefix}${tagOf(session.sid)}.seen`, sealed, context.maxAge(until));
    state = { ...state, held: { ...session, seenAt: now } };
    await keeper.touch(session);
  }

  /** Puts into the jar what this request changed; false when it changed nothing. */
  async function write(roll: boolean): Promise<boolean> {
    const { held, change, endTag, ended } = state;
    // First of all lines: whoever sees but a part of this response must not take an ended session for a living one.
    if (endTag) jar.set(`${prefix}${endTag}.end`, String(state.since), context.maxAge(ports.now() + limits.absolute));
    for (const sid of ended) await keeper.destroy(sid);
    const changed = held && (change.began || change.patches.length > 0 || change.tokens !== undefined);
    if (changed) {
      const saved = await keeper.save(jar, held, change);
      if (saved === "gone") state = { ...without(), ended: [] };
      else if ("bytes" in saved) throw tooLarge(saved.bytes);
      else state = { ...state, held: saved.held };
    }
    const due = roll && state.held && rollDue(state.held, limits, ports.now()) ? state.held : undefined;
    if (due) await stamp(due);
    const litter = roll && !state.held && over.length > 0;
    return endTag !== undefined || changed || due !== undefined || litter;
  }

  /**
   * Removes the names of every session but the one that counts, or, without one, of those that are over; and of the ends
   * all but the latest, which says what the others say.
   */
  function tidy(): void {
    const { held, endTag } = state;
    const goes = (tag: string) => (held ? tag !== tagOf(held.sid) : endTag !== undefined || over.includes(tag));
    const ends: Array<{ name: string; time: number }> = [];
    for (const name of jar.names()) {
      const known = parse(name);
      if (known?.concern === "end") ends.push({ name, time: decodeEnd(jar.get(name)) });
      else if (known && goes(known.tag)) jar.delete(name);
    }
    const latest = Math.max(0, ...ends.map(({ time }) => time).filter(plausible));
    const kept = ends.find(({ time }) => time === latest);
    for (const end of ends) if (end !== kept) jar.delete(end.name);
  }

  const tooLarge = (bytes: number) =>
    new CookieTooLargeError(bytes, context.budget, largestFields(state.held?.content, state.tokens?.value));

  async function commit({ roll = true } = {}): Promise<string[]> {
    try {
      if (await write(roll)) {
        tidy();
        if (jar.bytes() > context.budget) throw tooLarge(jar.bytes());
      }
    } catch (error) {
      jar.discard();
      state = committed;
      throw error;
    }
    committed = state = { ...state, change: UNCHANGED, ended: [], endTag: undefined };
    const lines = jar.take();
    const names = lines.map((line) => line.slice(0, line.indexOf("=")));
    if (names.length > 0) context.emit({ type: "cookies_written", names, bytes: jar.bytes() });
    return lines;
  }

  return {
    get session() {
      return state.held ? present(state.held) : null;
    },
    get reason() {
      return state.held ? undefined : reason;
    },
    jar,
    tokens,
    begin,
    update,
    setTokens,
    destroy,
    commit,
  };

  function present(session: Held<Data>): Session<Data> {
    return {
      id: session.sid,
      data: session.content,
      beganAt: session.beganAt,
      lastSeenAt: lastSeenAt(session),
      inactiveAt: inactiveAt(session, limits),
      endsAt: absoluteEnd(session, limits),
    };
  }
}
