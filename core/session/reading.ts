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

/** What a Cookie header holds for us. */
export interface Reading<Data> {
  readonly held?: Session<Data>;
  /** Why there is none, when there were cookies that could have been one. */
  readonly reason?: SessionRefusal | undefined;
  /** The latest `end`: sessions begun before it are over. 0 when there is none. */
  readonly since: number;
  /**
   * Tags of sessions that do not count and still are not over for good: what did not open may be one that is just being
   * written, or one that another server opens; what a schema refuses today it may accept tomorrow.
   */
  readonly spared: ReadonlySet<string>;
}

/**
 * Of the sessions in the jar, the one that began last: if that one is over, so are all before it. Each is opened once;
 * tokens are not.
 */
export async function readSession<Data>(context: SessionContext<Data>, jar: Jar): Promise<Reading<Data>> {
  /** At most six names were ever met at once by a browser that behaves; more tags than this are not its own work. */
  const MAX_TAGS = 16;
  const spared = new Set<string>();
  let since = 0;
  for (const name of jar.names()) {
    const { tag, concern, time } = context.parse(name);
    if (time) since = Math.max(since, time);
    else if (tag && concern === "id") spared.add(tag);
  }
  let last: Session<unknown> | undefined;
  let reason: SessionRefusal | undefined;
  for (const tag of [...spared].slice(0, MAX_TAGS)) {
    const found = await readIdentity(context, jar, tag);
    if (typeof found === "string") reason = found;
    else {
      spared.delete(tag);
      if (!last || isLater(found, last)) last = found;
    }
  }
  if (!last) return { reason, since, spared };
  const held = last.beganAt < since ? "superseded" : await admit(context, jar, last);
  if (held === "invalid_content") spared.add(tagOf(last.id));
  return typeof held === "string" ? { reason: held, since, spared } : { held, since, spared };
}

/** Two of the same millisecond are told apart the same way by every server. */
const isLater = (one: Identity, other: Identity): boolean =>
  one.beganAt === other.beganAt ? one.id > other.id : one.beganAt > other.beganAt;

async function readIdentity<Data>(
  { nameOf, identities, stamps, limits, now }: SessionContext<Data>,
  jar: Jar,
  tag: string,
): Promise<Session<unknown> | SessionRefusal> {
  const { value, reason = "torn" } = jar.readChunks(nameOf(tag, "id")) ?? {};
  if (!value) return reason;
  const opened = await identities.open(value, now());
  if (typeof opened === "string") return opened;
  const identity = decodeIdentity(opened.payload);
  if (!identity || tagOf(identity.id) !== tag) return "malformed";
  // The stamp is not opened while the identity itself is young enough to need none.
  const stamp = now() - identity.writtenAt < limits.rollAfter ? undefined : jar.get(nameOf(tag, "seen"));
  const seen = stamp ? await stamps.open(stamp, now()) : undefined;
  return withLimits(identity, timeOf(unbind(seen, identity.id)), limits);
}

/** The session with its data, from wherever it is kept, within its limits; what a schema refuses is no session. */
async function admit<Data>(
  { keeper, schema, now }: SessionContext<Data>,
  jar: Jar,
  session: Session<unknown>,
): Promise<Session<Data> | SessionRefusal> {
  if (now() >= session.endsAt) return "expired";
  if (now() >= session.inactiveAt) return "inactive";
  const kept = await keeper.load(jar, session);
  if (typeof kept === "string") return kept;
  const conforming = await conform(schema, kept.data);
  return conforming ? { ...session, data: conforming.value } : "invalid_content";
}
