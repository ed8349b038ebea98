import type { Jar } from "../cookie/jar.js";
import { CookieTooLargeError } from "../errors.js";
import type { SessionContext } from "./context.js";
import { tagOf } from "./cookie-kinds.js";
import type { Drafted } from "./draft.js";
import { bind } from "./identity.js";
import { largestFields } from "./largest.js";
import { type Lifetimes, type Session, withLimits } from "./lifetime.js";
import { readingOf, type SessionReading } from "./reading.js";
import type { Change } from "./storage.js";

/**
 * Writes a draft into the jar and the storage; the next reading.
 * @throws CookieTooLargeError when the cookies would not fit, MisuseError (`not_json`) when data or tokens are not JSON, and
 * what a store throws; the jar is then as it was.
 */
export async function writeDraft<Data, Tokens>(
  context: SessionContext<Data, Tokens>,
  reading: SessionReading<Data>,
  drafted: Drafted<Data, Tokens>,
  roll: boolean,
): Promise<SessionReading<Data>> {
  const { jar, spared, reason } = reading;
  const { endedBefore, isEnd, change } = drafted;
  try {
    const session = await writeSession(context, reading, drafted, roll);
    const dead = deadNames(context, reading, session, endedBefore, isEnd || change?.kind === "begin");
    if (change || isEnd || roll) for (const name of jar.removable(dead)) jar.delete(name);
    if (change) makeRoom(context, jar, dead, session?.data, change);
    return readingOf(jar, endedBefore, spared, session ?? reason);
  } catch (error) {
    jar.discard();
    throw error;
  }
}

/** Whether a write would change cookies although the app changed nothing: activity is due, or cookies are to be removed. */
export function isWriteDue<Data>(context: SessionContext<Data>, reading: SessionReading<Data>): boolean {
  if (isStampDue(context.now(), context.limits, reading.session)) return true;
  // The deletion of an `end` of the far future might not reach the browser: such an end waits for another write.
  const isTimely = (name: string) => {
    const parsed = context.parse(name);
    return parsed?.kind !== "end" || parsed.time <= reading.endedBefore;
  };
  return reading.jar.removable(deadNames(context, reading, reading.session, reading.endedBefore, false)).some(isTimely);
}

/** Writes the end, the session and the activity stamp, in this order, each if the draft or the time asks for it. */
async function writeSession<Data, Tokens>(
  { nameOf, limits, storage, maxAge, now, stamps }: SessionContext<Data, Tokens>,
  { jar, session: before }: SessionReading<Data>,
  { session: drafted, endedBefore, isEnd, change }: Drafted<Data, Tokens>,
  roll: boolean,
): Promise<Session<Data> | null> {
  let session = drafted;
  // The first line, so that a browser that gets only part of the response does not keep an ended session.
  if (isEnd) jar.set(nameOf("end", endedBefore), "1", maxAge(now() + limits.absolute));
  if (session && change) {
    const saved = await storage.save(jar, session, change);
    session = saved ? withLimits(saved, saved.lastSeenAt, limits) : null;
  }
  // After the new session was saved: if saving it fails, the one before stays.
  if (isEnd && before) await storage.destroy?.(before.id);
  if (session && roll && isStampDue(now(), limits, session)) {
    // The stamp alone is written, some 270 bytes, never the session.
    const sealed = await stamps.seal(bind(session.id, now()), now());
    jar.set(nameOf(tagOf(session.id), "seen"), sealed, maxAge(now() + limits.inactivity));
    await storage.touch?.(session);
    session = withLimits(session, now(), limits);
  }
  return session;
}

const isStampDue = <Data>(at: number, { rollAfter }: Lifetimes, session: Session<Data> | null): boolean =>
  session !== null && at - session.lastSeenAt >= rollAfter;

/**
 * The names of cookies that no longer count: of sessions that are over, of tokens and stamps without an identity, of all
 * ends but the latest, and, when a session began or ended (`isOnlyOne`), of every other session.
 */
function deadNames<Data>(
  { parse }: SessionContext<Data>,
  { jar, spared }: SessionReading<Data>,
  session: Session<Data> | null,
  endedBefore: number,
  isOnlyOne: boolean,
): string[] {
  const current = session && tagOf(session.id);
  return jar.names().filter((name) => {
    const parsed = parse(name);
    if (!parsed) return false;
    if (parsed.kind === "end") return parsed.time !== endedBefore;
    return parsed.tag !== current && (isOnlyOne || !spared.includes(parsed.tag));
  });
}

/**
 * Keeps the cookies within `maxCookieBytes`, a limit for new data: sign-ins in progress are removed if that makes room.
 * @throws CookieTooLargeError when even that is not enough
 */
function makeRoom<Data, Tokens>(
  { parse, maxCookieBytes }: SessionContext<Data, Tokens>,
  jar: Jar,
  dead: readonly string[],
  data: Data | undefined,
  { tokens }: Change<Data, Tokens>,
): void {
  if (jar.bytes() <= maxCookieBytes) return;
  const others = jar.names().filter((name) => !parse(name));
  // Dead cookies that a later response will remove do not count.
  const uncounted = new Set([...dead, ...others]);
  const bytes = jar.bytes(jar.names().filter((name) => !uncounted.has(name)));
  if (bytes > maxCookieBytes) {
    throw new CookieTooLargeError(bytes, maxCookieBytes, largestFields(data, tokens?.value));
  }
  for (const name of jar.removable(others)) jar.delete(name);
}
