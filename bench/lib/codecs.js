/**
 * Prepares a codec for timing: derives its keys, and checks that it opens what it sealed.
 * @param {import("../peers/index.js").Peer} peer
 * @returns {Promise<{ seal(): unknown, open(): unknown } | undefined>} undefined if it refuses texts of this size
 */
export async function prepare(peer, session) {
  const codec = await peer.create(session);
  const sealed = await seal(codec);
  if (sealed === undefined || sealed.length > (peer.mostSealed ?? Infinity)) return undefined;
  const opened = await codec.open(sealed);
  // Some libraries add claims or a time.
  const withoutAdditions = Object.fromEntries(Object.keys(session).map((key) => [key, opened?.[key]]));
  if (JSON.stringify(withoutAdditions) !== JSON.stringify(session))
    throw new Error(`${peer.name} opens a different value`);
  return { seal: asText(codec.seal), open: () => codec.open(sealed) };
}

/** The sealed session; undefined if the library refuses to seal one of this size. */
async function seal(codec) {
  try {
    return await codec.seal();
  } catch (error) {
    if (error.code === "value_too_large") return undefined;
    throw error;
  }
}

/**
 * V8 flattens a concatenated string at its first read, for example when a header is written; that cost belongs to sealing.
 * For codecs that return promises it is left out: there it is at most one percent.
 */
function asText(seal) {
  if (typeof seal() !== "string") return seal;
  return () => seal().charCodeAt(0);
}

/** The figure of a round trip: that of sealing and that of opening together. */
export const sumOf = (one, other) => ({
  median: one.median + other.median,
  low: one.low + other.low,
  high: one.high + other.high,
});
