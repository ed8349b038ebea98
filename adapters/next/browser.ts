import { MisuseError } from "../../core/errors.js";
import type { Auth, Auth0, ProtectedApi, ProtectedResource } from "./index.js";

export { CookieTooLargeError, ExchangeError, LatchkeyError, MisuseError } from "../../core/errors.js";
export { auth0 } from "../../core/provider/auth0.js";
export { AccessTokenError } from "./auth0/access-token-error.js";

/** Functions that throw, for bundles for browsers, which get this module instead of `latchkey/next`. A page may import it. */
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

/** Does nothing: a bundle for browsers has no key, and a module that server and page share must be able to call it. */
export const privateKeyJwt = (): undefined => undefined;

/** Does nothing, for the same reason. */
export const backchannelLogout = (): undefined => undefined;

/** Does nothing, for the same reason. */
export const introspection = (): undefined => undefined;

/** Does nothing, for the same reason. */
export const stepUp = (): undefined => undefined;

/** Does nothing, for the same reason. */
export const hasScope = (): undefined => undefined;

export const { exchangeToken, refreshUser, stepUpOf } = standIns(["exchangeToken", "refreshUser", "stepUpOf"]);

/** Does nothing, for the same reason. */
export const translatedErrorPage = (): undefined => undefined;

export const verifyAccessToken = (): Record<keyof ProtectedApi, unknown> => standIns(["verify", "wrap", "wrapApi"]);

export const protectedResource = (): Record<keyof ProtectedResource, unknown> => ({
  url: undefined,
  ...standIns(["handler"]),
});

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
