import type { Jar } from "../cookie/jar.js";
import { bind, encodeIdentity, type Identity, tagOf, unbind } from "./concerns.js";
import type { Lifetimes } from "./lifetime.js";
import type { Held, SessionRefusal } from "./reading.js";
import type { Sealers } from "./sessions.js";
import type { VersionedSession } from "./store.js";

/** What one request changed of a session, in the order it was changed. */
interface Change<Data, Tokens> {
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
  touch?(held: Held<Data>): Promise<void>;
  destroy?(sid: string): Promise<void>;
}

/** What a keeper needs to write cookies. */
export interface KeeperContext {
  readonly prefix: string;
  readonly sealers: Sealers;
  readonly limits: Lifetimes;
  now(): number;
  /** Seconds for Max-Age until that time; undefined for cookies that go with the browser. */
  maxAge(until: number): number | undefined;
}

/** Undefined when written, else the bytes that did not fit. */
export async function writeConcern(
  { prefix, sealers, now, maxAge }: KeeperContext,
  jar: Jar,
  concern: "id" | "tok",
  { sid, ends }: Identity,
  payload: unknown,
): Promise<number | undefined> {
  const sealed = await sealers[concern].seal(payload, now());
  return jar.writeChunks(`${prefix}${tagOf(sid)}.${concern}`, sealed, maxAge(ends)) ? undefined : sealed.length;
}

/** Everything in the cookies: the identity with its content in one, the tokens in another, each written only when it changed. */
export function inCookies<Data, Tokens>(context: KeeperContext): Keeper<Data, Tokens> {
  const base = ({ sid }: Identity) => `${context.prefix}${tagOf(sid)}.tok`;
  return {
    load: async ({ content }) => ({ content }),
    async tokens(jar, held) {
      const { value } = jar.readChunks(base(held)) ?? {};
      const opened = value ? await context.sealers.tok.open(value, context.now()) : undefined;
      return opened?.ok ? (unbind(opened.payload, held.sid) as Tokens) : undefined;
    },
    async save(jar, held, { began, patches, tokens }) {
      const written = began || patches.length > 0 ? { ...held, written: context.now() } : held;
      let bytes = written === held ? undefined : await writeConcern(context, jar, "id", held, encodeIdentity(written));
      if (tokens?.value) bytes ??= await writeConcern(context, jar, "tok", held, bind(held.sid, tokens.value));
      else if (tokens) jar.deleteChunks(base(held));
      return bytes ? { bytes } : { held: written };
    },
  };
}
