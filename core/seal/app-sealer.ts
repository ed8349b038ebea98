import { MisuseError } from "../errors.js";
import { packed } from "./payload.js";
import { createSealer, type Sealer, type SealerOptions } from "./sealer.js";

/**
 * A sealer for an app's own purposes: whatever it is called, nothing of it opens as a session, nor a session as it.
 * AES-256-GCM under keys derived from the secret for one purpose and one day (RFC 7516, `alg` "dir").
 * @throws MisuseError (`ERR_CONFIG`) when the secret, the purpose or `maxAge` is wrong
 */
export function createAppSealer({ purpose, maxAge = 604_800, secret }: SealerOptions): Sealer {
  if (!/^[ -~]{1,100}$/.test(purpose) || !(maxAge > 0 && maxAge < Infinity)) {
    throw new MisuseError(
      "ERR_CONFIG",
      "latchkey: purpose must be 1 to 100 printable ASCII characters, and maxAge a number of seconds",
    );
  }
  return createSealer({ secret, purpose: `app ${purpose}`, maxAge }, packed);
}
