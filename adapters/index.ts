import { chain } from "../core/awaitable.js";
import { emitter, type LatchkeyEvent } from "../core/events.js";
import { ANY, checkOptions, type ExamplesOf, FUNCTION, TEXT } from "../core/options.js";
import { type AppSealer, createAppSealer, type SealerOptions } from "../core/seal/app-sealer.js";
import { json } from "../core/seal/json.js";
import { createSessionContext } from "../core/session/context.js";
import { cookieExamples, sessionExamples } from "../core/session/examples.js";
import { inIdentity } from "../core/session/in-cookies.js";
import type { SessionsOptions } from "../core/session/options.js";
import { readSession } from "../core/session/reading.js";
import { BufferedSession, type Sessions } from "../core/session/request-session.js";
import { createMemoryPort } from "../core/store/memory.js";
import type { Store } from "../core/store/store.js";
import { connectable } from "./lib/checks.js";
import { type PortOptions, randomBytes } from "./lib/ports.js";
import { createStore } from "./stores/create-store.js";

export * from "../core/index.js";
export { createStore } from "./stores/create-store.js";

/** The options of {@link createSessions}: those of sessions, and a clock and random bytes for tests. */
export interface StandaloneOptions<Data> extends SessionsOptions<Data>, Omit<PortOptions, "fetch"> {
  /** Where sessions live; the cookie then has only the sealed id. @default in cookies */
  store?: Store;
  /** Receives what happens to sessions, without secrets. @default no observer */
  onEvent?: (event: LatchkeyEvent) => void;
}

const examples: ExamplesOf<StandaloneOptions<unknown>> = {
  ...sessionExamples,
  secret: ANY,
  purpose: TEXT,
  cookie: { ...cookieExamples, secure: true },
  store: ANY,
  codec: { pack: FUNCTION, unpack: FUNCTION },
  now: FUNCTION,
  random: FUNCTION,
  onEvent: FUNCTION,
};

/**
 * Encrypted sessions alone, without sign-in. `Data` is the type of what a session holds.
 *
 * @example
 * ```ts
 * import { createSessions } from "latchkey";
 *
 * const sessions = createSessions<{ cart: string[] }>({ secret: process.env.LATCHKEY_SECRET ?? "" });
 *
 * export async function addBook(request: Request): Promise<Response> {
 *   const session = await sessions.load(request.headers.get("cookie"));
 *   session.update({ cart: [...(session.session?.data.cart ?? []), "book"] });
 *   const headers = new Headers();
 *   for (const line of await session.commit()) headers.append("set-cookie", line);
 *   return new Response("one more book", { headers });
 * }
 * ```
 * @throws MisuseError (`invalid_config`) when an option is wrong; the message says what to change.
 */
export function createSessions<Data>(options: StandaloneOptions<Data>): Sessions<Data> {
  checkOptions(options, examples);
  const { now = Date.now, random = randomBytes } = options;
  const store = connectable(options.store);
  const emit = emitter(options.onEvent, now);
  const context = createSessionContext<Data, never>(
    options,
    // A name of its own: sessions of a sign-in in the same app are left alone.
    {
      name: "latchkey-session",
      storage:
        store?.connect({ session: { storage: "store" } }, { now, random }, emit).storage(inIdentity) ?? inIdentity,
      codec: json,
    },
    { now, random },
    emit,
  );
  return {
    load: (cookieHeader) =>
      chain(readSession(context, cookieHeader), (reading) => new BufferedSession(context, reading)),
  };
}

/**
 * A sealer for an app's own purposes: seals JSON values into strings that are safe in a cookie or a URL, and opens them.
 * AES-256-GCM under keys derived from the secret for one purpose and one day (RFC 7516, `alg` "dir"). Nothing that it sealed
 * opens as a session or for another purpose.
 *
 * @example
 * ```ts
 * import { createSealer } from "latchkey";
 *
 * const invitations = createSealer({ secret: process.env.LATCHKEY_SECRET ?? "", purpose: "invitation" });
 * const sealed = await invitations.seal({ email: "alice@example.com" });
 * const opened = await invitations.open(sealed);
 * if (opened.ok) console.log(opened.payload);
 * ```
 * @throws MisuseError (`invalid_config`) when the secret, the purpose or `maxAge` is wrong
 */
export const createSealer = (options: SealerOptions): AppSealer => createAppSealer(options, Date.now);

/**
 * A store in the memory of this process, for tests and for apps with a single process: what is in it is lost on restart.
 *
 * @example
 * ```ts
 * import { createMemoryStore, createSessions } from "latchkey";
 *
 * const sessions = createSessions({ secret: process.env.LATCHKEY_SECRET ?? "", store: createMemoryStore() });
 * ```
 * @param options `now`: milliseconds since the epoch; default `Date.now`
 */
export const createMemoryStore = ({ now = Date.now }: { now?: () => number } = {}): Store =>
  createStore(createMemoryPort(now));
