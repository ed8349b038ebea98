/** Matches the names of latchkey's cookies: `latchkey.<tag>.id.0`, `.tok.0`, `.seen`, `latchkey.end.<time>`, `latchkey.tx.<id>`. */
const latchkeyCookie = /^(?:__Host-)?latchkey\.(?:(tx|end)\.|[^.]+\.(id|tok|seen))/;

/**
 * Counts the bytes of latchkey's cookies in a Cookie header, in all and by cookie kind, separators included.
 * @param {string | undefined} header
 */
export function measureCookies(header) {
  /** @type {Record<string, { cookies: number, bytes: number }>} */
  const kinds = {};
  let bytes = 0;
  for (const pair of (header ?? "").split("; ")) {
    const match = latchkeyCookie.exec(pair.slice(0, pair.indexOf("=")));
    const kind = match?.[1] ?? match?.[2];
    if (kind === undefined) continue;
    const before = kinds[kind] ?? { cookies: 0, bytes: 0 };
    const pairBytes = pair.length + (bytes > 0 ? 2 : 0);
    kinds[kind] = { cookies: before.cookies + 1, bytes: before.bytes + pairBytes };
    bytes += pairBytes;
  }
  return { bytes, kinds };
}
