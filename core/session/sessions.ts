import { type Awaitable, chain } from "../awaitable.js";
import { type CookieAttributes, checkCookie } from "../cookie/header.js";
import { createJar } from "../cookie/jar.js";
import { must } from "../errors.js";
import type { UntimedEvent } from "../events.js";
import type { Ports } from "../ports.js";
import { type Codec, createSealer, MAX_SEALED, type Sealer } from "../seal/sealer.js";
import { type ParsedName, parseName } from "./concerns.js";
import type { SessionStorage, StorageContext } from "./keeping.js";
import { type LifetimeOptions, lifetimesOf } from "./lifetime.js";
import { readSession } from "./reading.js";
import type { StandardSchema } from "./schema.js";
import { type RequestSession, Scope } from "./scope.js";

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
  /** Whose sessions these are: those of one purpose do not open for another. @default "" */
  purpose?: string;
  cookie?: CookieOptions;
  /** Bytes that all our cookies together may take in a Cookie header. 16,384 at most. @default 7600 */
  maxCookieBytes?: number;
  /** Checked whenever a session is opened; one that does not fit counts as absent (`invalid_content`). */
  schema?: StandardSchema<Data>;
  /** Where sessions are kept: `inStore(store)` for the server, the cookie then holding only the sealed id. @default all in the cookies */
  storage?: <D, T>(context: StorageContext) => SessionStorage<D, T>;
  /** How the data becomes bytes. `packed` keeps tokens (JWTs) in it as the bytes they stand for, a quarter shorter. @default JSON text */
  codec?: Codec;
}

/** Sessions of one app. */
export interface Sessions<Data, Tokens = unknown> {
  /** Opens the session in a Cookie header; at once where nothing is to be waited for. Never throws for what a client sent. */
  load(cookieHeader: string | null | undefined): Awaitable<RequestSession<Data, Tokens>>;
  /** The full name of a cookie of ours: `tx.abc` -> `__Host-latchkey.tx.abc`. */
  cookieName(rest: string): string;
}

/** What the files of this room share: made once, never changed. */
export interface SessionContext<Data, Tokens = unknown> extends StorageContext {
  readonly maxCookieBytes: number;
  readonly schema: StandardSchema<Data> | undefined;
  readonly keeper: SessionStorage<Data, Tokens>;
  readonly stamps: Sealer;
  /** What a full name of ours is for. */
  parse(name: string): ParsedName;
  random(bytes: number): Uint8Array;
  readonly emit: (event: UntimedEvent) => void;
}

/**
 * Encrypted sessions in cookies. `Opened`: what a request is given; whoever asks for several things at once needs it queued.
 * @throws MisuseError (`invalid_config`) when an option is wrong; the message says what to change.
 */
export function createSessions<Data, Tokens = unknown>(
  options: SessionsOptions<Data> & Required<Pick<SessionsOptions<Data>, "storage" | "codec">>,
  ports: Pick<Ports, "now" | "random">,
  emit: (event: UntimedEvent) => void,
  Opened: new (...read: ConstructorParameters<typeof Scope<Data, Tokens>>) => RequestSession<Data, Tokens> = Scope,
): Sessions<Data, Tokens> {
  const { secret, purpose = "", cookie = {}, maxCookieBytes = 7600, schema, storage, codec } = options;
  const { name = "latchkey", sameSite = "lax", secure = true, persistent = true, ...rest } = cookie;
  const { now, random } = ports;
  const limits = lifetimesOf(options);
  const attributes = { ...rest, secure, sameSite };
  // RFC 6265bis 4.1.3: `__Host-` needs Secure, Path=/ and no Domain.
  const prefix = `${secure ? (rest.domain ? "__Secure-" : "__Host-") : ""}${name}.`;
  checkCookie(prefix, attributes);
  must(maxCookieBytes > 0 && maxCookieBytes <= MAX_SEALED, `maxCookieBytes must be 1 to ${MAX_SEALED} bytes`);
  const sealer = (kind: string) => createSealer(secret, `session ${kind} ${purpose}`, limits.absolute / 1000, codec);
  const keeperContext: StorageContext = {
    nameOf: (...parts) => prefix + parts.join("."),
    identities: sealer("identity"),
    sealer,
    limits,
    now,
    maxAge: (until) => (persistent ? Math.max(1, Math.ceil((until - now()) / 1000)) : undefined),
  };
  const context: SessionContext<Data, Tokens> = {
    ...keeperContext,
    maxCookieBytes,
    schema,
    keeper: storage(keeperContext),
    stamps: sealer("activity"),
    parse: (name) => parseName(name.slice(prefix.length)),
    random,
    emit,
  };
  return {
    load(cookieHeader) {
      const jar = createJar(cookieHeader, prefix, attributes);
      return chain(readSession(context, jar), (reading) => {
        if (reading.held) emit({ type: "session_opened" });
        else if (reading.reason) emit({ type: "session_refused", reason: reading.reason });
        return new Opened(context, jar, reading);
      });
    },
    cookieName: (rest) => prefix + rest,
  };
}
