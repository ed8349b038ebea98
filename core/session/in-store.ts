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
 * const sessions = createSessions({ secret: process.env.LATCHKEY_SECRET ?? "", storage: inStore(createMemoryStore()) });
 * ```
 */
export const inStore =
  (store: SessionStore): SessionStorage =>
  <Data, Tokens>(context: StorageContext): StorageBackend<Data, Tokens> => {
    const { limits, now } = context;
    const write = writerOf(context, "id", context.identities);
    /** What the store had for a request, by its jar. */
    const known = new WeakMap<Jar, VersionedSession>();
    /** A store may forget a session that neither limit would let live. */
    const until = ({ endsAt, inactiveAt }: Session<Data>) => Math.min(endsAt, inactiveAt);
    const untilNext = (session: Session<Data>) => until(withLimits(session, now(), limits));

    async function create(jar: Jar, session: Session<Data>, tokens: Tokens | undefined): Promise<Session<Data>> {
      const { id, data, writtenAt } = session;
      await write(jar, session, encodeIdentity({ ...session, data: undefined }));
      await store.create(id, { content: data, tokens, writtenAt }, until(session));
      known.set(jar, { content: data, tokens, writtenAt, version: 1 });
      return session;
    }

    return {
      async load(jar, { id }) {
        const stored = await store.read(id);
        if (!stored) return "revoked";
        known.set(jar, stored);
        return { data: stored.content };
      },
      tokens: async (jar) => known.get(jar)?.tokens as Tokens | undefined,
      async save(jar, session, change) {
        const { tokens } = change;
        if (change.kind === "begin") return create(jar, session, tokens?.value);
        // The first try is on what this request read; after a conflict the patches go onto what is there now.
        let stored: VersionedSession | undefined = known.get(jar);
        let data = session.data;
        while (stored) {
          const { version } = stored;
          const next = { content: data, tokens: tokens ? tokens.value : stored.tokens, writtenAt: now() };
          const result = await store.update(session.id, next, version, untilNext(session));
          if (result === "updated") {
            known.set(jar, { ...next, version: version + 1 });
            return { ...session, data };
          }
          stored = result === "conflict" ? await store.read(session.id) : undefined;
          // A session that was ended meanwhile has no data that a patch could be applied to.
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
