import type { SessionContext } from "./context.js";
import type { WriteQueue } from "./write-queue.js";

/** Tokens by the reading that they belong to, so that each reading opens them once. */
const opened = /* @__PURE__ */ new WeakMap<object, unknown>();

/** The tokens of the session, after the writes that are under way. */
export const openTokens = <Data, Tokens>(
  { storage }: SessionContext<Data, Tokens>,
  queue: WriteQueue<Data, Tokens>,
): Promise<Tokens | undefined> =>
  queue.run(async () => {
    const { reading } = queue;
    if (!reading.session) return undefined;
    if (!opened.has(reading)) opened.set(reading, await storage.tokens?.(reading.jar, reading.session));
    return opened.get(reading) as Tokens | undefined;
  });
