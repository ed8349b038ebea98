import type { ChunkRefusal } from "../cookie/chunks.js";
import type { Jar } from "../cookie/jar.js";
import type { SealRefusal } from "../seal/sealer.js";
import { decodeBound, decodeIdentity, decodeSince, type Identity, tagOf, tagOfName } from "./concerns.js";
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
  /** The plain time of `since`, 0 when absent. */
  readonly since: number;
}

/** At most six names were ever met at once by a browser that behaves; more tags than this are not its own work. */
const MAX_TAGS = 8;

/** Of the sessions in the jar that count, the one that began last. Each is opened once; tokens are not. */
export async function readSession<Data>(context: SessionContext<Data>, jar: Jar): Promise<Reading<Data>> {
  const since = decodeSince(jar.get(`${context.prefix}since`));
  let best: Identity | undefined;
  let reason: SessionRefusal | undefined;
  for (const tag of tagsIn(context.prefix, jar)) {
    const found = await readIdentity(context, jar, tag, since);
    if (typeof found === "string") reason = found;
    else if (found && (!best || found.beganAt > best.beganAt)) best = found;
  }
  const held = best && (await withContent(context, best));
  return typeof held === "object"
    ? { held, reason: undefined, since }
    : { held: undefined, reason: held ?? reason, since };
}

/** The tags that have an identity to open, as the header names them. */
function tagsIn(prefix: string, jar: Jar): Set<string> {
  const tags = new Set<string>();
  for (const name of jar.names()) {
    const tag = tagOfName(name.slice(prefix.length));
    if (tag !== undefined && tags.size < MAX_TAGS && name.startsWith(".id.", prefix.length + 6)) tags.add(tag);
  }
  return tags;
}

async function readIdentity<Data>(
  context: SessionContext<Data>,
  jar: Jar,
  tag: string,
  since: number,
): Promise<Identity | SessionRefusal | undefined> {
  const now = context.ports.now();
  const chunks = jar.readChunks(`${context.prefix}${tag}.id`);
  if (!chunks) return undefined;
  if (!chunks.ok) return chunks.reason;
  const opened = await context.sealers.id.open(chunks.value, now);
  if (!opened.ok) return opened.reason;
  const identity = decodeIdentity(opened.payload);
  if (!identity || tagOf(identity.sid) !== tag) return "malformed";
  if (identity.beganAt < since) return "superseded";
  const seenAt = await readStamp(context, jar, identity);
  const times = seenAt === undefined ? identity : { ...identity, seenAt };
  return whyOver(times, context.limits, now) ?? times;
}

/** The activity stamp; not opened while the identity itself is young enough to need none. */
async function readStamp<Data>(
  context: SessionContext<Data>,
  jar: Jar,
  { sid, writtenAt }: Identity,
): Promise<number | undefined> {
  const now = context.ports.now();
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
