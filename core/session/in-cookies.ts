import { tagOf } from "./cookie-kinds.js";
import { bind, encodeIdentity, unbind } from "./identity.js";
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
  const write = writerOf(context, "tok", sealer);
  return {
    ...identity,
    async tokens(jar, session) {
      const { value } = jar.readChunks(context.nameOf(tagOf(session.id), "tok"));
      return unbind(await sealer.open(value, context.now()), session.id) as Tokens | undefined;
    },
    async save(jar, session, change) {
      const { tokens } = change;
      if (tokens?.value) await write(jar, session, bind(session.id, tokens.value));
      else if (tokens) jar.deleteChunks(context.nameOf(tagOf(session.id), "tok"));
      return identity.save(jar, session, change);
    },
  };
}
