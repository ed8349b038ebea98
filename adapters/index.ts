import { emitter, type LatchkeyEvent } from "../core/events.js";
import { json } from "../core/seal/json.js";
import { inIdentity } from "../core/session/keeping.js";
import { QueuedScope } from "../core/session/queued.js";
import { createSessions as createCoreSessions, type Sessions, type SessionsOptions } from "../core/session/sessions.js";
import { type PortOptions, randomBytes } from "./lib/ports.js";

export * from "../core/index.js";

/** {@link createSessions}' options: those of a session, and what a test may put in the place of the real thing. */
export interface StandaloneOptions<Data> extends SessionsOptions<Data>, Omit<PortOptions, "fetch"> {
  /** Told what happens to sessions, without secrets. @default nobody */
  onEvent?: (event: LatchkeyEvent) => void;
}

/**
 * Encrypted sessions alone, without sign-in, generic in their data.
 *
 * ```ts
 * const sessions = createSessions<{ cart: string[] }>({ secret });
 * const scope = await sessions.load(request.headers.get("cookie"));
 * scope.update({ cart: ["book"] });
 * for (const cookie of await scope.commit()) headers.append("set-cookie", cookie);
 * ```
 * @throws MisuseError (`invalid_config`) when an option is wrong; the message says what to change.
 */
export function createSessions<Data>(options: StandaloneOptions<Data>): Sessions<Data> {
  const { now = Date.now, random = randomBytes, storage = inIdentity, codec = json, cookie } = options;
  return createCoreSessions(
    // Names of their own: sessions of a sign-in beside them are left alone.
    { ...options, storage, codec, cookie: { name: "latchkey-session", ...cookie } },
    { now, random },
    emitter(options.onEvent, now),
    QueuedScope,
  );
}
