import type { LogoutOptions } from "../browser/sign-out.js";
import { type HandledEvent, optionsOf } from "./login-options.js";

/** {@link LogoutOptions} by Auth0's names, under an `Auth0Provider`. */
export interface Auth0LogoutOptions extends LogoutOptions {
  /** Signs out of the identity provider behind Auth0 too. @default false */
  federated?: boolean;
  /** Auth0's name of `local`. @default false */
  localOnly?: boolean;
}

/** The options with latchkey's names, for the client. */
export function fromAuth0LogoutOptions(options?: Auth0LogoutOptions | HandledEvent): LogoutOptions {
  const { returnTo, federated, localOnly = false, local = localOnly, params } = optionsOf<Auth0LogoutOptions>(options);
  // Auth0 checks that the parameter is there, not its value.
  return { returnTo, local, params: federated ? { federated: "", ...params } : params };
}
