/** Turns "id_token" into "id token". @param {string} name */
export const words = (name) => name.replaceAll("_", " ");

/** "123 B" under a kilobyte, "4.1 kB" above. @param {number} bytes */
export const size = (bytes) => (bytes < 1000 ? `${bytes} B` : `${(bytes / 1000).toFixed(1)} kB`);

/** "12 ms" under a second, "3.4 s" above. @param {number} ms */
export const duration = (ms) => (ms < 1000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`);

/**
 * Describes an event in a few words. Reads only fields that contain neither a secret nor a token.
 * @param {any} event
 * @returns {{ title: string, to?: string, detail: string }} `to` is the new state, if the event is a transition
 */
export function describeEvent(event) {
  switch (event.type) {
    case "transition":
      return { title: `${event.machine}: ${words(event.from)}`, to: words(event.to), detail: words(event.event) };
    case "cookies_written":
      return { title: "cookies written", detail: `${event.names.length} Set-Cookie, ${size(event.bytes)} in total` };
    case "session_refused":
      return { title: "session refused", detail: words(event.reason) };
    case "failed":
      return { title: "failed", detail: words(event.code) };
    default:
      return { title: words(event.type), detail: "" };
  }
}

/**
 * The last events, newest first. Equal events in a row become one line with a count.
 * @param {any[]} events @param {number} count
 */
export function summarize(events, count) {
  /** @type {Array<{ at: number, title: string, to?: string, detail: string, type: string, times: number }>} */
  const lines = [];
  for (const event of events.toReversed()) {
    const line = { at: event.at, type: event.type, times: 1, ...describeEvent(event) };
    const last = lines.at(-1);
    if (last && last.title === line.title && last.to === line.to && last.detail === line.detail) last.times += 1;
    else if (lines.push(line) > count) break;
  }
  return lines.slice(0, count);
}

/**
 * The transitions of a machine's last run, oldest first, beginning with the one that left its initial state.
 * @param {any[]} events @param {"exchange" | "token"} machine
 */
export function lastRun(events, machine) {
  const transitions = events.filter((event) => event.type === "transition" && event.machine === machine);
  const first = transitions.findLastIndex(({ from }) => from === (machine === "exchange" ? "idle" : "due"));
  return first < 0 ? [] : transitions.slice(first);
}
