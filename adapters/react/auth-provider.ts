import { createElement, type ReactElement, type ReactNode, useEffect, useState } from "react";
import { type Client, createClient } from "../browser/client.js";
import type { ClientOptions } from "../browser/options.js";
import { createClientModel } from "./client-model.js";
import { AuthContext } from "./context.js";
import type { AuthHandlers } from "./model.js";

/** The options of a client, or one that is there already: read once. */
export type AuthProviderProps = AuthHandlers & { children?: ReactNode } & (ClientOptions | { client: Client });

/** The page is the client: for static sites. Tokens are in memory alone. */
export function AuthProvider(props: AuthProviderProps): ReactElement {
  const { children, onRedirecting, onRedirectCallback, onLoginError, onAccessTokenError, ...rest } = props;
  const handlers = { onRedirecting, onRedirectCallback, onLoginError, onAccessTokenError };
  const [model] = useState(() =>
    "client" in rest
      ? createClientModel(() => rest.client, Date.now, handlers)
      : createClientModel(() => createClient(rest), rest.now ?? Date.now, handlers),
  );
  useEffect(() => {
    model.handlers = handlers;
  });
  useEffect(() => model.start(), [model]);
  return createElement(AuthContext.Provider, { value: model }, children);
}
