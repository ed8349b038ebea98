import { must } from "../../core/errors.js";
import { ANY } from "../../core/options.js";
import type { ProviderOptions } from "../lib/auth-options.js";
import { type DescriptionOptions, describeProvider } from "./description.js";

/** The options of {@link google}. */
export interface GoogleOptions extends DescriptionOptions {
  /**
   * The Workspace domain, or domains, whose users may sign in; `"*"` for any. It is sent as a wish and checked in the ID Token, because a
   * user can take it out of the request. @default any account
   */
  hd?: string | readonly string[];
  /** Asks for a refresh token (`access_type=offline` and `prompt=consent`: Google gives one only with the user's consent). @default false */
  offline?: boolean;
}

/**
 * Google.
 *
 * - `hd` and `access_type`: https://developers.google.com/identity/openid-connect/openid-connect
 * - No end_session endpoint: a sign-out ends the session here alone, and revokes the refresh token. The revocation may end the user's whole
 *   grant to this app (https://github.com/keycloak/keycloak/pull/6704): `revocation: false` leaves it.
 *
 * @example
 * ```ts
 * import express from "express";
 * import { auth } from "latchkey/express";
 * import { google } from "latchkey/providers";
 *
 * const app = express();
 * app.use(auth({ provider: google({ hd: "example.com", offline: true }) }));
 * ```
 * @throws MisuseError (`invalid_config`) for an option that is missing, unknown or of another type
 */
export const google = (options: GoogleOptions): ProviderOptions =>
  describeProvider("google", options, { hd: ANY, offline: true }, [], ({ hd, offline }) => {
    const domains = [hd ?? []].flat();
    must(
      domains.every((each) => typeof each === "string" && (each === "*" || /^[a-z\d.-]+\.[a-z]+$/i.test(each))) &&
        (hd === undefined || domains.length),
      'google.hd must be a domain such as example.com, a list of them, or "*"',
    );
    // One domain can be wished for; Google's page then offers its accounts alone.
    const wish: Record<string, string> = domains.length === 1 ? { hd: `${domains[0]}` } : {};
    return {
      issuer: "https://accounts.google.com",
      authorizationParams: { ...wish, ...(offline ? { access_type: "offline", prompt: "consent" } : {}) },
      differences: domains.length
        ? {
            checkClaims: ({ hd: claim }) => ({
              hd: typeof claim === "string" && claim !== "" && (domains.includes("*") || domains.includes(claim)),
            }),
          }
        : {},
    };
  });
