import { createSealer, type Sealer, type SealerOptions } from "./sealer.js";

/**
 * A sealer for an app's own purposes: whatever it is called, nothing of it opens as a session, nor a session as it.
 * AES-256-GCM under keys derived from the secret for one purpose and one day (RFC 7516, `alg` "dir").
 * @throws MisuseError (`ERR_CONFIG`) when the secret, the purpose or `maxAge` is wrong
 */
export const createAppSealer = (options: SealerOptions): Sealer =>
  createSealer({ ...options, purpose: options.purpose && `app ${options.purpose}` });
