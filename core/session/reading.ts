import { type Awaitable, chain } from "../awaitable.js";
import type { ChunkRefusal } from "../cookie/chunks.js";
import type { Jar } from "../cookie/jar.js";
import type { SealRefusal } from "../seal/sealer.js";
import { decodeIdentity, type Identity, tagOf, timeOf, unbind } from "./concerns.js";
import { type Session, withLimits } from "./lifetime.js";
import { conform } from "./schema.js";
import type { SessionContext } from "./sessions.js";

/**
 * Why no session counts: its seal or its chunks were refused, a limit has passed (`expired`, `inactive`), sessions of
 * its time are over in this browser (`superseded`), the store does not know it (`revoked`), or the schema refused it.
 */
export type SessionRefusal =
  | SealRefusal
  | ChunkRefusal
  | "expired"
  | "inactive"
  | "superseded"
  | "revoked"
  | "invalid_content";

/** What a Cookie header holds for us; after a write, what the browser will. */
export interface Reading<Data> {
  held?: Session<Data> | undefined;
  /** Why there is none, when there were cookies that could have been one. */
  readonly reason?: SessionRefusal | undefined;
  /** The latest `end`: sessions begun before it are over. 0 when there is none. */
  endedBefore: number;
  /**
   * Tags of sessions that do not count and still are not over for good: what did not open may be one that is just being
   * written, or one that another server opens; what a schema refuses today it may accept tomorrow.
   */
  readonly spared: readonly string[];
}

/** Milliseconds by which the clocks of several machines may differ. An `end` further ahead was not written by latchkey: it is ignored. */
const PLAUSIBLE_AHEAD = 86_400_000;

/**
 * Of the sessions in the jar, the one that began last: if that one is over, so are all before it. Each is opened once;
 * tokens are not. At once, where the engine and the keeper have nothing to wait for.
 */
export function readSession<Data>(context: SessionContext<Data>, jar: Jar): Awaitable<Reading<Data>> {
  const spared: string[] = [];
  let endedBefore = 0;
  for (const name of jar.names()) {
    const { tag, concern, time } = context.parse(name);
    if (time) {
      if (time <= context.now() + PLAUSIBLE_AHEAD) endedBefore = Math.max(endedBefore, time);
    }
    // At most six names were ever met at once by a browser that behaves: more than sixteen tags are not its own work, and go.
    else if (tag && concern === "id" && spared.length < 16 && !spared.includes(tag)) spared.push(tag);
  }
  let last: Session<unknown> | undefined;
  let reason: SessionRefusal | undefined;
  const read = (tag: string): Awaitable<void> =>
    chain(readIdentity(context, jar, tag), (found) => {
      if (typeof found === "string") reason = found;
      else {
        spared.splice(spared.indexOf(tag), 1);
        if (!last || isLater(found, last)) last = found;
      }
    });
  let done: Awaitable<void> | undefined;
  for (const tag of [...spared]) done = chain(done, () => read(tag));
  return chain(done, () => {
    if (!last) return { reason, endedBefore, spared };
    const { id, beganAt } = last;
    return chain(beganAt < endedBefore ? "superseded" : admit(context, jar, last), (held) => {
      if (held === "invalid_content") spared.push(tagOf(id));
      return typeof held === "string" ? { reason: held, endedBefore, spared } : { held, endedBefore, spared };
    });
  });
}

/** Two of the same millisecond are told apart the same way by every server. */
const isLater = (one: Identity, other: Identity): boolean =>
  one.beganAt === other.beganAt ? one.id > other.id : one.beganAt > other.beganAt;

function readIdentity<Data>(
  { nameOf, identities, stamps, limits, now }: SessionContext<Data>,
  jar: Jar,
  tag: string,
): Awaitable<Session<unknown> | SessionRefusal> {
  const { value, reason = "torn" } = jar.readChunks(nameOf(tag, "id")) ?? {};
  if (!value) return reason;
  const at = now();
  return chain(identities.open(value, at), (opened) => {
    if (typeof opened === "string") return opened;
    const identity = decodeIdentity(opened.payload);
    if (!identity || tagOf(identity.id) !== tag) return "malformed";
    // The stamp is not opened while the identity itself is young enough to need none.
    const stamp = at - identity.writtenAt < limits.rollAfter ? undefined : jar.get(nameOf(tag, "seen"));
    return chain(stamp ? stamps.open(stamp, at) : undefined, (seen) =>
      withLimits(identity, timeOf(unbind(seen, identity.id)), limits),
    );
  });
}

const withData = <Data>(session: Session<unknown>, data: Data): Session<Data> =>
  session.data === data ? (session as Session<Data>) : { ...session, data };

/** The session with its data, from wherever it is kept, within its limits; what a schema refuses is no session. */
function admit<Data>(
  { keeper, schema, now }: SessionContext<Data>,
  jar: Jar,
  session: Session<unknown>,
): Awaitable<Session<Data> | SessionRefusal> {
  const at = now();
  if (at >= session.endsAt) return "expired";
  if (at >= session.inactiveAt) return "inactive";
  return chain(keeper.load(jar, session), (kept) => {
    if (typeof kept === "string") return kept;
    return chain(conform(schema, kept.data), (fitting) =>
      fitting ? withData(session, fitting.value) : "invalid_content",
    );
  });
}
