const testOptions = JSON.parse(process.env.OPTIONS ?? "{}");
const relay = `${[testOptions.baseUrl].flat()[0]}/relay?to=`;

/** The clock comes with each request of the test, and the test relays requests to the provider. A build has neither. */
export const options = {
  ...testOptions,
  now: () => globalThis.testNow ?? 0,
  fetch: (url, init) => fetch(relay + encodeURIComponent(url), init),
};

/** @param {string | null | undefined} now */
export function setClock(now) {
  globalThis.testNow = Number(now);
}
