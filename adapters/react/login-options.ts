import type { LoginOptions as ClientLoginOptions } from "../browser/client.js";
import type { LogoutOptions as ClientLogoutOptions } from "../browser/sign-out.js";
import { pathTo, type ReturnTo } from "./return-to.js";

/** A JSON value of the app's, to be found again after the sign-in. */
export interface AppState {
  /** Where to go then. @default the page that is shown */
  returnTo?: ReturnTo;
  [name: string]: unknown;
}

/**
 * What one sign-in may ask for. Any other member with a text, a number or a boolean goes on to the provider as an
 * authorization parameter: `login_hint`, `screen_hint`, `connection`, `ui_locales`.
 */
export interface LoginOptions extends ClientLoginOptions {
  appState?: AppState;
  [parameter: string]: unknown;
}

/** What one sign-out may ask for. */
export interface LogoutOptions extends ClientLogoutOptions {
  /** Signs out of the identity provider behind Auth0 as well. @default false */
  federated?: boolean;
  [name: string]: unknown;
}

/** What a handler is called with: it asks for nothing, so that `onClick={login}` does what `login()` does. */
export interface HandledEvent {
  preventDefault(): void;
}

const given = <Options extends object>(options: Options | HandledEvent | undefined): Partial<Options> =>
  options && !("preventDefault" in options) ? options : {};

/** Members that can be authorization parameters. */
export const parametersIn = (members: object): Record<string, string> =>
  Object.fromEntries(
    Object.entries(members)
      .filter(([, value]) => ["string", "number", "boolean"].includes(typeof value))
      .map(([name, value]) => [name, `${value}`]),
  );

/**
 * Options in the words of the client: what it has no word for are authorization parameters. An app that asks for no
 * `appState` gets null: undefined is what a sign-in has that no app asked for.
 */
export function toLogin(options?: LoginOptions | HandledEvent): ClientLoginOptions {
  const { popup, appState, returnTo, loginHint, maxAge, prompt, organization, audience, scope, params, ...others } =
    given<LoginOptions>(options);
  return {
    popup,
    loginHint,
    maxAge,
    prompt,
    organization,
    audience,
    scope,
    returnTo: returnTo ?? pathTo(appState?.returnTo),
    appState: appState ?? (returnTo === undefined ? null : { returnTo }),
    params: { ...parametersIn(others), ...params },
  };
}

/** The same for a sign-out. */
export function toLogout(options?: LogoutOptions | HandledEvent): ClientLogoutOptions {
  const { returnTo, local, localOnly, federated, params } = given<LogoutOptions>(options);
  // Auth0 looks whether it is there, not what it says.
  const all = federated ? { federated: "", ...params } : params;
  return { returnTo, local: Boolean(local ?? localOnly), params: all };
}
