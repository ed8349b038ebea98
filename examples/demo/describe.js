/** "id_token" as "id token". @param {string} name */
export const words = (name) => name.replaceAll("_", " ");

/** "123 B" under a kilobyte, "4.1 kB" above. @param {number} bytes */
export const size = (bytes) => (bytes < 1000 ? `${bytes} B` : `${(bytes / 1000).toFixed(1)} kB`);

/** "12 ms" under a second, "3.4 s" above. @param {number} ms */
export const duration = (ms) => (ms < 1000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`);

/**
 * An event in a few words. Only fields that are known to hold neither a secret nor a token are looked at.
 * @param {any} event
 * @returns {{ what: string, to?: string, detail: string }} of a transition, `to` is the state it led to
 */
export function describe(event) {
  switch (event.type) {
    case "transition":
      return { what: `${event.machine}: ${words(event.from)}`, to: words(event.to), detail: words(event.event) };
    case "cookies_written":
      return { what: "cookies written", detail: `${event.names.length} Set-Cookie, then ${size(event.bytes)} in all` };
    case "session_refused":
      return { what: "session refused", detail: words(event.reason) };
    case "failed":
      return { what: "failed", detail: words(event.code) };
    default:
      return { what: words(event.type), detail: "" };
  }
}

/**
 * The last events, newest first; the same thing several times in a row is one line with a count.
 * @param {any[]} events @param {number} count
 */
export function summarize(events, count) {
  /** @type {Array<{ at: number, what: string, to?: string, detail: string, type: string, times: number }>} */
  const lines = [];
  for (const event of events.toReversed()) {
    const line = { at: event.at, type: event.type, times: 1, ...describe(event) };
    const last = lines.at(-1);
    if (last && last.what === line.what && last.to === line.to && last.detail === line.detail) last.times += 1;
    else if (lines.push(line) > count) break;
  }
  return lines.slice(0, count);
}

/**
 * The transitions of a machine's last run, oldest first: back to where it left the state it begins in.
 * @param {any[]} events @param {"exchange" | "token"} machine
 */
export function lastRun(events, machine) {
  const transitions = events.filter((event) => event.type === "transition" && event.machine === machine);
  const first = transitions.findLastIndex(({ from }) => from === (machine === "exchange" ? "idle" : "due"));
  return first < 0 ? [] : transitions.slice(first);
}
