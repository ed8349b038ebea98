import type { SessionContext } from "./context.js";
import type { SessionDraft } from "./draft.js";
import type { SessionReading } from "./reading.js";

// The tokens of a session with sign-in. An app with sessions alone loads nothing of this file.

/** Tokens by the reading that they belong to, so that each reading opens them once. */
const tokensByReading = /* @__PURE__ */ new WeakMap<object, unknown>();

/** The tokens of the session in a reading. Only the latest reading of a request has them. */
export async function openTokens<Data, Tokens>(
  { storage }: SessionContext<Data, Tokens>,
  reading: SessionReading<Data>,
): Promise<Tokens | undefined> {
  const { jar, session } = reading;
  if (!session) return undefined;
  // Another request may have refreshed them, or ended the session.
  if (storage.isShared) return storage.tokens?.(jar, session);
  if (!tokensByReading.has(reading)) tokensByReading.set(reading, await storage.tokens?.(jar, session));
  return tokensByReading.get(reading) as Tokens | undefined;
}

/**
 * Replaces the tokens of the session in a draft; undefined removes them. Without a session nothing is written.
 * @param merge makes them anew where another request has changed those in the store meanwhile
 */
export function setTokens<Data, Tokens>(
  draft: SessionDraft<Data, Tokens>,
  value: Tokens | undefined,
  merge?: (tokens: Tokens | undefined) => Tokens | undefined,
): void {
  draft.change = { patches: [], ...draft.change, tokens: merge ? { value, merge } : { value } };
}
