import { quoted } from "../../check/findings.js";

/** Members that are shown by their length: tokens, and what proves a sign-in. */
const HIDDEN: Readonly<Record<string, string>> = {
  accessToken: "access token",
  refreshToken: "refresh token",
  idToken: "ID Token",
  codeVerifier: "code verifier",
  state: "state",
  nonce: "nonce",
};

/** Names of an app's own members that are not shown either. */
const SECRETIVE = /token|secret|passw|credential|verifier|api[-_]?key|private[-_]?key|authorization/i;

const hide = (what: string, { length }: string): string => `<${what}, ${length} characters>`;

/** A value of a session as it may be shown: without tokens, in plain characters, and no deeper than `depth`. */
export function shown(value: unknown, name = "", depth = 6): unknown {
  if (typeof value === "string") {
    if (Object.hasOwn(HIDDEN, name)) return hide(HIDDEN[name] as string, value);
    // RFC 7515 3.1: the header of a JWS or JWE is JSON, which begins with {" and so with eyJ.
    if (/^eyJ[\w-]+\./.test(value)) return hide("JWT", value);
    return SECRETIVE.test(name) ? hide("hidden", value) : quoted(value);
  }
  if (typeof value !== "object" || value === null) return value;
  if (depth === 0) return Array.isArray(value) ? "[...]" : "{...}";
  if (Array.isArray(value)) return value.map((each) => shown(each, name, depth - 1));
  const entries = Object.entries(value).map(([key, each]) => [quoted(key), shown(each, key, depth - 1)]);
  return Object.fromEntries(entries);
}

/** A time in milliseconds since the epoch as text; undefined for what is none. */
export const timeText = (at: unknown): string | undefined =>
  typeof at === "number" && Math.abs(at) < 8.64e15 ? `${new Date(at).toISOString().slice(0, 19)}Z` : undefined;
