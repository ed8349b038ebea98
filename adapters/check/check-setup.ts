import { isObject } from "../../core/is-object.js";
import { type ExamplesOf, FUNCTION, OBJECT } from "../../core/options.js";
import type { RegisteredData } from "../../core/register.js";
import type { AuthOptions } from "../lib/auth-options.js";
import { mustBeOptions } from "../lib/checks.js";
import { authExamples } from "../lib/config.js";
import { portsOf } from "../lib/ports.js";
import { type Environment, variableOf } from "../lib/variables.js";
import type { WaitUntil } from "../lib/wait-until.js";
import { checkBaseUrl } from "./base-url.js";
import { checkClient } from "./client.js";
import type { CheckContext } from "./context.js";
import { collectFindings, type SetupCheck } from "./findings.js";
import { checkIssuer } from "./issuer.js";
import { checkOptions } from "./options.js";
import { createProbe } from "./probe.js";
import { checkEndpoints, checkKeys } from "./provider.js";
import type { SetupReport } from "./report.js";
import { mergeReports, withOneProvider } from "./several-providers.js";
import { checkStore } from "./store.js";

/** The options of an app: those that it gives to `auth` or `createAuth`. */
export interface SetupOptions<Data = RegisteredData> extends AuthOptions<Data> {
  /** Where `LATCHKEY_*` variables come from, as for `createAuth` of `latchkey/edge`. @default `process.env`, where the runtime has it */
  env?: object;
  /** Not used; options of `latchkey/edge` may have it. @default none */
  waitUntil?: WaitUntil;
}

/** Which checks {@link checkSetup} does. */
export interface CheckSetupOptions {
  /**
   * The checks to do. A health endpoint leaves out `client` and `authorization`, for which the provider gets a sign-in that no user
   * finishes. @default all
   */
  only?: readonly SetupCheck[];
}

const examples: ExamplesOf<SetupOptions> = { ...authExamples, env: OBJECT, waitUntil: FUNCTION };

const valueIn = (options: unknown, name: string): unknown =>
  isObject(options) ? (options as Record<string, unknown>)[name] : undefined;

/** Texts that must not get into a finding, the longest first: a secret may begin with another one. */
const secretsIn = (options: AuthOptions<unknown>, env: Environment): readonly string[] =>
  ["clientSecret", "clientPrivateKey", "secret", "nextSecret"]
    .flatMap((name) => [...[options, options.provider].map((each) => valueIn(each, name)), env[variableOf(name)]])
    .flatMap((value) => [value, ...(typeof value === "string" ? value.split(/ *, */) : [])])
    .flat()
    .filter((value) => typeof value === "string" && value !== "")
    .flatMap((value) => [`${value}`, encodeURIComponent(`${value}`)])
    .sort((one, other) => other.length - one.length);

/**
 * Tries the settings of an app: its options and variables, its provider, its client there, its base URL and its store. It finds all
 * that is wrong in one run, and says which option to change. Findings hold no secret, token or code.
 *
 * `client` and `authorization` send requests to the provider that look like a sign-in which no user finishes. A refused client
 * authentication is tried once more in the other way, `client_secret_post` or `client_secret_basic`.
 *
 * @param options those of `auth` or `createAuth`
 * @example
 * ```ts
 * import { checkSetup } from "latchkey/check";
 *
 * const { ok, findings } = await checkSetup({}, { only: ["options"] });
 * if (!ok) console.error(findings);
 * ```
 * @throws MisuseError (`invalid_config`) when `options` is no object
 */
export async function checkSetup<Data = RegisteredData>(
  options: SetupOptions<Data> = {},
  { only }: CheckSetupOptions = {},
): Promise<SetupReport> {
  mustBeOptions(options, "checkSetup");
  const { env: given, waitUntil: _, ...rest } = options as SetupOptions<unknown>;
  const env = (given ?? globalThis.process?.env ?? {}) as Environment;
  if (!isObject(rest.providers)) return checkProvider(rest, env, only);
  const { LATCHKEY_SECRET, LATCHKEY_NEXT_SECRET, LATCHKEY_BASE_URL, LATCHKEY_API_ORIGINS } = env;
  const ofApp = { LATCHKEY_SECRET, LATCHKEY_NEXT_SECRET, LATCHKEY_BASE_URL, LATCHKEY_API_ORIGINS };
  const reports: Array<[string, SetupReport]> = [];
  for (const name of Object.keys(rest.providers))
    reports.push([name, await checkProvider(withOneProvider(rest, name), ofApp, only)]);
  return mergeReports(reports, rest, env);
}

/** Tries the settings of an app with one provider. */
async function checkProvider(
  rest: AuthOptions<unknown>,
  env: Environment,
  only: CheckSetupOptions["only"],
): Promise<SetupReport> {
  const { findings, report } = collectFindings(secretsIn(rest, env));
  const { now, random, fetch } = portsOf(
    Object.fromEntries(
      Object.entries(rest).filter(
        ([name, value]) => ["now", "random", "fetch"].includes(name) && typeof value === "function",
      ),
    ),
  );
  const isWanted = (...checks: SetupCheck[]) => !only || checks.some((check) => only.includes(check));
  const setup = checkOptions(rest, env, report, examples);
  const seconds = Number(setup.set.httpTimeout) > 0 ? Number(setup.set.httpTimeout) : 5;
  const context: CheckContext = { ...setup, report, now, random, probe: createProbe(fetch, seconds * 1000) };
  if (isWanted("issuer", "clock", "endpoints", "keys", "client", "authorization")) {
    const metadata = await checkIssuer(context);
    if (metadata) {
      checkEndpoints(context, metadata);
      if (isWanted("keys")) await checkKeys(context, metadata);
      if (isWanted("client", "authorization")) await checkClient(context, metadata);
    }
  }
  if (isWanted("base_url")) await checkBaseUrl(context);
  if (isWanted("store")) await checkStore(context);
  const wanted = findings.filter(({ check }) => isWanted(check));
  return { ok: wanted.every(({ status }) => status !== "failed"), findings: wanted };
}
