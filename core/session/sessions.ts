import { type CookieAttributes, checkCookie } from "../cookie/header.js";
import { createJar } from "../cookie/jar.js";
import { MisuseError } from "../errors.js";
import type { UntimedEvent } from "../events.js";
import type { Ports } from "../ports.js";
import { createSealer, type Sealer } from "../seal/sealer.js";
import { cookieKeeper, type Keeper, type KeeperContext, storeKeeper } from "./keeping.js";
import { type LifetimeOptions, lifetimesOf } from "./lifetime.js";
import { readSession } from "./reading.js";
import type { StandardSchema } from "./schema.js";
import { openScope, type SessionScope } from "./scope.js";
import type { SessionStore } from "./store.js";

/** How a session's cookies are named and sent. They are always HttpOnly. */
export interface CookieOptions {
  /** First part of every name, after `__Host-`. @default "latchkey" */
  name?: string;
  /** @default "lax" */
  sameSite?: CookieAttributes["sameSite"];
  /** Lets sub-domains see the session; the names then begin with `__Secure-`. @default this host alone */
  domain?: string;
  /** Only true origins need it: false is for plain http on a loopback host. @default true */
  secure?: boolean;
  /** CHIPS: for apps that live in other sites' frames; needs `sameSite: "none"`. @default false */
  partitioned?: boolean;
  /** False: gone when the browser closes. @default true */
  persistent?: boolean;
}

/** What {@link createSessions} takes. */
export interface SessionsOptions<Data> extends LifetimeOptions {
  /** At least 32 characters each, newest first: the first seals, all open. `npx latchkey secret` prints one. */
  secret: string | readonly string[];
  cookie?: CookieOptions;
  /** Bytes that all our cookies together may take in a Cookie header. @default 7600 */
  budget?: number;
  /** Checked whenever a session is opened; one that does not fit counts as absent (`invalid_content`). */
  schema?: StandardSchema<Data>;
  /** Keeps sessions on the server; the cookie then holds only the sealed id. @default none: all in the cookies */
  store?: SessionStore;
}

/** Sessions of one app. */
export interface Sessions<Data, Tokens = unknown> {
  /** Opens the session in a Cookie header. Never throws for what a client sent. */
  load(cookieHeader: string | null | undefined): Promise<SessionScope<Data, Tokens>>;
  /** The full name of a cookie of ours: `tx.abc` -> `__Host-latchkey.tx.abc`. */
  cookieName(rest: string): string;
}

/** One sealer for each concern: what one sealed, no other opens. */
export interface Sealers {
  readonly id: Sealer;
  readonly tok: Sealer;
  readonly seen: Sealer;
}

/** What the files of this room share: made once, never changed. */
export interface SessionContext<Data, Tokens = unknown> extends KeeperContext {
  readonly budget: number;
  readonly schema: StandardSchema<Data> | undefined;
  readonly keeper: Keeper<Data, Tokens>;
  readonly ports: Pick<Ports, "now" | "random">;
  readonly emit: (event: UntimedEvent) => void;
}

/**
 * Encrypted sessions in cookies.
 * @throws MisuseError (`ERR_CONFIG`) when an option is wrong; the message says what to change.
 */
export function createSessions<Data, Tokens = unknown>(
  options: SessionsOptions<Data>,
  ports: Pick<Ports, "now" | "random">,
  emit: (event: UntimedEvent) => void = () => {},
): Sessions<Data, Tokens> {
  const { secret, cookie = {}, budget = 7600, schema, store } = options;
  const limits = lifetimesOf(options);
  const attributes = attributesOf(cookie);
  const prefix = prefixOf(cookie.name ?? "latchkey", attributes);
  checkCookie(`${prefix}name`, attributes);
  if (!(Number.isInteger(budget) && budget >= 1000)) {
    throw new MisuseError("ERR_CONFIG", "latchkey: budget must be a number of bytes, at least 1000");
  }
  const maxAge = limits.absolute / 1000;
  const sealers = {
    id: createSealer({ secret, purpose: "identity", maxAge }),
    tok: createSealer({ secret, purpose: "tokens", maxAge }),
    seen: createSealer({ secret, purpose: "activity", maxAge }),
  };
  const shared: KeeperContext = {
    prefix,
    sealers,
    limits,
    now: ports.now,
    maxAge: (until) => (cookie.persistent === false ? undefined : Math.max(1, Math.ceil((until - ports.now()) / 1000))),
  };
  const keeper = store ? storeKeeper<Data, Tokens>(shared, store) : cookieKeeper<Data, Tokens>(shared);
  const context: SessionContext<Data, Tokens> = { ...shared, budget, schema, keeper, ports, emit };
  return {
    async load(cookieHeader) {
      const jar = createJar(cookieHeader, { prefix, attributes });
      const reading = await readSession(context, jar);
      if (reading.held) emit({ type: "session_opened" });
      else if (reading.reason) emit({ type: "session_refused", reason: reading.reason });
      return openScope(context, jar, reading);
    },
    cookieName: (rest) => prefix + rest,
  };
}

/** RFC 6265bis 4.1.3: `__Host-` needs Secure, Path=/ and no Domain. */
const prefixOf = (name: string, { secure, domain }: CookieAttributes): string =>
  `${secure ? (domain ? "__Secure-" : "__Host-") : ""}${name}.`;

const attributesOf = ({ sameSite = "lax", domain, secure = true, partitioned = false }: CookieOptions) =>
  ({ path: "/", secure, sameSite, partitioned, ...(domain ? { domain } : {}) }) satisfies CookieAttributes;
