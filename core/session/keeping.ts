import type { Awaitable } from "../awaitable.js";
import type { Jar } from "../cookie/jar.js";
import type { Sealer } from "../seal/sealer.js";
import { bind, type CookieKind, encodeIdentity, type Identity, tagOf, unbind } from "./concerns.js";
import type { Lifetimes, Session } from "./lifetime.js";
import type { SessionRefusal } from "./reading.js";

/** What one request changed of a session, in the order it was changed. */
export interface Change<Data, Tokens> {
  began?: boolean;
  patches: Array<(data: Data) => Data>;
  tokens?: { readonly value: Tokens | undefined } | undefined;
}

/** Where the data and the tokens of sessions are kept: in their cookies, or in a store. */
export interface SessionStorage<Data, Tokens> {
  load(jar: Jar, identity: Identity): Awaitable<{ data: unknown } | SessionRefusal>;
  tokens?(jar: Jar, session: Identity): Promise<Tokens | undefined>;
  /** The session as kept now; undefined when it was ended elsewhere. */
  save(jar: Jar, session: Session<Data>, change: Change<Data, Tokens>): Promise<Session<Data> | undefined>;
  /** A sign of life was written down. */
  touch?(session: Session<Data>): Promise<void>;
  destroy?(id: string): Promise<void>;
}

/** What a keeper needs to write cookies. */
export interface StorageContext {
  /** The full name of a cookie: of a session's concern by its tag, or of an end by its time. */
  nameOf(...parts: readonly [tag: string, concern: CookieKind] | readonly ["end", time: number]): string;
  readonly identities: Sealer;
  /** One for each other concern: what one sealed, no other opens. */
  sealer(purpose: "tokens" | "activity"): Sealer;
  readonly limits: Lifetimes;
  now(): number;
  /** Seconds for Max-Age until that time; undefined for cookies that go with the browser. */
  maxAge(until: number): number | undefined;
}

/** Writes one concern of a session into its cookies, sealed. */
export const writerOf =
  (context: StorageContext, concern: "id" | "tok", { seal }: Sealer) =>
  async (jar: Jar, session: Identity, payload: unknown): Promise<void> =>
    jar.writeChunks(
      context.nameOf(tagOf(session.id), concern),
      await seal(payload, context.now()),
      context.maxAge(session.endsAt),
    );

/** The data with the identity; no tokens: what sessions alone need. */
export function inIdentity<Data, Tokens>(context: StorageContext): SessionStorage<Data, Tokens> {
  const write = writerOf(context, "id", context.identities);
  return {
    load: (_jar, identity) => identity,
    async save(jar, session, { began, patches }) {
      if (!began && patches.length === 0) return session;
      const written = { ...session, writtenAt: context.now() };
      await write(jar, written, encodeIdentity(written));
      return written;
    },
  };
}

/** The same, and the tokens in cookies of their own: each is written only when it changed. */
export function inCookies<Data, Tokens>(context: StorageContext): SessionStorage<Data, Tokens> {
  const identity = inIdentity<Data, Tokens>(context);
  const sealer = context.sealer("tokens");
  const write = writerOf(context, "tok", sealer);
  return {
    ...identity,
    async tokens(jar, session) {
      const { value } = jar.readChunks(context.nameOf(tagOf(session.id), "tok")) ?? {};
      const opened = value ? await sealer.open(value, context.now()) : undefined;
      return unbind(opened, session.id) as Tokens | undefined;
    },
    async save(jar, session, change) {
      const { tokens } = change;
      if (tokens?.value) await write(jar, session, bind(session.id, tokens.value));
      else if (tokens) jar.deleteChunks(context.nameOf(tagOf(session.id), "tok"));
      return identity.save(jar, session, change);
    },
  };
}
