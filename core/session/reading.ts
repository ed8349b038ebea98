import { type Awaitable, chain } from "../awaitable.js";
import { createJar, type Jar } from "../cookie/jar.js";
import type { SessionContext } from "./context.js";
import { tagOf } from "./cookie-kinds.js";
import { decodeIdentity, type Identity, timeOf, unbind } from "./identity.js";
import { type Session, withLimits } from "./lifetime.js";
import type { SessionRefusal } from "./refusal.js";
import { conform } from "./schema.js";

/** What the session cookies of a request say; after a write, what the browser's cookies will say. Never changed, except its jar. */
export interface SessionReading<Data> {
  /** All cookies of latchkey in this request: one jar, which all readings of the request share and each write changes. */
  readonly jar: Jar;
  /** The time of the latest `end`: sessions begun before it are over. 0 without an end. */
  readonly endedBefore: number;
  /**
   * Tags of sessions that did not open but must not be deleted: a session that the seal or the chunks refuse may be half
   * written, or may open on another server; data that the schema refuses may fit a later version of the schema; a store that is
   * away may be back at the next request.
   */
  readonly sparedTags: readonly string[];
  readonly session: Session<Data> | null;
  /** Why there is no session; undefined with a session, and when no cookie could have been one. */
  readonly reason: SessionRefusal | undefined;
}

/** Milliseconds by which an `end` may be later than now. latchkey writes no end that is later still, so such an end is ignored. */
const PLAUSIBLE_AHEAD = 86_400_000;

/** Reasons for which a session does not come back. */
const OVER: readonly SessionRefusal[] = ["superseded", "expired", "inactive", "revoked"];

/**
 * How many sessions of one request are opened. A browser has several only while the responses of several sign-ins are under
 * way. More than sixteen were not set by latchkey: their cookies are removed.
 */
const MAX_TAGS = 16;

/**
 * Reads the session of a Cookie header: synchronously, unless the engine or the storage must be waited for. Never throws
 * for what a client sent. Tokens are not opened.
 *
 * Each session in the jar is opened once. The session that began last counts: if that one is over, so are all before it. The
 * tag of a session that does not open is spared.
 */
export function readSession<Data>(
  context: SessionContext<Data>,
  cookieHeader: string | null | undefined,
): Awaitable<SessionReading<Data>> {
  const jar = createJar(cookieHeader, context.prefix, context.attributes);
  const tags: string[] = [];
  const sparedTags: string[] = [];
  let endedBefore = 0;
  let last: Session<unknown> | undefined;
  let reason: SessionRefusal | undefined;
  const open = (tag: string): Awaitable<void> =>
    chain(openIdentity(context, jar, tag), (opened) => {
      if (typeof opened === "string") {
        reason = opened;
        sparedTags.push(tag);
      } else if (!last || isLater(opened, last)) last = opened;
    });
  let done: Awaitable<void> | undefined;
  for (const name of jar.names()) {
    const parsed = context.parse(name);
    if (parsed?.time) {
      if (parsed.time <= context.now() + PLAUSIBLE_AHEAD) endedBefore = Math.max(endedBefore, parsed.time);
    } else if (parsed?.kind === "id" && tags.length < MAX_TAGS && !tags.includes(parsed.tag)) {
      tags.push(parsed.tag);
      done = chain(done, () => open(parsed.tag));
    }
  }
  return chain(done, () =>
    chain(last ? admit(context, jar, last, endedBefore) : reason, (result) => {
      const session = typeof result === "object" ? result : null;
      const refusal = session ? undefined : (result as SessionRefusal | undefined);
      if (session) context.emit({ type: "session_opened" });
      if (refusal) context.emit({ type: "session_refused", reason: refusal });
      if (refusal && last && !OVER.includes(refusal)) sparedTags.push(tagOf(last.id));
      return { jar, endedBefore, sparedTags, session, reason: refusal };
    }),
  );
}

/** Of two sessions begun in the same millisecond, every server takes the same one. */
const isLater = (one: Identity, other: Identity): boolean =>
  one.beganAt === other.beganAt ? one.id > other.id : one.beganAt > other.beganAt;

function openIdentity<Data>(
  { nameOf, identitySealer, stampSealer, limits, now }: SessionContext<Data>,
  jar: Jar,
  tag: string,
): Awaitable<Session<unknown> | SessionRefusal> {
  const { value, reason } = jar.readChunks(nameOf(tag, "id"));
  if (reason) return reason;
  const at = now();
  return chain(identitySealer.open(value, at), (opened) => {
    if (typeof opened === "string") return opened;
    const identity = decodeIdentity(opened.payload);
    if (!identity || tagOf(identity.id) !== tag) return "malformed";
    // An identity written less than `rollAfter` ago needs no activity stamp: none is opened (the sealer refuses undefined).
    const stamp = at - identity.writtenAt < limits.rollAfter ? undefined : jar.get(nameOf(tag, "seen"));
    return chain(stampSealer.open(stamp, at), (seen) =>
      withLimits(identity, timeOf(unbind(seen, identity.id)), limits),
    );
  });
}

const withData = <Data>(session: Session<unknown>, data: Data): Session<Data> =>
  session.data === data ? (session as Session<Data>) : { ...session, data };

/** The session with its data from the storage, if it is not over, within its limits and fits the schema. */
function admit<Data>(
  { storage, schema, refusalOf, now }: SessionContext<Data>,
  jar: Jar,
  session: Session<unknown>,
  endedBefore: number,
): Awaitable<Session<Data> | SessionRefusal> {
  const at = now();
  if (session.beganAt < endedBefore) return "superseded";
  if (at >= session.endsAt) return "expired";
  if (at >= session.inactiveAt) return "inactive";
  return chain(storage.load(jar, session), (loaded) => {
    if (typeof loaded === "string") return loaded;
    return chain(conform(schema, loaded.data), (fitting) => {
      if (!fitting) return "invalid_content";
      return refusalOf?.(fitting.value) ?? withData(session, fitting.value);
    });
  });
}
