import type { Jar } from "../cookie/jar.js";
import { tagOf } from "./cookie-kinds.js";
import { bind, encodeIdentity, type Identity, unbind } from "./identity.js";
import { type StorageBackend, type StorageContext, writerOf } from "./storage.js";

/** Stores the data in the identity cookie, and no tokens: all that sessions without sign-in need. */
export function inIdentity<Data, Tokens>(context: StorageContext): StorageBackend<Data, Tokens> {
  const write = writerOf(context, "id", context.identitySealer);
  return {
    load: (_jar, identity) => identity,
    async save(jar, session, change) {
      if (!change.isNew && !change.patches[0]) return session;
      const written = { ...session, writtenAt: context.now() };
      await write(jar, written, encodeIdentity(written));
      return written;
    },
  };
}

/** Stores the data in the identity cookie and the tokens in cookies of their own; each is written only when it changed. */
export function inCookies<Data, Tokens>(context: StorageContext): StorageBackend<Data, Tokens> {
  const identity = inIdentity<Data, Tokens>(context);
  const sealer = context.sealer("tokens");
  const writeAll = writerOf(context, "tok", sealer);
  const read = async (jar: Jar, session: Identity) => {
    const { value } = jar.readChunks(context.nameOf(tagOf(session.id), "tok"));
    return unbind(await sealer.open(value, context.now()), session.id) as Tokens | undefined;
  };
  const write = (jar: Jar, session: Identity, tokens: Tokens, keepsIdToken = true) =>
    writeAll(jar, session, bind(session.id, keepsIdToken ? tokens : { ...tokens, idToken: undefined }));
  return {
    ...identity,
    tokens: read,
    async lighten(jar, session, { tokens }) {
      const value = (tokens?.value ?? (await read(jar, session))) as { readonly idToken?: unknown } | undefined;
      if (value?.idToken === undefined) return false;
      await write(jar, session, value as Tokens, false);
      return true;
    },
    async save(jar, session, change) {
      const { tokens } = change;
      if (tokens?.value) await write(jar, session, tokens.value, context.keepIdToken);
      else if (tokens) jar.deleteChunks(context.nameOf(tagOf(session.id), "tok"));
      return identity.save(jar, session, change);
    },
  };
}
