import type { Codec } from "../seal/sealer.js";
import type { LifetimeOptions } from "./lifetime.js";
import type { StandardSchema } from "./schema.js";

/** How session cookies are named and sent. They are always HttpOnly, with `Path=/`. */
export interface CookieOptions {
  /**
   * First part of every cookie name, after `__Host-` or `__Secure-`.
   * @default "latchkey" with sign-in, "latchkey-session" for `createSessions`
   */
  name?: string;
  /** The SameSite attribute; `"none"` needs `secure`. @default "lax" */
  sameSite?: "strict" | "lax" | "none";
  /** Lets sub-domains of this domain read the session; the names then begin with `__Secure-`. @default this host alone */
  domain?: string;
  /** The Secure attribute. False only for plain http on a loopback host; the names then have no prefix. @default true */
  secure?: boolean;
  /** The Partitioned attribute (CHIPS), for apps in frames of other sites; it needs `sameSite: "none"`. @default false */
  partitioned?: boolean;
  /** Whether cookies outlive the browser's session. False: the browser deletes them when it closes. @default true */
  persistent?: boolean;
}

/** The options of {@link createSessions}. */
export interface SessionsOptions<Data> extends LifetimeOptions {
  /**
   * At least 32 characters each, newest first: the first seals, all open. `npx latchkey secret` prints one. Required.
   */
  secret: string | readonly string[];
  /** What these sessions are for. Sessions sealed for one purpose do not open for another. @default "" */
  purpose?: string;
  /** How the cookies are named and sent. @default those of each member */
  cookie?: CookieOptions;
  /** Bytes that all cookies of latchkey together may take in a Cookie header; 16,384 at most. @default 7600 */
  maxCookieBytes?: number;
  /** Checks the data whenever a session is opened; without a fit, the request has no session (`invalid_content`). @default no check */
  schema?: StandardSchema<Data>;
  /** How the data becomes bytes. `packed`: JWTs as raw bytes, about a quarter smaller. @default JSON text */
  codec?: Codec;
}
