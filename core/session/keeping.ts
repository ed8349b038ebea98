import type { Jar } from "../cookie/jar.js";
import { decodeBound, encodeBound, encodeIdentity, type Identity, tagOf } from "./concerns.js";
import { inactiveAt, type Lifetimes } from "./lifetime.js";
import type { Held, SessionRefusal } from "./reading.js";
import type { Sealers } from "./sessions.js";
import type { SessionStore, VersionedSession } from "./store.js";

/** What one request changed of a session, in the order it was changed. */
export interface Change<Data, Tokens> {
  readonly began: boolean;
  readonly patches: ReadonlyArray<(data: Data) => Data>;
  readonly tokens: { readonly value: Tokens | undefined } | undefined;
}

/** What came of saving: the session as kept now, or the bytes that no cookies of ours can hold, or `gone`: ended elsewhere. */
export type Saved<Data> = { readonly held: Held<Data> } | { readonly bytes: number } | "gone";

/** Where the content and the tokens of sessions are kept: in their cookies, or in a store. */
export interface Keeper<Data, Tokens> {
  load(identity: Identity): Promise<{ content: unknown; stored?: VersionedSession } | SessionRefusal>;
  tokens(jar: Jar, held: Held<Data>): Promise<Tokens | undefined>;
  save(jar: Jar, held: Held<Data>, change: Change<Data, Tokens>): Promise<Saved<Data>>;
  /** A sign of life was written down. */
  touch(held: Held<Data>): Promise<void>;
  destroy(sid: string): Promise<void>;
}

/** What both keepers need to write cookies. */
export interface KeeperContext {
  readonly prefix: string;
  readonly sealers: Sealers;
  readonly limits: Lifetimes;
  now(): number;
  /** Seconds for Max-Age until that time; undefined for cookies that go with the browser. */
  maxAge(until: number): number | undefined;
}

/** Undefined when written, else the bytes that did not fit. */
async function writeIdentity(context: KeeperContext, jar: Jar, identity: Identity): Promise<number | undefined> {
  const sealed = await context.sealers.id.seal(encodeIdentity(identity), context.now());
  const base = `${context.prefix}${tagOf(identity.sid)}.id`;
  return jar.writeChunks(base, sealed, context.maxAge(identity.endsAt)) ? undefined : sealed.length;
}

/** Everything in the cookies: the identity with its content in one, the tokens in another, each written only when it changed. */
export function cookieKeeper<Data, Tokens>(context: KeeperContext): Keeper<Data, Tokens> {
  const { sealers } = context;
  const base = (sid: string) => `${context.prefix}${tagOf(sid)}.tok`;

  async function writeTokens(
    jar: Jar,
    { sid, endsAt }: Identity,
    value: Tokens | undefined,
  ): Promise<number | undefined> {
    if (value === undefined) {
      jar.deleteChunks(base(sid));
      return undefined;
    }
    const sealed = await sealers.tok.seal(encodeBound(sid, value), context.now());
    return jar.writeChunks(base(sid), sealed, context.maxAge(endsAt)) ? undefined : sealed.length;
  }

  return {
    load: async ({ content }) => ({ content }),
    async tokens(jar, { sid }) {
      const chunks = jar.readChunks(base(sid));
      const opened = chunks?.ok ? await sealers.tok.open(chunks.value, context.now()) : undefined;
      return opened?.ok ? (decodeBound(opened.payload, sid) as Tokens | undefined) : undefined;
    },
    async save(jar, held, { began, patches, tokens }) {
      const written = began || patches.length > 0 ? { ...held, writtenAt: context.now() } : held;
      const surplus =
        (written === held ? undefined : await writeIdentity(context, jar, written)) ??
        (tokens && (await writeTokens(jar, held, tokens.value)));
      return surplus === undefined ? { held: written } : { bytes: surplus };
    },
    touch: async () => {},
    destroy: async () => {},
  };
}

/** The cookie holds the sealed id and the times; content and tokens are in the store, updated by version. */
export function storeKeeper<Data, Tokens>(context: KeeperContext, store: SessionStore): Keeper<Data, Tokens> {
  /** A store may forget a session that neither limit would let live. */
  const until = (held: Held<Data>) => Math.min(held.endsAt, inactiveAt(held, context.limits));

  async function create(jar: Jar, held: Held<Data>, tokens: Tokens | undefined): Promise<Saved<Data>> {
    const session = { content: held.content, tokens, writtenAt: held.writtenAt };
    await writeIdentity(context, jar, { ...held, content: undefined });
    await store.create(held.sid, session, until(held));
    return { held: { ...held, stored: { ...session, version: 1 } } };
  }

  return {
    async load({ sid }) {
      const stored = await store.read(sid);
      return stored ? { content: stored.content, stored } : "revoked";
    },
    tokens: async (_jar, { stored }) => stored?.tokens as Tokens | undefined,
    async save(jar, held, { began, patches, tokens }) {
      if (began) return create(jar, held, tokens?.value);
      // The first try is on what this request read; after a conflict the patches go onto what is there now.
      let stored: VersionedSession | undefined = held.stored;
      let content = held.content;
      while (stored) {
        const { version } = stored;
        const session = { content, tokens: tokens ? tokens.value : stored.tokens, writtenAt: context.now() };
        const result = await store.update(held.sid, session, version, until({ ...held, seenAt: context.now() }));
        if (result === "updated") return { held: { ...held, content, stored: { ...session, version: version + 1 } } };
        stored = result === "conflict" ? await store.read(held.sid) : undefined;
        content = patches.reduce((data, patch) => patch(data), (stored?.content ?? {}) as Data);
      }
      return "gone";
    },
    async touch(held) {
      await store.touch(held.sid, until({ ...held, seenAt: context.now() }));
    },
    destroy: (sid) => store.destroy(sid),
  };
}
