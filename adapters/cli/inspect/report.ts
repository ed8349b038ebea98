import { createJar, type Jar } from "../../../core/cookie/jar.js";
import type { SealRefusal, Unsealed } from "../../../core/seal/sealer.js";
import { decodeIdentity, type Identity, timeOf, unbind } from "../../../core/session/identity.js";
import { fieldsOf } from "../../../core/session/largest.js";
import { readSession } from "../../../core/session/reading.js";
import { type Keys, type Openers, openersFor } from "./keys.js";
import { type CookieName, type Kind, type Pair, pairsIn, parseCookieName } from "./names.js";
import { shown, timeText } from "./shown.js";

/** One value of latchkey, of one cookie or of several parts. */
interface ValueReport {
  readonly kind: Kind;
  readonly cookies: readonly string[];
  readonly bytes: number;
  /** The day on which it was sealed, by its header; of an `end`: its time. */
  readonly sealedOn?: string | undefined;
  /** Why it is no value, or was not opened; undefined for one that was opened, or was not tried. */
  readonly refused?: string | undefined;
}

/** A session, or a sign-in in progress. */
export interface GroupReport {
  readonly prefix: string;
  readonly tag: string;
  readonly values: readonly ValueReport[];
  /** What was opened. */
  readonly content?: Readonly<Record<string, unknown>> | undefined;
  /** The bytes that each field takes as JSON, the largest first. */
  readonly fields?: ReadonlyArray<{ readonly field: string; readonly bytes: number }> | undefined;
}

/** What the cookies of a request hold. */
export interface CookieReport {
  readonly bytes: number;
  readonly latchkey: { readonly cookies: number; readonly bytes: number; readonly limit: number };
  readonly others: ReadonlyArray<Pair>;
  readonly groups: readonly GroupReport[];
  /** For each prefix, what the app makes of these cookies: `signed in`, or why there is no session. None without a secret. */
  readonly verdicts: ReadonlyArray<{ readonly prefix: string; readonly verdict: string }>;
}

type NamedPair = Pair & CookieName;

/** A sealed value of the header, and its place in the report. */
interface Value extends Omit<ValueReport, "refused"> {
  readonly text: string | undefined;
  readonly reason: string | undefined;
}

/** The day in the header of a sealed value (core/seal/keyring.ts). */
function dayIn(text: string | undefined): string | undefined {
  try {
    const { kid } = JSON.parse(Buffer.from(`${text}`.slice(0, 64), "base64url").toString()) as { kid?: unknown };
    return typeof kid === "string" && kid.length === 10
      ? timeText(Number.parseInt(kid.slice(6), 36) * 86_400_000)?.slice(0, 10)
      : undefined;
  } catch {
    // Not sealed by latchkey.
    return undefined;
  }
}

function readValue(jar: Jar, kind: Kind, pairs: readonly NamedPair[]): Value {
  const cookies = pairs.map(({ name }) => name);
  const bytes = pairs.reduce((sum, each) => sum + each.bytes, 0);
  const { prefix, tag, time } = pairs[0] as NamedPair;
  if (kind === "end") return { kind, cookies, bytes, sealedOn: timeText(time), text: undefined, reason: undefined };
  const chunks = { session: "id", tokens: "tok" } as Partial<Record<Kind, string>>;
  if (chunks[kind]) {
    const { value, reason } = jar.readChunks(`${prefix}.${tag}.${chunks[kind]}`);
    // The first part has the beginning of the value, also of one that is torn: after a digit and six characters.
    const start = value ?? jar.get(`${prefix}.${tag}.${chunks[kind]}.0`)?.slice(7);
    return { kind, cookies, bytes, sealedOn: dayIn(start), text: value, reason };
  }
  const text = jar.get(cookies[0] as string);
  return { kind, cookies, bytes, sealedOn: dayIn(text), text, reason: text === undefined ? "duplicated" : undefined };
}

type Opened = Unsealed | SealRefusal;
const payloadIn = (opened: Opened): unknown => (typeof opened === "string" ? undefined : opened.payload);

/** Opens the values of a session. */
async function openSession(
  values: readonly Value[],
  { ofAnyAge }: Openers,
  now: number,
): Promise<Pick<GroupReport, "values" | "content" | "fields">> {
  const textOf = (kind: Kind) => values.find((each) => each.kind === kind)?.text;
  const opened: Partial<Record<Kind, Opened>> = {
    session: await ofAnyAge.identitySealer.open(textOf("session"), now),
    tokens: await ofAnyAge.sealer("tokens").open(textOf("tokens"), now),
    activity: await ofAnyAge.stampSealer.open(textOf("activity"), now),
  };
  const reports = values.map(({ text, reason, ...value }) => {
    const result = opened[value.kind];
    return { ...value, refused: reason ?? (typeof result === "string" ? result : undefined) };
  });
  const identity = decodeIdentity(payloadIn(opened.session as Opened));
  if (!identity) return { values: reports };
  const tokens = unbind(opened.tokens as Opened, identity.id);
  const seenAt = timeOf(unbind(opened.activity as Opened, identity.id));
  const content = { ...timesOf(identity, seenAt), ...contentOf(identity, tokens, opened.session as Unsealed) };
  const fields = fieldsOf("", { ...(identity.data as object | undefined), ...(tokens ? { tokens } : {}) }, 2);
  return { values: reports, content, fields: fields.sort((one, other) => other.bytes - one.bytes) };
}

