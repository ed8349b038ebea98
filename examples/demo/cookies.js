/** A cookie of latchkey: `latchkey.<tag>.id.0`, `.tok.0`, `.seen`, `latchkey.end.<time>` and `latchkey.tx.<id>`. */
const ours = /^(?:__Host-)?latchkey\.(?:(tx|end)\.|[^.]+\.(id|tok|seen))/;

/**
 * What latchkey's cookies take in a Cookie header, by concern: `name=value`, and the separators
 * between them, as the server receives them.
 * @param {string | undefined} header
 */
export function measure(header) {
  /** @type {Record<string, { cookies: number, bytes: number }>} */
  const concerns = {};
  let bytes = 0;
  for (const pair of (header ?? "").split("; ")) {
    const match = ours.exec(pair.slice(0, pair.indexOf("=")));
    const concern = match?.[1] ?? match?.[2];
    if (concern === undefined) continue;
    const before = concerns[concern] ?? { cookies: 0, bytes: 0 };
    const added = pair.length + (bytes > 0 ? 2 : 0);
    concerns[concern] = { cookies: before.cookies + 1, bytes: before.bytes + added };
    bytes += added;
  }
  return { bytes, concerns };
}
