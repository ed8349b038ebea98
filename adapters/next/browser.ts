import { MisuseError } from "../../core/errors.js";
import type { Auth, Auth0, ProtectedApi } from "./index.js";

export { CookieTooLargeError, ExchangeError, LatchkeyError, MisuseError } from "../../core/errors.js";
export { auth0 } from "../../core/provider/auth0.js";
export { AccessTokenError } from "./auth0/access-token-error.js";

/** What bundles for browsers get in the place of `latchkey/next`: pages may import it, nothing of it runs there. */
const standIns = <Name extends string>(names: readonly Name[]) =>
  Object.fromEntries(
    names.map((name) => [
      name,
      (): never => {
        throw new MisuseError("server_only", `${name} can only be used on the server`);
      },
    ]),
  ) as Record<Name, () => never>;

export const createAuth = (): Record<keyof Auth<unknown>, unknown> => ({
  handlers: standIns(["GET", "POST"]),
  ...standIns([
    "getAccessToken",
    "apiHandler",
    "check",
    "fetch",
    "forRequest",
    "getSession",
    "login",
    "logout",
    "middleware",
    "proxy",
    "requireSession",
    "requireSessionApi",
    "requireSessionPage",
    "update",
    "withProxy",
    "wrap",
  ]),
});

/** Nothing: a bundle for browsers has no key, and a shared module that calls it must not throw. */
export const privateKeyJwt = (): undefined => undefined;

export const verifyAccessToken = (): Record<keyof ProtectedApi, unknown> => standIns(["verify", "wrap", "wrapApi"]);

export const initAuth0 = (): Record<keyof Auth0, unknown> => ({
  isBrowser: true,
  ...standIns([
    "getSession",
    "handleCallback",
    "handleLogin",
    "handleLogout",
    "handleProfile",
    "requireAuthentication",
    "tokenCache",
  ]),
});
