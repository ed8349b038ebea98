// The cost of a sign-in: requests to the provider, and the time of the app itself.
import { setTimeout } from "node:timers/promises";
import { KINDS, requestToken, signIn, startApps } from "../lib/apps.js";
import { figureOf } from "../lib/measure.js";
import { startProvider } from "../lib/provider.js";

/** The most milliseconds for which the provider delays a token response until the keys are requested, and the reverse. */
const LONGEST_WAIT = 500;

const withSignatureChecks = {
  ...KINDS.find(({ file }) => file === "openid-client.js"),
  name: "openid-client, with signature checks",
  options: { isSignatureChecked: true },
};
const kinds = [...KINDS, withSignatureChecks];

/** @typedef {{ milliseconds: number, requests: import("../lib/provider.js").ServerRequest[] }} Sample */

/** Measures one sign-in of an app. @returns {Promise<Sample>} */
async function measureSignIn(app, provider) {
  await provider.take();
  const { browser, milliseconds } = await signIn(app);
  if (!(await requestToken(app, browser))) throw new Error("no user is signed in afterwards");
  // Read last, so that requests after the response count as well.
  const requests = await provider.take();
  return { milliseconds, requests };
}

/** The apps in a different order in each round, so that the after-effects of one are spread over all. */
const rotated = (apps, round) => apps.map((_app, index) => apps[(index + round) % apps.length]);

/** Warms the provider up, so that its first responses are not counted for an app. */
async function warmUp(provider, leaveOut) {
  for (const app of await startApps([withSignatureChecks], provider, leaveOut)) {
    for (let turn = 0; turn < 8; turn++) await signIn(app).catch((error) => leaveOut(app.name, error));
    app.stop();
  }
}

/** @returns {Promise<Record<string, { cold: Sample[], warm: Sample[] }>>} by the name of the app */
async function collect(provider, { colds, warms }, leaveOut) {
  const samples = Object.fromEntries(kinds.map(({ name }) => [name, { cold: [], warm: [] }]));
  const signInEach = async (apps, turn, list) => {
    for (const app of rotated(apps, turn)) {
      try {
        samples[app.name][list].push(await measureSignIn(app, provider));
      } catch (error) {
        leaveOut(app.name, error);
      }
    }
  };
  for (let round = 1; round <= colds; round++) {
    const apps = await startApps(kinds, provider, leaveOut);
    // Work of the processes after their start is not part of a sign-in.
    await setTimeout(250);
    await signInEach(apps, round, "cold");
    // The last processes stay for the warm sign-ins.
    if (round === colds) for (let turn = 0; turn < warms; turn++) await signInEach(apps, turn, "warm");
    for (const { stop } of apps) stop();
  }
  return samples;
}

const count = (samples) => Math.max(...samples.map(({ requests }) => requests.length));
const time = (samples) => figureOf(samples.map(({ milliseconds }) => milliseconds));
const purposes = ({ requests }) => requests.map(({ purpose }) => purpose).join(", ");

/**
 * Milliseconds between the token request of a first sign-in and its request for the keys, in either order, while the
 * provider answers neither before the other has arrived.
 */
async function gapToKeys(kind, provider, leaveOut) {
  const [app] = await startApps([kind], provider, leaveOut);
  if (!app) return undefined;
  try {
    await provider.delayUntilBoth(LONGEST_WAIT);
    const { requests } = await measureSignIn(app, provider);
    const at = (name) => requests.find(({ purpose }) => purpose === name)?.at;
    if (at("keys") === undefined) throw new Error("the app requests no keys");
    return Math.abs(at("keys") - at("token"));
  } catch (error) {
    leaveOut(kind.name, error);
    return undefined;
  } finally {
    await provider.delayUntilBoth(0);
    app.stop();
  }
}

const rowOf = ({ name, ours }, { cold, warm }) => ({
  name,
  ours,
  coldRequests: count(cold),
  warmRequests: count(warm),
  coldTime: time(cold),
  warmTime: time(warm),
  note: `cold: ${purposes(cold[0])}; warm: ${purposes(warm[0])}`,
});

/** @param {{ quick: boolean }} extent @returns {Promise<import("../lib/report.js").Part>} */
export async function run({ quick }) {
  const skipped = new Map();
  const leaveOut = (name, error) => skipped.set(name, `${name}: ${error.message}`);
  const extent = quick ? { colds: 1, warms: 5 } : { colds: 9, warms: 25 };
  const provider = await startProvider(kinds);
  try {
    await warmUp(provider, leaveOut);
    const samples = await collect(provider, extent, leaveOut);
    const withKeys = [kinds.find(({ ours }) => ours), withSignatureChecks];
    const gaps = [];
    for (const kind of withKeys) gaps.push(await gapToKeys(kind, provider, leaveOut));
    const rows = kinds
      .filter(({ name }) => samples[name].cold.length > 0 && samples[name].warm.length > 0)
      .map((kind) => rowOf(kind, samples[kind.name]));
    const ours = samples[withKeys[0].name];
    const keysAgain = ours.warm.flatMap(({ requests }) => requests.filter(({ purpose }) => purpose === "keys")).length;
    return {
      title: "Sign-in",
      tables: [
        {
          title: "A sign-in with the same provider",
          text: `Cold: the first of a fresh process (${extent.colds} of each); warm: later ones (${extent.warms}). Requests are those of the app's server to a local oidc-provider without pushed requests (PAR). The time is that of the app's two responses, the redirect to the provider and the response to the callback, including those requests. A library that requests no keys does not check the signature of the ID Token.`,
          columns: [
            { key: "coldRequests", name: "requests, cold", unit: "", better: "less" },
            { key: "warmRequests", name: "requests, warm", unit: "", better: "less" },
            { key: "coldTime", name: "cold", unit: "ms", better: "less" },
            { key: "warmTime", name: "warm", unit: "ms", better: "less" },
          ],
          rows,
          chart: "warmTime",
        },
        {
          title: "The keys of the first sign-in",
          text: `Between the token request and the request for the keys. The provider answers neither before the other has arrived, or before ${LONGEST_WAIT} ms have passed: a shorter time means that neither request waited for the other's response.`,
          columns: [{ key: "gap", name: "between the two requests", unit: "ms" }],
          rows: withKeys.map(({ name, ours }, index) => ({ name, ours, gap: gaps[index] })),
        },
      ],
      checks: [
        {
          what: "Requests to the provider of a warm sign-in",
          atMost: 1,
          got: ours.warm.length ? count(ours.warm) : Infinity,
        },
        {
          what: "Requests for keys after the first sign-in",
          atMost: 0,
          got: ours.warm.length ? keysAgain : Infinity,
        },
        {
          what: "Cold: ms between the token request and the keys request",
          atMost: LONGEST_WAIT / 2,
          got: gaps[0] ?? Infinity,
        },
      ],
      skipped: [...skipped.values()],
    };
  } finally {
    provider.stop();
  }
}
