import { ANY, type ExamplesOf, TEXT } from "../options.js";
import type { CookieOptions, SessionsOptions } from "./options.js";

/** Options of cookies. `secure` is left out: it follows from the base URL, where an app has one. */
export const cookieExamples: ExamplesOf<Omit<CookieOptions, "secure">> = {
  name: TEXT,
  sameSite: TEXT,
  domain: TEXT,
  partitioned: true,
  persistent: true,
};

/** Options of sessions with sign-in or without. */
export const sessionExamples: ExamplesOf<Omit<SessionsOptions<never>, "secret" | "purpose" | "codec">> = {
  inactivityDuration: 1,
  absoluteDuration: 1,
  rolling: true,
  rollAfter: 1,
  cookie: cookieExamples,
  maxCookieBytes: 1,
  schema: ANY,
};
