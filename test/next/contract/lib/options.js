const given = JSON.parse(process.env.OPTIONS ?? "{}");
const relay = `${[given.baseUrl].flat()[0]}/relay?to=`;

/** The test's clock comes with each request, the provider is reached through the test. A build has neither. */
export const options = {
  ...given,
  now: () => globalThis.testNow ?? 0,
  fetch: (url, init) => fetch(relay + encodeURIComponent(url), init),
};

/** @param {string | null | undefined} now */
export function setClock(now) {
  globalThis.testNow = Number(now);
}
