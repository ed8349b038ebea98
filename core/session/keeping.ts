import type { Jar } from "../cookie/jar.js";
import type { Sealer } from "../seal/sealer.js";
import { bind, encodeIdentity, type Identity, tagOf, unbind } from "./concerns.js";
import type { Lifetimes } from "./lifetime.js";
import type { Held, SessionRefusal } from "./reading.js";
import type { VersionedSession } from "./store.js";

/** What one request changed of a session, in the order it was changed. */
interface Change<Data, Tokens> {
  readonly began: boolean;
  readonly patches: ReadonlyArray<(data: Data) => Data>;
  readonly tokens: { readonly value: Tokens | undefined } | undefined;
}

/** Where the content and the tokens of sessions are kept: in their cookies, or in a store. */
export interface Keeper<Data, Tokens> {
  load(identity: Identity): Promise<{ content: unknown; stored?: VersionedSession } | SessionRefusal>;
  tokens(jar: Jar, held: Held<Data>): Promise<Tokens | undefined>;
  /** The session as kept now; undefined when it was ended elsewhere. */
  save(jar: Jar, held: Held<Data>, change: Change<Data, Tokens>): Promise<Held<Data> | undefined>;
  /** A sign of life was written down. */
  touch?(held: Held<Data>): Promise<void>;
  destroy?(sid: string): Promise<void>;
}

/** What a keeper needs to write cookies. */
export interface KeeperContext {
  readonly prefix: string;
  /** One for each concern: what one sealed, no other opens. */
  readonly sealers: { readonly [concern in "id" | "tok" | "seen"]: Sealer };
  readonly limits: Lifetimes;
  now(): number;
  /** Seconds for Max-Age until that time; undefined for cookies that go with the browser. */
  maxAge(until: number): number | undefined;
}

/** The first part of the names of a session's concern. */
const baseOf = ({ prefix }: KeeperContext, { sid }: Identity, concern: "id" | "tok"): string =>
  `${prefix}${tagOf(sid)}.${concern}`;

/** Seals one concern of a session into its cookies. */
export async function writeConcern(
  context: KeeperContext,
  jar: Jar,
  concern: "id" | "tok",
  held: Identity,
  payload: unknown,
): Promise<void> {
  const sealed = await context.sealers[concern].seal(payload, context.now());
  jar.writeChunks(baseOf(context, held, concern), sealed, context.maxAge(held.ends));
}

/** The content with the identity; no tokens: what sessions alone need. */
export const inIdentity = <Data, Tokens>(context: KeeperContext): Keeper<Data, Tokens> => ({
  load: async (identity) => identity,
  tokens: async () => undefined,
  async save(jar, held, { began, patches }) {
    if (!began && patches.length === 0) return held;
    const written = { ...held, written: context.now() };
    await writeConcern(context, jar, "id", written, encodeIdentity(written));
    return written;
  },
});

/** The same, and the tokens in cookies of their own: each is written only when it changed. */
export function inCookies<Data, Tokens>(context: KeeperContext): Keeper<Data, Tokens> {
  const identity = inIdentity<Data, Tokens>(context);
  return {
    ...identity,
    async tokens(jar, held) {
      const { value } = jar.readChunks(baseOf(context, held, "tok")) ?? {};
      const opened = value ? await context.sealers.tok.open(value, context.now()) : undefined;
      return opened?.ok ? (unbind(opened.payload, held.sid) as Tokens) : undefined;
    },
    async save(jar, held, change) {
      const { tokens } = change;
      if (tokens?.value) await writeConcern(context, jar, "tok", held, bind(held.sid, tokens.value));
      else if (tokens) jar.deleteChunks(baseOf(context, held, "tok"));
      return identity.save(jar, held, change);
    },
  };
}
