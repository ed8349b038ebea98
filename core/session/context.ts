import { type CookieAttributes, checkCookie } from "../cookie/header.js";
import { must } from "../errors.js";
import type { UntimedEvent } from "../events.js";
import type { Ports } from "../ports.js";
import { createSealer, MAX_SEALED, type Sealer } from "../seal/sealer.js";
import { type ParsedName, parseName } from "./cookie-kinds.js";
import { lifetimesOf } from "./lifetime.js";
import type { SessionsOptions } from "./options.js";
import type { SessionRefusal } from "./refusal.js";
import type { StandardSchema } from "./schema.js";
import type { CreateStorage, StorageBackend, StorageContext } from "./storage.js";

/** What all requests of one app share about sessions. It is made once and never changes. */
export interface SessionContext<Data, Tokens = unknown> extends StorageContext {
  /** The first part of every cookie name of latchkey: `__Host-latchkey.` */
  readonly prefix: string;
  readonly attributes: CookieAttributes;
  readonly maxCookieBytes: number;
  readonly schema: StandardSchema<Data> | undefined;
  /** Why a session with this content counts as none; undefined if it counts. */
  readonly refusalOf: ((content: Data) => SessionRefusal | undefined) | undefined;
  readonly storage: StorageBackend<Data, Tokens>;
  /** Seals activity stamps. */
  readonly stampSealer: Sealer;
  /** What a full cookie name says. */
  parse(name: string): ParsedName | undefined;
  random(bytes: number): Uint8Array;
  readonly emit: (event: UntimedEvent) => void;
}

/** The parts in which sessions with sign-in and sessions alone differ. `codec` and `name` are used if the app sets no other. */
export interface SessionDefaults extends Required<Pick<SessionsOptions<unknown>, "codec">> {
  /** The first part of cookie names. */
  readonly name: string;
  readonly storage: CreateStorage;
}

/**
 * Checks the options of an app's sessions and derives what every request uses.
 * @throws MisuseError (`invalid_config`) when an option is wrong; the message says what to change.
 */
export function createSessionContext<Data, Tokens = unknown>(
  options: SessionsOptions<Data> & {
    readonly keepIdToken?: boolean | undefined;
    readonly refusalOf?: SessionContext<Data>["refusalOf"];
  },
  defaults: SessionDefaults,
  ports: Pick<Ports, "now" | "random">,
  emit: (event: UntimedEvent) => void,
): SessionContext<Data, Tokens> {
  const { secret, purpose = "", cookie = {}, maxCookieBytes = 7600, schema, codec = defaults.codec } = options;
  const { name = defaults.name, sameSite = "lax", secure = true, persistent = true, ...rest } = cookie;
  const { now, random } = ports;
  const limits = lifetimesOf(options);
  const attributes = { ...rest, secure, sameSite };
  // RFC 6265bis 4.1.3: `__Host-` needs Secure, Path=/ and no Domain.
  const prefix = `${secure ? (rest.domain ? "__Secure-" : "__Host-") : ""}${name}.`;
  checkCookie(prefix, attributes);
  must(maxCookieBytes > 0 && maxCookieBytes <= MAX_SEALED, `maxCookieBytes must be 1 to ${MAX_SEALED} bytes`);
  const sealer = (kind: string, longest?: number) =>
    createSealer(secret, `session ${kind} ${purpose}`, limits.absolute / 1000, codec, longest);
  const forStorage: StorageContext = {
    nameOf: (tag, kind) => `${prefix + tag}.${kind}`,
    identitySealer: sealer("identity"),
    sealer,
    limits,
    keepIdToken: options.keepIdToken,
    now,
    maxAge: (until) => (persistent ? Math.max(1, Math.ceil((until - now()) / 1000)) : undefined),
  };
  return {
    ...forStorage,
    prefix,
    attributes,
    maxCookieBytes,
    schema,
    refusalOf: options.refusalOf,
    storage: defaults.storage(forStorage),
    stampSealer: sealer("activity"),
    parse: (name) => parseName(name.slice(prefix.length)),
    random,
    emit,
  };
}
