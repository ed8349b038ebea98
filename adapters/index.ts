import type { LatchkeyEvent } from "../core/events.js";
import { createSessions as createCoreSessions, type Sessions, type SessionsOptions } from "../core/session/sessions.js";
import { type PortOptions, portsOf } from "./ports.js";

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
 * @throws MisuseError (`ERR_CONFIG`) when an option is wrong; the message says what to change.
 */
export function createSessions<Data>(options: StandaloneOptions<Data>): Sessions<Data> {
  const ports = portsOf(options);
  // Names of their own: sessions of a sign-in beside them are left alone.
  const cookie = { name: "latchkey-session", ...options.cookie };
  return createCoreSessions<Data>({ ...options, cookie }, ports, (event) =>
    options.onEvent?.({ ...event, at: ports.now() }),
  );
}
