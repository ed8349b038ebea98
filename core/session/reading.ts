import type { ChunkRefusal } from "../cookie/chunks.js";
import type { Jar } from "../cookie/jar.js";
import type { SealRefusal } from "../seal/sealer.js";
import { decodeBound, decodeEnd, decodeIdentity, type Identity, parseName, tagOf } from "./concerns.js";
import { whyOver } from "./lifetime.js";
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
export interface Held<Data> extends Omit<Identity, "content"> {
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
  const { tags, since } = survey(context.prefix, jar);
  const found: Identity[] = [];
  let refused: SessionRefusal | undefined;
  for (const tag of tags) {
    const identity = await readIdentity(context, jar, tag);
    if (typeof identity === "string") refused = identity;
    else found.push(identity);
  }
  const [last, ...others] = found.sort(latestFirst);
  const none = { held: undefined, since, over: others.map(({ sid }) => tagOf(sid)) };
  if (!last) return { ...none, reason: refused };
  const why = last.beganAt < since ? "superseded" : whyOver(last, context.limits, context.now());
  const held = why ?? (await withContent(context, last));
  if (typeof held !== "string") return { ...none, held, reason: undefined };
  // What a schema refuses today it may accept tomorrow: nothing is removed for it.
  const over = held === "invalid_content" ? none.over : found.map(({ sid }) => tagOf(sid));
  return { ...none, over, reason: held };
}

/** Two of the same millisecond are told apart the same way by every server. */
const latestFirst = (left: Identity, right: Identity): number =>
  right.beganAt - left.beganAt || (left.sid > right.sid ? -1 : 1);

/** The tags that have an identity to open, as the header names them, and the latest end. */
function survey(prefix: string, jar: Jar): { readonly tags: readonly string[]; readonly since: number } {
  const tags = new Set<string>();
  let since = 0;
  for (const name of jar.names()) {
    const known = parseName(name.slice(prefix.length));
    if (known?.concern === "end") since = Math.max(since, decodeEnd(jar.get(name)));
    else if (known?.concern === "id" && tags.size < MAX_TAGS) tags.add(known.tag);
  }
  return { tags: [...tags], since };
}

async function readIdentity<Data>(
  context: SessionContext<Data>,
  jar: Jar,
  tag: string,
): Promise<Identity | SessionRefusal> {
  const chunks = jar.readChunks(`${context.prefix}${tag}.id`);
  if (!chunks?.ok) return chunks?.reason ?? "torn";
  const opened = await context.sealers.id.open(chunks.value, context.now());
  if (!opened.ok) return opened.reason;
  const identity = decodeIdentity(opened.payload);
  if (!identity || tagOf(identity.sid) !== tag) return "malformed";
  const seenAt = await readStamp(context, jar, identity);
  return seenAt === undefined ? identity : { ...identity, seenAt };
}

/** The activity stamp; not opened while the identity itself is young enough to need none. */
async function readStamp<Data>(
  context: SessionContext<Data>,
  jar: Jar,
  { sid, writtenAt }: Identity,
): Promise<number | undefined> {
  const now = context.now();
  if (now - writtenAt < context.limits.rollAfter) return undefined;
  const sealed = jar.get(`${context.prefix}${tagOf(sid)}.seen`);
  const opened = sealed ? await context.sealers.seen.open(sealed, now) : undefined;
  const seenAt = opened?.ok ? decodeBound(opened.payload, sid) : undefined;
  return Number.isSafeInteger(seenAt) ? (seenAt as number) : undefined;
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
