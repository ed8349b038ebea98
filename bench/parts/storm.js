// Many concurrent requests when the access token has expired and the refresh token can be used only once.
import { setTimeout } from "node:timers/promises";
import { KINDS, requestToken, signIn, startApps } from "../lib/apps.js";
import { figureOf } from "../lib/measure.js";
import { startProvider } from "../lib/provider.js";

const REQUESTS = 200;

/** Lifetimes in seconds: tokens of a sign-in expire soon, tokens of a refresh outlive the measurement. */
const LIFETIMES = { signIn: 1, refresh: 600 };

/**
 * The result of one storm.
 * @typedef {object} Sample
 * @property {number} tokenRequests
 * @property {number} answered responses with a new access token
 * @property {number} working responses whose token is valid after the storm
 * @property {number} lost 1 if the browser's session can no longer get a token
 * @property {number} milliseconds until the last response
 */

/** Sends all requests with the same cookies; the browser stores the cookies of the responses as they arrive. @returns {Promise<Sample>} */
async function storm(app, browser, provider) {
  await provider.take();
  const started = performance.now();
  const tokens = await Promise.all(
    Array.from({ length: REQUESTS }, () => requestToken(app, browser).catch(() => undefined)),
  );
  const milliseconds = performance.now() - started;
  const requests = await provider.take();
  const received = tokens.filter((token) => token !== undefined);
  const valid = new Set(await provider.validTokens([...new Set(received)]));
  const later = await requestToken(app, browser, { refresh: true }).catch(() => undefined);
  const hasSession = later !== undefined && (await provider.validTokens([later])).length === 1;
  return {
    tokenRequests: requests.filter(({ purpose }) => purpose === "token").length,
    answered: received.length,
    working: received.filter((token) => valid.has(token)).length,
    lost: hasSession ? 0 : 1,
    milliseconds,
  };
}

/** One storm for each app, each after a new sign-in. */
async function stormEach(apps, provider, samples, leaveOut) {
  const signedIn = [];
  for (const app of apps) {
    try {
      signedIn.push({ app, browser: (await signIn(app)).browser });
    } catch (error) {
      leaveOut(app.name, error);
    }
  }
  // Some libraries store expiry in whole seconds.
  await setTimeout((LIFETIMES.signIn + 1) * 1000);
  for (const { app, browser } of signedIn) {
    try {
      samples[app.name].push(await storm(app, browser, provider));
    } catch (error) {
      leaveOut(app.name, error);
    }
  }
}

const sum = (numbers) => numbers.reduce((total, number) => total + number, 0);

/** One number if all samples are equal. @param {number[]} samples */
function numberOrFigure(samples) {
  const figure = figureOf(samples);
  return figure.low === figure.high ? figure.median : figure;
}

/** @param {{ name: string, ours?: boolean }} kind @param {Sample[]} samples */
function rowOf({ name, ours }, samples) {
  const figure = (key) => numberOrFigure(samples.map((sample) => sample[key]));
  return {
    name,
    ours,
    tokenRequests: figure("tokenRequests"),
    answered: figure("answered"),
    working: figure("working"),
    errors: numberOrFigure(samples.map(({ answered }) => REQUESTS - answered)),
    lost: sum(samples.map(({ lost }) => lost)),
    time: figure("milliseconds"),
  };
}

/** @param {Sample[]} own */
const checksOf = (own) => [
  {
    what: `Token requests for ${REQUESTS} requests at once`,
    atMost: 1,
    got: own.length ? Math.max(...own.map(({ tokenRequests }) => tokenRequests)) : Infinity,
  },
  {
    what: `Of ${REQUESTS} requests at once, answered with a token that works`,
    atLeast: REQUESTS,
    got: own.length ? Math.min(...own.map(({ working }) => working)) : 0,
  },
  {
    what: "Sessions lost",
    atMost: 0,
    got: own.length ? sum(own.map(({ lost }) => lost)) : Infinity,
  },
];

/** @param {{ quick: boolean }} extent @returns {Promise<import("../lib/report.js").Part>} */
export async function run({ quick }) {
  const repetitions = quick ? 1 : 3;
  const skipped = new Map();
  const leaveOut = (name, error) => skipped.set(name, `${name}: ${error.message}`);
  const samples = Object.fromEntries(KINDS.map(({ name }) => [name, []]));
  const provider = await startProvider(KINDS);
  let apps = [];
  try {
    await provider.setLifetimes(LIFETIMES);
    apps = await startApps(KINDS, provider, leaveOut);
    for (let repetition = 0; repetition < repetitions; repetition++) {
      await stormEach(apps, provider, samples, leaveOut);
    }
  } finally {
    for (const { stop } of [...apps, provider]) stop();
  }
  const ours = KINDS.find((kind) => kind.ours);
  return {
    title: "A storm of refreshes",
    tables: [
      {
        title: `${REQUESTS} requests at once with an expired access token`,
        text: `One signed-in browser, ${REQUESTS} requests at once to one process of each app, to a route that needs a valid access token. The provider rotates refresh tokens and ends the grant when a spent one is used again (RFC 9700 4.14.2). A session is lost if the browser, with the cookies of all responses, can get no token afterwards. Each storm follows a new sign-in.`,
        columns: [
          { key: "tokenRequests", name: "token requests", unit: "", better: "less" },
          { key: "answered", name: "answered with a token", unit: "" },
          { key: "working", name: "with a token that is valid afterwards", unit: "" },
          { key: "errors", name: "errors", unit: "" },
          { key: "lost", name: `sessions lost of ${repetitions}`, unit: "" },
          { key: "time", name: "until all are answered", unit: "ms", better: "less" },
        ],
        rows: KINDS.filter(({ name }) => samples[name].length > 0).map((kind) => rowOf(kind, samples[kind.name])),
        chart: "tokenRequests",
      },
    ],
    checks: checksOf(samples[ours.name]),
    skipped: [...skipped.values()],
  };
}
