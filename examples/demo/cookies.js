/** A cookie of latchkey: `latchkey.<tag>.id.0`, `latchkey.<tag>.seen`, `latchkey.since`, `latchkey.tx.<id>`. */
const ours = /^(?:__Host-)?latchkey\.(?:(tx)\.|(since)$|[^.]+\.(id|tok|seen))/;

/**
 * What latchkey's cookies take in a Cookie header, by concern: `name=value` and the separator, as the server receives them.
 * @param {string | undefined} header
 */
export function measure(header) {
  /** @type {Record<string, { cookies: number, bytes: number }>} */
  const concerns = {};
  let bytes = 0;
  for (const pair of (header ?? "").split("; ")) {
    const match = ours.exec(pair.slice(0, pair.indexOf("=")));
    const concern = match?.[1] ?? match?.[2] ?? match?.[3];
    if (concern === undefined) continue;
    const before = concerns[concern] ?? { cookies: 0, bytes: 0 };
    concerns[concern] = { cookies: before.cookies + 1, bytes: before.bytes + pair.length + 2 };
    bytes += pair.length + 2;
  }
  return { bytes, concerns };
}
