import type { Jar } from "../cookie/jar.js";
import { encodeIdentity } from "./identity.js";
import { type Session, withLimits } from "./lifetime.js";
import type { SessionStorage } from "./options.js";
import { type StorageBackend, type StorageContext, writerOf } from "./storage.js";
import type { SessionStore, VersionedSession } from "./store.js";

/**
 * Stores sessions on the server, in `store`; the cookie then holds only the sealed id and the times.
 *
 * @example
 * ```ts
 * import { createMemoryStore, createSessions, inStore } from "latchkey";
 *
 * const sessions = createSessions({ secret: process.env.LATCHKEY_SECRET ?? "", storage: inStore(createMemoryStore()) });
 * ```
 */
export const inStore =
  (store: SessionStore): SessionStorage =>
  <Data, Tokens>(context: StorageContext): StorageBackend<Data, Tokens> => {
    const { limits, now } = context;
    const write = writerOf(context, "id", context.identitySealer);
    /** The stored session of each request, by its jar. */
    const storedOf = new WeakMap<Jar, VersionedSession>();
    /** The end of the session with its activity of now, after which the store may forget it. */
    const untilNext = (session: Session<Data>) => withLimits(session, now(), limits).expiresAt;

    async function create(jar: Jar, session: Session<Data>, tokens: Tokens | undefined): Promise<Session<Data>> {
      const { id, data, writtenAt } = session;
      await write(jar, session, encodeIdentity({ ...session, data: undefined }));
      await store.create(id, { content: data, tokens, writtenAt }, session.expiresAt);
      storedOf.set(jar, { content: data, tokens, writtenAt, version: 1 });
      return session;
    }

    return {
      async load(jar, { id }) {
        const stored = await store.read(id);
        if (!stored) return "revoked";
        storedOf.set(jar, stored);
        return { data: stored.content };
      },
      tokens: async (jar) => storedOf.get(jar)?.tokens as Tokens | undefined,
      async save(jar, session, change) {
        const { isNew, tokens } = change;
        if (isNew) return create(jar, session, tokens?.value);
        // The first try updates the version that this request read. After a conflict the patches are applied to the new version.
        let stored: VersionedSession | undefined = storedOf.get(jar);
        let data = session.data;
        while (stored) {
          const { version } = stored;
          const next = { content: data, tokens: tokens ? tokens.value : stored.tokens, writtenAt: now() };
          const result = await store.update(session.id, next, version, untilNext(session));
          if (result === "updated") {
            storedOf.set(jar, { ...next, version: version + 1 });
            return { ...session, data };
          }
          stored = result === "conflict" ? await store.read(session.id) : undefined;
          // If the session was ended meanwhile, there is no data to apply patches to.
          if (stored) data = change.patches.reduce((before, patch) => patch(before), stored.content as Data);
        }
        return undefined;
      },
      async touch(session) {
        await store.touch(session.id, untilNext(session));
      },
      destroy: (id) => store.destroy(id),
    };
  };
