import { createElement, type ReactElement, type ReactNode, useEffect, useState } from "react";
import { AuthContext } from "./context.js";
import type { AuthHandlers } from "./model.js";
import type { ServerSession } from "./server-session.js";
import { SessionModel, type SessionOptions } from "./session-model.js";

export interface SessionProviderProps extends SessionOptions, Pick<AuthHandlers, "onRedirecting" | "onForbidden"> {
  /**
   * The session at the time of the server's render, or null if no user is signed in. The first render then shows it. Only the
   * user and the times are used, so pass no more than these to a Client Component. @default undefined: the page asks the server
   */
  session?: ServerSession | null | undefined;
  children?: ReactNode;
}

/**
 * Shows the session of a server that uses latchkey: the server keeps the session in cookies, and the page reads it from
 * `/auth/me`. The options of the first render are used; only `session` may change.
 *
 * @example
 * ```tsx
 * import { SessionProvider, useSession } from "latchkey/react";
 *
 * function Greeting() {
 *   const { user, isLoading } = useSession();
 *   if (isLoading) return <p>…</p>;
 *   return user ? <p>Hello {user.name}</p> : <a href="/auth/login">Sign in</a>;
 * }
 *
 * export const App = () => (
 *   <SessionProvider>
 *     <Greeting />
 *   </SessionProvider>
 * );
 * ```
 */
export function SessionProvider({
  children,
  session,
  onRedirecting,
  onForbidden,
  ...options
}: SessionProviderProps): ReactElement {
  const handlers = { onRedirecting, onForbidden };
  // The first render, which a server makes too, needs them before any effect.
  const [model] = useState(() => Object.assign(new SessionModel(options, session), { handlers }));
  useEffect(() => {
    model.handlers = handlers;
    model.accept(session);
  });
  useEffect(() => model.start(), [model]);
  return createElement(AuthContext.Provider, { value: model }, children);
}
