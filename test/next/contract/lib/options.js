import { upstashStore } from "latchkey/redis";

const { upstash, ...testOptions } = JSON.parse(process.env.OPTIONS ?? "{}");
const relay = `${[testOptions.baseUrl].flat()[0]}/relay?to=`;

/**
 * The clock comes with each request of the test, and the test relays requests to the provider. A build has neither. With `upstash`
 * the app has a store, which the runtime of Next 15's middleware reaches as well, since it needs no TCP.
 */
export const options = {
  ...testOptions,
  ...(upstash && { store: upstashStore({ ...upstash, timeout: 10 }) }),
  now: () => globalThis.testNow ?? 0,
  fetch: (url, init) => fetch(relay + encodeURIComponent(url), { ...init, cache: "no-store" }),
};

/** @param {string | null | undefined} now */
export function setClock(now) {
  globalThis.testNow = Number(now);
}
