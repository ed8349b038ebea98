import { must } from "../../core/errors.js";
import type { LoginOptions as ClientLoginOptions } from "../browser/client-types.js";
import type { LogoutOptions } from "../browser/sign-out.js";
import { pathTo, type ReturnTo } from "./return-to.js";

/** A JSON value that `onRedirectCallback` receives after the sign-in. */
export interface AppState {
  /** Where to go after the sign-in. @default the current page */
  returnTo?: ReturnTo;
  [name: string]: unknown;
}

/**
 * The options of one sign-in. Any other member whose value is a string, number or boolean becomes an authorization parameter:
 * `login_hint`, `screen_hint`, `connection`, `ui_locales`.
 */
export interface LoginOptions extends ClientLoginOptions {
  appState?: AppState;
  [parameter: string]: unknown;
}

/** The event that React passes to a handler. It does not count as options, so `onClick={login}` does the same as `login()`. */
export interface HandledEvent {
  preventDefault(): void;
}

/** The options that a handler was called with; none if it was called with an event. */
export const optionsOf = <Options extends object>(options: Options | HandledEvent | undefined): Partial<Options> =>
  options && !("preventDefault" in options) ? options : {};

/** The members that can be authorization parameters, as strings. */
export const parametersIn = (members: object): Record<string, string> =>
  Object.fromEntries(
    Object.entries(members)
      .filter(([, value]) => ["string", "number", "boolean"].includes(typeof value))
      .map(([name, value]) => [name, `${value}`]),
  );

/**
 * Options for the client. Members that the client does not know become authorization parameters. `appState` is null if the app
 * gave none, because undefined marks a sign-in that the client began without `login` (`leaveToSignInSilently`).
 */
export function toLoginOptions(options?: LoginOptions | HandledEvent): ClientLoginOptions {
  const {
    popup,
    appState,
    returnTo,
    loginHint,
    maxAge,
    acrValues,
    prompt,
    organization,
    audience,
    scope,
    params,
    ...others
  } = optionsOf<LoginOptions>(options);
  return {
    popup,
    loginHint,
    maxAge,
    acrValues,
    prompt,
    organization,
    audience,
    scope,
    returnTo: returnTo ?? pathTo(appState?.returnTo),
    appState: appState ?? (returnTo === undefined ? null : { returnTo }),
    params: { ...parametersIn(others), ...params },
  };
}

/**
 * Options for the login route of a server, which passes on the authorization parameters that are in its `allowedParams`.
 * @throws MisuseError (`invalid_config`) for an option that the route cannot carry out
 */
export function toServerLoginOptions(options: ClientLoginOptions): ClientLoginOptions {
  const { popup, audience, scope, appState, returnTo, params, loginHint, maxAge, acrValues, prompt, organization } =
    options;
  const acr_values = [acrValues ?? []].flat().join(" ") || undefined;
  const isCarried = Object.keys(appState ?? {}).every((name) => name === "returnTo");
  must(
    !popup && (audience ?? scope) === undefined && isCarried,
    "under a SessionProvider, login() takes no popup, audience, scope or appState",
  );
  return {
    returnTo,
    params: {
      ...params,
      ...parametersIn({ login_hint: loginHint, max_age: maxAge, acr_values, prompt, organization }),
    },
  };
}

/** Options for the client; an event does not count as options. */
export function toLogoutOptions(options?: LogoutOptions | HandledEvent): LogoutOptions {
  const { returnTo, local = false, params } = optionsOf<LogoutOptions>(options);
  return { returnTo, local, params };
}
