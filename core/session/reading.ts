import type { ChunkRefusal } from "../cookie/chunks.js";
import type { Jar } from "../cookie/jar.js";
import type { SealRefusal } from "../seal/sealer.js";
import { decodeIdentity, type Identity, parseName, tagOf, timeOf, unbind } from "./concerns.js";
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
  readonly held: Held<Data> | undefined;
  /** Why there is none, when there were cookies that could have been one. */
  readonly reason: SessionRefusal | undefined;
  /** The latest `end`: sessions begun before it are over. 0 when there is none. */
  readonly since: number;
  /**
   * Tags of sessions that are over for good: all that opened, but for the one that counts. Those that did not open are
   * not among them: a torn set may be one that is just being written.
   */
  readonly over: readonly string[];
}

/** At most six names were ever met at once by a browser that behaves; more tags than this are not its own work. */
const MAX_TAGS = 8;

/**
 * Of the sessions in the jar, the one that began last: if that one is over, so are all before it. Each is opened once;
 * tokens are not.
 */
export async function readSession<Data>(context: SessionContext<Data>, jar: Jar): Promise<Reading<Data>> {
  const tags = new Set<string>();
  let since = 0;
  for (const name of jar.names()) {
    const { tag, concern } = parseName(name.slice(context.prefix.length)) ?? {};
    if (concern === "end") since = Math.max(since, timeOf(jar.get(name)));
    else if (concern === "id" && tag && tags.size < MAX_TAGS) tags.add(tag);
  }
  const found: Array<Identity & SessionTimes> = [];
  let reason: SessionRefusal | undefined;
  for (const tag of tags) {
    const identity = await readIdentity(context, jar, tag);
    if (typeof identity === "string") reason = identity;
    else found.push(identity);
  }
  const [last, ...others] = found.sort(latestFirst);
  const over = others.map(({ sid }) => tagOf(sid));
  if (!last) return { held: undefined, reason, since, over };
  const held =
    last.began < since
      ? "superseded"
      : (whyOver(last, context.limits, context.now()) ?? (await withContent(context, last)));
  if (typeof held !== "string") return { held, reason: undefined, since, over };
  // What a schema refuses today it may accept tomorrow: nothing is removed for it.
  if (held !== "invalid_content") over.push(tagOf(last.sid));
  return { held: undefined, reason: held, since, over };
}

/** Two of the same millisecond are told apart the same way by every server. */
const latestFirst = (left: Identity, right: Identity): number =>
  right.began - left.began || (left.sid > right.sid ? -1 : 1);

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
  return seen?.ok ? { ...identity, seen: timeOf(unbind(seen.payload, identity.sid) as string) } : identity;
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
