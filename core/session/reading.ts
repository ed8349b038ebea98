import type { ChunkRefusal } from "../cookie/chunks.js";
import type { Jar } from "../cookie/jar.js";
import type { SealRefusal } from "../seal/sealer.js";
import { decodeIdentity, type Identity, tagOf, timeOf, unbind } from "./concerns.js";
import { type SessionTimes, whyOver } from "./lifetime.js";
import { conform } from "./schema.js";
import type { SessionContext } from "./sessions.js";
import type { VersionedSession } from "./store.js";

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

/** A session that counts, as it was read. */
export interface Held<Data> extends Identity, SessionTimes {
  readonly content: Data;
  /** What the store had, when there is one. */
  readonly stored?: VersionedSession;
}

/** What a Cookie header holds for us. */
export interface Reading<Data> {
  readonly held?: Held<Data>;
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

/** At most six names were ever met at once by a browser that behaves; more tags than this are not its own work. */
const MAX_TAGS = 16;

/**
 * Of the sessions in the jar, the one that began last: if that one is over, so are all before it. Each is opened once;
 * tokens are not.
 */
export async function readSession<Data>(context: SessionContext<Data>, jar: Jar): Promise<Reading<Data>> {
  const spared = new Set<string>();
  let since = 0;
  for (const name of jar.names()) {
    const { tag, concern } = context.parse(name);
    if (concern === "end") since = Math.max(since, timeOf(jar.get(name)));
    else if (tag && concern === "id") spared.add(tag);
  }
  let last: (Identity & SessionTimes) | undefined;
  let reason: SessionRefusal | undefined;
  for (const tag of [...spared].slice(0, MAX_TAGS)) {
    const identity = await readIdentity(context, jar, tag);
    if (typeof identity === "string") reason = identity;
    else {
      spared.delete(tag);
      if (!last || isLater(identity, last)) last = identity;
    }
  }
  if (!last) return { reason, since, spared };
  const held =
    last.began < since
      ? "superseded"
      : (whyOver(last, context.limits, context.now()) ?? (await withContent(context, last)));
  if (typeof held !== "string") return { held, since, spared };
  if (held === "invalid_content") spared.add(tagOf(last.sid));
  return { reason: held, since, spared };
}

/** Two of the same millisecond are told apart the same way by every server. */
const isLater = (one: Identity, other: Identity): boolean =>
  one.began === other.began ? one.sid > other.sid : one.began > other.began;

async function readIdentity<Data>(
  { prefix, sealers, limits, now }: SessionContext<Data>,
  jar: Jar,
  tag: string,
): Promise<(Identity & SessionTimes) | SessionRefusal> {
  const { value, reason = "torn" } = jar.readChunks(`${prefix}${tag}.id`) ?? {};
  if (!value) return reason;
  const opened = await sealers.id.open(value, now());
  if (!opened.ok) return opened.reason;
  const identity = decodeIdentity(opened.payload);
  if (!identity || tagOf(identity.sid) !== tag) return "malformed";
  // The stamp is not opened while the identity itself is young enough to need none.
  const stamp = now() - identity.written < limits.rollAfter ? undefined : jar.get(`${prefix}${tag}.seen`);
  const seen = stamp ? await sealers.seen.open(stamp, now()) : undefined;
  return seen?.ok ? { ...identity, seen: timeOf(unbind(seen.payload, identity.sid)) } : identity;
}

/** The content from wherever it is kept; what a schema refuses is no session. */
async function withContent<Data>(
  { keeper, schema }: SessionContext<Data>,
  identity: Identity,
): Promise<Held<Data> | SessionRefusal> {
  const kept = await keeper.load(identity);
  if (typeof kept === "string") return kept;
  const conforming = await conform(schema, kept.content);
  return conforming ? { ...identity, ...kept, content: conforming.value } : "invalid_content";
}
