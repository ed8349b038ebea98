import { MisuseError } from "../../core/errors.js";
import type { Examples } from "../../core/options.js";
import { purposeOf, type RelyingPartyConfig } from "../../core/relying-party/config.js";
import { createUserSessions } from "../../core/relying-party/user-sessions.js";
import type { AuthOptions } from "../lib/auth-options.js";
import { authExamples, completeOptions, resolveConfig, VARIABLES } from "../lib/config.js";
import { nearest } from "../lib/nearest.js";
import { portsOf } from "../lib/ports.js";
import { type Environment, variableOf } from "../lib/variables.js";
import { labelOf, type Report } from "./findings.js";

/** The options of an app, as the checks use them. */
export interface Setup {
  /** What was set, and the defaults of the rest; not checked. */
  readonly set: AuthOptions<unknown>;
  /** The names of options that are missing or wrong. */
  readonly faulty: ReadonlySet<string>;
  /** The checked configuration; options that are missing or wrong have values that reach no provider. */
  readonly config: RelyingPartyConfig<unknown> | undefined;
}

/** Values that pass every check. Options that are wrong are replaced by these, so that each fault is found in one run. */
const SOUND = {
  issuer: "https://issuer.invalid",
  clientId: "latchkey-check",
  clientSecret: "latchkey-check-client-authentication",
  secret: "latchkey-check-thirty-two-characters",
  baseUrl: "https://app.invalid",
};

/** A URL of the documents, which `auth()` may not be able to tell from one that works. */
const PLACEHOLDER = /^https?:\/\/[^/]*(\byour-|[<>{}*])/i;

const emit = (): void => {};

/** Checks the whole of these options, and those of their sessions. @throws MisuseError */
function resolve(options: AuthOptions<unknown>, examples: Examples): RelyingPartyConfig<unknown> {
  const config = resolveConfig(options, {}, examples);
  for (const { secure } of config.sites) {
    const { session } = config;
    const cookie = { ...session.cookie, secure };
    createUserSessions({ ...session, purpose: purposeOf(config.providers), cookie }, undefined, portsOf({}), emit);
  }
  return { ...config, ...config.providers[0] };
}

/** The sentences of the error that `act` throws; none if it throws none. */
function faultsOf(act: () => unknown): readonly string[] {
  try {
    act();
    return [];
  } catch (error) {
    if (!(error instanceof MisuseError)) throw error;
    return error.message.split("\n").map((line) => line.replace(/^latchkey: /, ""));
  }
}

/** The option that a sentence is about. */
const optionIn = (sentence: string, examples: Examples): string | undefined =>
  Object.keys(examples).find((name) => new RegExp(`\\b${name}\\b`).test(sentence));

/** Whether a value is text of the documents, which stands for a value of the app. */
export const isPlaceholder = (value: unknown): boolean =>
  [value].flat().some((text) => typeof text === "string" && PLACEHOLDER.test(text));

/**
 * Checks all options by the rules of `auth()`: each by itself, so that no fault hides another, and then all together.
 * @param examples of all options that the app may set
 */
export function checkOptions(
  options: AuthOptions<unknown>,
  env: Environment,
  report: Report,
  examples: Examples = authExamples,
): Setup {
  const set = completeOptions(options, env);
  const faulty = new Set<string>();
  const sentences = new Set<string>();
  const fault = (sentence: string, option = optionIn(sentence, examples)) => {
    if (sentences.has(sentence)) return;
    sentences.add(sentence);
    if (option) faulty.add(option);
    report("options", "failed", sentence, { option });
  };
  // Some options need a store, and the scope of a provider without ID Tokens needs its differences.
  const store = typeof set.store?.signOutEverywhere === "function" ? set.store : undefined;
  const differing = { ...SOUND, differences: set.differences } as AuthOptions<unknown>;
  const others = { ...(faultsOf(() => resolve(differing, examples)).length > 0 ? SOUND : differing), store };
  for (const [name, value] of Object.entries(set)) {
    const faults = faultsOf(() => resolve({ ...others, [name]: value } as AuthOptions<unknown>, examples));
    for (const sentence of faults) fault(sentence, name);
    if (faults.length === 0 && isPlaceholder(value))
      fault(`${labelOf(name)} still has the text of the documents: set a value of your own`, name);
  }
  for (const sentence of faultsOf(() => resolve(set, examples))) fault(sentence);
  const sound: Record<string, unknown> = { ...set };
  for (const name of faulty) {
    delete sound[name];
    if (Object.hasOwn(SOUND, name)) sound[name] = SOUND[name as keyof typeof SOUND];
  }
  let config: RelyingPartyConfig<unknown> | undefined;
  for (const sentence of faultsOf(() => (config = resolve(sound, examples)))) fault(sentence);
  if (faulty.size === 0) report("options", "ok", "all options that must be set are set, and all are well-formed");
  checkVariables(env, report);
  return { set, faulty, config };
}

/** Finds variables of latchkey that nothing reads. */
function checkVariables(env: Environment, report: Report): undefined {
  const known = VARIABLES.map(variableOf);
  for (const variable of Object.keys(env)) {
    if (!variable.startsWith("LATCHKEY_") || known.includes(variable)) continue;
    const option = Object.keys(authExamples).find((name) => variableOf(name) === variable);
    const near = nearest(variable, known);
    const remedy = option
      ? `: ${option} is an option of code alone`
      : near
        ? `: did you mean ${near}?`
        : "; nothing reads it";
    report("options", "warning", `there is no variable ${variable}${remedy}`);
  }
}
