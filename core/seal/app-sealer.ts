import { type Awaitable, chain } from "../awaitable.js";
import { MisuseError, must } from "../errors.js";
import { ANY, checkOptions, type ExamplesOf } from "../options.js";
import { LONGEST_LIFE } from "./keyring.js";
import { packed } from "./payload.js";
import { createSealer, MAX_SEALED, type Sealer, type SealRefusal } from "./sealer.js";

/** The payload of a sealed string, or the reason why it was not opened. */
export type Opened =
  | {
      readonly ok: true;
      readonly payload: unknown;
      /** Whether it was sealed under an older secret: seal it again at the next write. */
      readonly stale: boolean;
    }
  | { readonly ok: false; readonly reason: SealRefusal };

/** The options of `createSealer`. */
export interface SealerOptions {
  /** At least 32 characters each, newest first: the first seals, all open. Required. */
  secret: string | readonly string[];
  /** What the payload is for, 1 to 100 printable ASCII characters. A value that was sealed for one purpose opens for no other. Required. */
  purpose: string;
  /** Seconds after which a sealed value opens no more, to the day; below 1e10. @default 604800 (7 days) */
  maxAge?: number;
}

const examples: ExamplesOf<SealerOptions> = { secret: ANY, purpose: ANY, maxAge: 1 };

/** Seals JSON values into strings that are safe in a cookie or a URL, and opens them. Synchronous on Node once a key was derived. */
export interface AppSealer {
  /**
   * A JWE in compact form (RFC 7516 3.1), of at most 16,384 characters: a longer one would not open.
   * @param now milliseconds since the epoch; the current time by default
   * @throws MisuseError (`not_json`) when the payload is no JSON value, (`value_too_large`) when it is too large
   */
  seal(payload: unknown, now?: number): Awaitable<string>;
  /**
   * The payload, or the reason why there is none: `malformed` for whatever is not text. Never throws.
   * @param now milliseconds since the epoch; the current time by default
   */
  open(sealed: unknown, now?: number): Awaitable<Opened>;
}

/**
 * A sealer for an app's own purposes. Its purpose gets a prefix, so that its values do not open as a session of latchkey, nor
 * the other way round.
 * AES-256-GCM under keys derived from the secret for one purpose and one day (RFC 7516, `alg` "dir").
 * @throws MisuseError (`invalid_config`) when the secret, the purpose or `maxAge` is wrong
 */
export function createAppSealer(options: SealerOptions, clock: () => number): AppSealer {
  checkOptions(options, examples);
  const { secret, purpose, maxAge = 604_800 }: SealerOptions = options;
  must(
    typeof purpose === "string" && /^[ -~]{1,100}$/.test(purpose),
    "purpose must be 1 to 100 printable ASCII characters",
  );
  must(maxAge > 0 && maxAge < LONGEST_LIFE, `maxAge must be a number of seconds below ${LONGEST_LIFE}`);
  return toAppSealer(createSealer(secret, `app ${purpose}`, maxAge, packed), clock);
}

/** A sealer as apps see it. `clock`: milliseconds since the epoch. */
export const toAppSealer = ({ seal, open }: Sealer, clock: () => number): AppSealer => ({
  seal: (payload, now = clock()) =>
    chain(seal(payload, now), (sealed) => {
      if (sealed.length <= MAX_SEALED) return sealed;
      throw new MisuseError("value_too_large", `${sealed.length} characters sealed, ${MAX_SEALED} at most`);
    }),
  open: (sealed, now = clock()) =>
    chain(open(sealed, now), (result) =>
      typeof result === "string" ? { ok: false, reason: result } : { ok: true, ...result },
    ),
});
