import { CookieTooLargeError } from "../errors.js";
import type { SessionContext } from "./context.js";
import { tagOf } from "./cookie-kinds.js";
import type { SessionDraft } from "./draft.js";
import { bind } from "./identity.js";
import { largestFields } from "./largest.js";
import { type Session, withLimits } from "./lifetime.js";
import type { SessionReading } from "./reading.js";
import type { Change } from "./storage.js";

/*
 * Theory of operation: how the session of a request is written.
 *
 * State. A request has a SessionReading: the session that its cookie jar says. A `WriteQueue` (with sign-in) or a `BufferedSession`
 * (sessions alone) has the latest reading. A write does not change a reading; it makes the next one. Only the jar is shared by all
 * readings of the request, and each write changes it.
 *
 * Order. First a change function calls `begin`, `update` or `destroy` of a SessionDraft of the latest reading, or
 * `setTokens`. Then `writeDraft` puts the draft into the jar and the storage. Then `takeLines` takes the Set-Cookie lines.
 * An app may start several writes side by side, for example an update beside a refresh of the token. They run one after
 * the other, in the order of the calls. A change function runs only when the writes before it are done, so it sees what
 * they wrote and cannot undo it: an update beside a sign-out finds no session and changes nothing.
 *
 * What can go wrong. A write that fails (cookies too large, data that is not JSON, a store that throws) puts the jar back as
 * it was and makes no reading; it rejects its own promise, and the next write starts from the reading before. With a store,
 * another request may have saved the session meanwhile: the storage then applies the patches again, to the data that it
 * finds (`core/store/sessions.ts`).
 */

/**
 * Writes the end, the session and the activity stamp into the jar and the storage, in this order, each if it is
 * in the draft or due. Then removes dead cookies.
 * @returns the next reading
 * @throws CookieTooLargeError when the cookies would not fit, MisuseError (`not_json`) when data or tokens are not JSON, and
 * what a store throws; the jar is then as it was.
 */
export async function writeDraft<Data, Tokens>(
  context: SessionContext<Data, Tokens>,
  reading: SessionReading<Data>,
  { session, endedBefore, writesEnd, change }: SessionDraft<Data, Tokens>,
  roll: boolean,
): Promise<SessionReading<Data>> {
  const { nameOf, limits, storage, maxAge, now, stampSealer } = context;
  const { jar, sparedTags, session: before, reason } = reading;
  try {
    // The first line, so that a browser that gets only part of the response does not keep an ended session.
    if (writesEnd) jar.set(nameOf("end", endedBefore), "1", maxAge(now() + limits.absolute));
    if (session && change) {
      const saved = await storage.save(jar, session, change);
      session = saved ? withLimits(saved, saved.lastSeenAt, limits) : null;
    }
    // After the new session was saved: if saving it fails, the one before stays.
    if (writesEnd && before) await storage.destroy?.(before.id);
    if (roll && isStampDue(context, session)) {
      // The stamp alone is written, some 270 bytes, never the session.
      const sealed = await stampSealer.seal(bind(session.id, now()), now());
      jar.set(nameOf(tagOf(session.id), "seen"), sealed, maxAge(now() + limits.inactivity));
      await storage.touch?.(session);
      session = withLimits(session, now(), limits);
    }
    const next = { jar, endedBefore, sparedTags, session, reason: session ? undefined : reason };
    const dead = deadNames(context, next, writesEnd || change?.isNew);
    if (change || writesEnd || roll) jar.deleteAll(dead);
    if (change) await makeRoom(context, next, dead, change);
    return next;
  } catch (error) {
    jar.discard();
    throw error;
  }
}

/**
 * Takes the Set-Cookie lines of a write from the jar, and emits its events unless the lines came too late.
 * @param before the reading before the write
 * @param send gets the lines, if there are any; returns false when it is too late to send them
 */
export function takeLines<Data, Tokens>(
  { emit }: SessionContext<Data, Tokens>,
  before: SessionReading<Data>,
  { writesEnd, change }: SessionDraft<Data, Tokens>,
  send?: (lines: readonly string[]) => unknown,
): string[] {
  const taken = before.jar.take();
  const lines = [...taken.values()];
  if (taken.size > 0 && send?.(lines) !== false) {
    if (writesEnd && before.session) emit({ type: "session_ended" });
    if (change?.isNew) emit({ type: "session_began" });
    emit({ type: "cookies_written", names: [...taken.keys()], bytes: before.jar.bytes() });
  }
  return lines;
}

/** Whether a write would change cookies although the app changed nothing: activity is due, or cookies are to be removed. */
export function isWriteDue<Data>(context: SessionContext<Data>, reading: SessionReading<Data>): boolean {
  if (isStampDue(context, reading.session)) return true;
  // The deletion of an `end` of the far future might not reach the browser: such an end waits for another write.
  const isTimely = (name: string) => (context.parse(name)?.time ?? 0) <= reading.endedBefore;
  return reading.jar.removable(deadNames(context, reading)).some(isTimely);
}

const isStampDue = <Data>(
  { now, limits }: SessionContext<Data>,
  session: Session<Data> | null,
): session is Session<Data> => session !== null && now() - session.lastSeenAt >= limits.rollAfter;

/**
 * The names of cookies that no longer count: of sessions that are over, of tokens and stamps without an identity, of all
 * ends but the latest, and, when a session began or ended (`areOthersDead`), of every other session.
 */
function deadNames<Data>(
  { parse }: SessionContext<Data>,
  { jar, sparedTags, session, endedBefore }: SessionReading<Data>,
  areOthersDead = false,
): string[] {
  const current = session && tagOf(session.id);
  return jar.names().filter((name) => {
    const parsed = parse(name);
    if (!parsed?.tag) return parsed && parsed.time !== endedBefore;
    return parsed.tag !== current && (areOthersDead || !sparedTags.includes(parsed.tag));
  });
}

/**
 * Keeps the cookies within `maxCookieBytes`, a limit for new data: sign-ins in progress are removed if that makes room, and then the
 * ID Token is.
 * @throws CookieTooLargeError when even that is not enough
 */
async function makeRoom<Data, Tokens>(
  { parse, maxCookieBytes, storage, emit }: SessionContext<Data, Tokens>,
  { jar, session }: SessionReading<Data>,
  dead: readonly string[],
  change: Change<Data, Tokens>,
): Promise<void> {
  if (jar.bytes() <= maxCookieBytes) return;
  const others = jar.names().filter((name) => !parse(name));
  // Dead cookies that a later response will remove do not count.
  const uncounted = new Set([...dead, ...others]);
  const count = () => jar.bytes(jar.names().filter((name) => !uncounted.has(name)));
  const bytes = count();
  if (bytes > maxCookieBytes) {
    if (!session || !(await storage.lighten?.(jar, session, change)) || count() > maxCookieBytes) {
      const largest = largestFields({ data: session?.data, tokens: change.tokens?.value });
      throw new CookieTooLargeError(bytes, maxCookieBytes, largest);
    }
    emit({ type: "id_token_left_out" });
  }
  if (jar.bytes() > maxCookieBytes) jar.deleteAll(others);
}
