import type { Jar } from "../cookie/jar.js";
import { encodeIdentity } from "./concerns.js";
import { type Keeper, type KeeperContext, writeConcern } from "./keeping.js";
import { inactiveAt } from "./lifetime.js";
import type { Held } from "./reading.js";
import type { SessionStore, VersionedSession } from "./store.js";

/**
 * Keeps sessions in a store; the cookie then holds only the sealed id and the times.
 *
 * ```ts
 * const sessions = createSessions({ secret, keep: inStore(createMemoryStore()) });
 * ```
 */
export const inStore =
  (store: SessionStore) =>
  <Data, Tokens>(context: KeeperContext): Keeper<Data, Tokens> => {
    const { limits, now } = context;
    /** A store may forget a session that neither limit would let live. */
    const until = (held: Held<Data>) => Math.min(held.ends, inactiveAt(held, limits));
    const seen = (held: Held<Data>) => until({ ...held, seen: now() });

    async function create(jar: Jar, held: Held<Data>, tokens: Tokens | undefined): Promise<Held<Data>> {
      const session = { content: held.content, tokens, writtenAt: held.written };
      await writeConcern(context, jar, "id", held, encodeIdentity({ ...held, content: undefined }));
      await store.create(held.sid, session, until(held));
      return { ...held, stored: { ...session, version: 1 } };
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
          const session = { content, tokens: tokens ? tokens.value : stored.tokens, writtenAt: now() };
          const result = await store.update(held.sid, session, version, seen(held));
          if (result === "updated") return { ...held, content, stored: { ...session, version: version + 1 } };
          stored = result === "conflict" ? await store.read(held.sid) : undefined;
          content = patches.reduce((data, patch) => patch(data), (stored?.content ?? {}) as Data);
        }
        return undefined;
      },
      async touch(held) {
        await store.touch(held.sid, seen(held));
      },
      destroy: (sid) => store.destroy(sid),
    };
  };
