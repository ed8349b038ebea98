import { VARIABLES } from "../lib/config.js";
import { variableOf } from "../lib/variables.js";

/**
 * What a finding is about:
 * - `options`: the names and values of options and variables;
 * - `issuer`: whether the provider can be reached, and what it calls itself;
 * - `clock`: the clock of this machine beside the provider's;
 * - `endpoints`: the endpoints that a sign-in needs, and what they say that they support;
 * - `keys`: the provider's keys, and the algorithm of its signatures;
 * - `client`: the client id, and how the client authenticates;
 * - `authorization`: an authorization request, with the redirect URI, the scope and the audience;
 * - `base_url`: whether the app answers at its base URL;
 * - `store`: whether the store can be read and written.
 */
export type SetupCheck =
  | "options"
  | "issuer"
  | "clock"
  | "endpoints"
  | "keys"
  | "client"
  | "authorization"
  | "base_url"
  | "store";

/** Whether all is well; something may not be as it should, or could not be tried; users cannot sign in. */
export type SetupStatus = "ok" | "warning" | "failed";

/** One thing that a check found. */
export interface SetupFinding {
  readonly check: SetupCheck;
  readonly status: SetupStatus;
  /** One line in words, without secrets, tokens and codes. */
  readonly message: string;
  /** The option to change. */
  readonly option?: string;
  /** The variable of this option. */
  readonly variable?: string;
  /** The value that the option should have. */
  readonly value?: string;
}

/** An option, and its value if the value is known. */
interface Remedy {
  readonly option?: string | undefined;
  readonly value?: string | undefined;
}

/** Adds a finding. */
export type Report = (check: SetupCheck, status: SetupStatus, message: string, remedy?: Remedy) => undefined;

/** The variable that an option may come from. */
const variableIfAny = (option: string): string | undefined =>
  VARIABLES.includes(option) ? variableOf(option) : undefined;

/** An option as findings name it: `issuer (LATCHKEY_ISSUER)`, or `mount`. */
export function labelOf(option: string): string {
  const variable = variableIfAny(option);
  return variable ? `${option} (${variable})` : option;
}

/** Characters that move the cursor of a terminal, or begin a new line. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not reach a terminal
const CONTROL = /[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]+/g;

/** Text that came from elsewhere, as it may be printed: one line, at most 200 characters. */
export const quoted = (text: unknown): string => `${text}`.replace(CONTROL, " ").trim().slice(0, 200);

/**
 * Collects findings. No secret gets into a finding, even where the provider repeats it.
 * @param secrets texts that are replaced by `***`
 */
export function collectFindings(secrets: readonly string[]) {
  const findings: SetupFinding[] = [];
  const hide = (text: string) => secrets.reduce((shown, secret) => shown.replaceAll(secret, "***"), text);
  const report: Report = (check, status, message, { option, value } = {}) => {
    const variable = option === undefined ? undefined : variableIfAny(option);
    findings.push({
      check,
      status,
      message: hide(message.replace(CONTROL, " ")),
      ...(option === undefined ? {} : { option }),
      ...(variable === undefined ? {} : { variable }),
      ...(value === undefined ? {} : { value: hide(value.replace(CONTROL, " ")) }),
    });
  };
  return { findings, report };
}