const timesOf = ({ beganAt, writtenAt, endsAt }: Identity, seenAt: number) => ({
  began: timeText(beganAt),
  lastActivity: timeText(Math.max(writtenAt, seenAt)),
  ends: timeText(endsAt),
});

function contentOf({ data }: Identity, tokens: unknown, { stale }: Unsealed): Record<string, unknown> {
  const content = data === undefined ? { data: "in the store" } : (shown(data) as object);
  const withTimes = tokens && {
    ...(shown(tokens) as object),
    expiresAt: timeText((tokens as { expiresAt?: unknown }).expiresAt),
  };
  return {
    ...content,
    tokens: withTimes || "none",
    ...(stale ? { secret: "an older one: the next write seals with the newest" } : {}),
  };
}

/** Opens a sign-in in progress. */
async function openSignIn(
  values: readonly Value[],
  { transactions }: Openers,
  now: number,
): Promise<Pick<GroupReport, "values" | "content">> {
  const [value] = values;
  const opened = await transactions.open(value?.text, now);
  const { startedAt, ...rest } = (payloadIn(opened) ?? {}) as Record<string, unknown>;
  const reports = values.map(({ text, reason, ...each }) => ({
    ...each,
    refused: reason ?? (typeof opened === "string" ? opened : undefined),
  }));
  if (typeof opened === "string") return { values: reports };
  return { values: reports, content: { began: timeText(startedAt), ...(shown(rest) as object) } };
}

/** Groups things by a text, in the order of the first of each. */
export function groupBy<Thing>(things: readonly Thing[], keyOf: (thing: Thing) => string): Map<string, Thing[]> {
  const groups = new Map<string, Thing[]>();
  for (const thing of things) {
    const group = groups.get(keyOf(thing));
    if (group) group.push(thing);
    else groups.set(keyOf(thing), [thing]);
  }
  return groups;
}

/**
 * Says what the cookies of a Cookie header hold. Never throws for what the header is.
 * @param keys what opens them; undefined to read only names and sizes
 * @throws MisuseError (`invalid_config`) when a secret is wrong
 */
export async function inspectCookies(
  header: string,
  { keys, name, limit, now }: { keys?: Keys | undefined; name?: string | undefined; limit: number; now: number },
): Promise<CookieReport> {
  const pairs = pairsIn(header);
  const isLatchkey = (parsed: CookieName | undefined) =>
    parsed && (name === undefined || parsed.prefix.replace(/^__(Host|Secure)-/, "") === name);
  const cookies = pairs.flatMap((pair) => {
    const parsed = parseCookieName(pair.name);
    return parsed && isLatchkey(parsed) ? [{ ...pair, ...parsed }] : [];
  });
  const sum = (list: readonly Pair[]) =>
    list.reduce((total, { bytes }) => total + bytes, Math.max(0, 2 * (list.length - 1)));
  const groups: GroupReport[] = [];
  const verdicts: Array<{ prefix: string; verdict: string }> = [];
  for (const [prefix, inPrefix] of groupBy(cookies, (each) => each.prefix)) {
    const jar = createJar(header, `${prefix}.`, { secure: true, sameSite: "lax" });
    const openers = keys && openersFor(prefix, keys, () => now);
    for (const [, members] of groupBy(
      inPrefix,
      ({ kind, tag }) => `${["end", "sign-in in progress"].includes(kind) ? kind : ""} ${tag}`,
    )) {
      const values = [...groupBy(members, ({ kind }) => kind)].map(([kind, list]) =>
        readValue(jar, kind as Kind, list),
      );
      const isSignIn = members[0]?.kind === "sign-in in progress";
      const plain = { values: values.map(({ text, reason, ...value }) => ({ ...value, refused: reason })) };
      const isEnd = members[0]?.kind === "end";
      const open = isSignIn ? openSignIn : openSession;
      groups.push({
        prefix,
        tag: members[0]?.tag ?? "",
        ...(openers && !isEnd ? await open(values, openers, now) : plain),
      });
    }
    if (openers) {
      const { session, reason } = await readSession(openers.asApp, header);
      verdicts.push({ prefix, verdict: session ? "signed in" : (reason ?? "no session") });
    }
  }
  return {
    bytes: new TextEncoder().encode(header).length,
    latchkey: { cookies: cookies.length, bytes: sum(cookies), limit },
    others: pairs.filter((pair) => !isLatchkey(parseCookieName(pair.name))),
    groups,
    verdicts,
  };
}
