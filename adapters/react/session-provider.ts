import { createElement, type ReactElement, type ReactNode, useEffect, useState } from "react";
import { AuthContext } from "./context.js";
import type { AuthHandlers } from "./model.js";
import { createSessionModel, type ServerSession, type SessionOptions } from "./session-model.js";

export interface SessionProviderProps extends SessionOptions, Pick<AuthHandlers, "onRedirecting"> {
  /**
   * What the server knows: the session, of which only the user and the times are used, or null when nobody is signed in; then
   * the first render shows it. Hand a Client Component no more of it than that. @default unknown: the server is asked
   */
  session?: ServerSession | null | undefined;
  children?: ReactNode;
}

/** The server is the client, and holds the session in cookies: asks its `/auth/me`. Options are read once. */
export function SessionProvider({ children, session, onRedirecting, ...options }: SessionProviderProps): ReactElement {
  const [model] = useState(() => createSessionModel(options, session));
  useEffect(() => {
    model.handlers = { onRedirecting };
    model.accept(session);
  });
  useEffect(() => model.start(), [model]);
  return createElement(AuthContext.Provider, { value: model }, children);
}
