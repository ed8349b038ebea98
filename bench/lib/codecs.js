/**
 * A codec that is ready to be timed: its keys are warm, and what it opened was what it had sealed.
 * @param {import("../peers/index.js").Peer} peer
 * @returns {Promise<{ seal(): unknown, open(): unknown } | undefined>} undefined when it does not open texts of this size
 */
export async function prepare(peer, session) {
  const codec = await peer.create(session);
  const sealed = await codec.seal();
  if (sealed.length > (peer.mostSealed ?? Infinity)) return undefined;
  const opened = await codec.open(sealed);
  // Some add claims or a time of their own.
  const kept = Object.fromEntries(Object.keys(session).map((key) => [key, opened?.[key]]));
  if (JSON.stringify(kept) !== JSON.stringify(session)) throw new Error(`${peer.name} gives back something else`);
  return { seal: asText(codec.seal), open: () => codec.open(sealed) };
}

/**
 * Strings that were added up are laid out when they are first read, as by whoever writes a header: that belongs to sealing.
 * Behind a promise it is left out, where it is a hundredth at most.
 */
function asText(seal) {
  if (typeof seal() !== "string") return seal;
  return () => seal().charCodeAt(0);
}

/** Sealing and opening, one after the other. */
export const added = (one, other) => ({
  median: one.median + other.median,
  low: one.low + other.low,
  high: one.high + other.high,
});
