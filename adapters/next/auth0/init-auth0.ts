import type { IncomingMessage, ServerResponse } from "node:http";
import type { NextApiHandler, NextApiRequest, NextApiResponse } from "next";
import { ExchangeError } from "../../../core/errors.js";
import { safeReturnTo } from "../../../core/exchange/return-to.js";
import { type TokenSet, tokenSetOf } from "../../../core/exchange/token-life.js";
import type { User } from "../../../core/exchange/user.js";
import type { SignIn } from "../../../core/relying-party/config.js";
import type { VisitContext } from "../../../core/relying-party/context.js";
import { json, notAuthenticated } from "../../../core/relying-party/replies.js";
import { answerAs, type RouteOptions } from "../../../core/relying-party/routes.js";
import { refetchUser, tokensOf } from "../../../core/relying-party/user.js";
import { queryOf } from "../../../core/request/reading.js";
import { lazily, serve } from "../configured.js";
import { createPagesRouter } from "../pages.js";
import { AccessTokenError } from "./access-token-error.js";
import { type Auth0Settings, configOf } from "./settings.js";

/** A session as `getSession` gives it. */
export interface Auth0Session {
  user: User;
  idToken?: string | undefined;
  accessToken?: string | undefined;
  accessTokenScope?: string | undefined;
  /** Seconds since the epoch. */
  accessTokenExpiresAt?: number | undefined;
  refreshToken?: string | undefined;
  /** Milliseconds since the epoch. */
  createdAt: number;
  /** What `onUserLoaded` added. */
  [name: string]: unknown;
}

type State = Record<string, unknown>;
type OnUserLoaded = (
  req: NextApiRequest,
  res: NextApiResponse,
  session: Auth0Session,
  state: State,
) => Auth0Session | Promise<Auth0Session>;

/** What `initAuth0` gives. */
export interface Auth0 {
  readonly isBrowser: boolean;
  handleLogin(
    req: NextApiRequest,
    res: NextApiResponse,
    options?: {
      authParams?: Record<string, unknown>;
      getState?: (req: NextApiRequest) => State;
      redirectTo?: string;
    },
  ): Promise<void>;
  /** @throws ExchangeError with a `status` and a `message` that may be shown */
  handleCallback(
    req: NextApiRequest,
    res: NextApiResponse,
    options?: { redirectTo?: string; onUserLoaded?: OnUserLoaded },
  ): Promise<void>;
  handleLogout(req: NextApiRequest, res: NextApiResponse, options?: { returnTo?: string }): Promise<void>;
  /** The user as JSON, or 401. */
  handleProfile(req: NextApiRequest, res: NextApiResponse, options?: { refetch?: boolean }): Promise<void>;
  getSession(req: IncomingMessage, res?: ServerResponse): Promise<Auth0Session | null>;
  requireAuthentication(handler: NextApiHandler): NextApiHandler;
  tokenCache(
    req: IncomingMessage,
    res: ServerResponse,
  ): {
    /** @throws AccessTokenError */
    getAccessToken(options?: { scopes?: string[]; refresh?: boolean }): Promise<{ accessToken: string }>;
  };
}

/** Sign-in with the names of `@auth0/nextjs-auth0` before 1.0, for the Pages Router. Settings are checked at first use. */
export function initAuth0(settings: Auth0Settings): Auth0 {
  const configured = lazily(() => serve(configOf<State>(settings), settings));
  const pages = createPagesRouter(configured);
  const { storeIdToken, storeAccessToken, storeRefreshToken } = settings.session ?? {};

  const sessionOf = (user: User, data: State, createdAt: number, tokens: TokenSet | undefined): Auth0Session => ({
    ...data,
    user,
    createdAt,
    ...(storeIdToken && { idToken: tokens?.idToken }),
    ...(storeRefreshToken && { refreshToken: tokens?.refreshToken }),
    ...(storeAccessToken && {
      accessToken: tokens?.accessToken,
      accessTokenScope: tokens?.scope ?? configured().config.scope,
      accessTokenExpiresAt: tokens?.expiresAt && Math.floor(tokens.expiresAt / 1000),
    }),
  });

  async function getSession(req: IncomingMessage, res?: ServerResponse): Promise<Auth0Session | null> {
    const { visit, context } = await pages.open(req, res);
    const session = visit.session();
    return session && sessionOf(session.user, session.data, session.beganAt, await tokensOf(context));
  }

  /** Answers as a route of ours, under whatever path the app has it. */
  async function answer(
    req: NextApiRequest,
    res: NextApiResponse,
    route: "login" | "callback" | "logout",
    options: (context: VisitContext<State>) => RouteOptions<State>,
  ): Promise<void> {
    const { context, outlet } = await pages.open(req, res);
    outlet?.send(await answerAs(context, route, options(context)));
  }

  const shape =
    (req: NextApiRequest, res: NextApiResponse, onUserLoaded: OnUserLoaded) =>
    async ({ user, tokens, appState }: SignIn) => {
      const createdAt = (settings.now ?? Date.now)();
      const before = sessionOf(user, {}, createdAt, tokenSetOf(tokens));
      const {
        user: shaped,
        createdAt: _,
        idToken: _id,
        accessToken: _access,
        accessTokenScope: _scope,
        accessTokenExpiresAt: _expires,
        refreshToken: _refresh,
        ...data
      } = await onUserLoaded(req, res, before, (appState ?? {}) as State);
      return { user: shaped, data };
    };

  return {
    isBrowser: false,
    getSession,
    requireAuthentication: pages.requireAuthentication,

    handleLogin: (req, res, { authParams = {}, getState, redirectTo } = {}) =>
      answer(req, res, "login", ({ request, site, config }) => {
        const state = getState?.(req);
        const asked = redirectTo ?? state?.["redirectTo"] ?? queryOf(request).get("redirectTo");
        // What the app is told of it at the end is a path of its own as well.
        const returnTo = safeReturnTo(asked, site.origin, `${site.path}/`, site.path + config.mount);
        const params = Object.entries(authParams).filter(([, value]) => value !== undefined && value !== null);
        return {
          login: {
            returnTo,
            appState: { ...state, redirectTo: returnTo },
            params: Object.fromEntries(params.map(([name, value]) => [name, String(value)])),
          },
        };
      }),

    handleCallback: (req, res, { redirectTo, onUserLoaded } = {}) =>
      answer(req, res, "callback", () => ({
        callback: {
          returnTo: redirectTo,
          ...(onUserLoaded && { onSignIn: shape(req, res, onUserLoaded) }),
          onError(error) {
            throw error;
          },
        },
      })),

    handleLogout: (req, res, { returnTo } = {}) =>
      answer(req, res, "logout", () => ({ logout: returnTo === undefined ? {} : { returnTo } })),

    async handleProfile(req, res, { refetch = false } = {}) {
      const { visit, context, outlet } = await pages.open(req, res);
      if (visit.session() && refetch) await refetchUser(context);
      const session = visit.session();
      outlet?.send(session ? json(200, session.user) : notAuthenticated());
    },

    tokenCache: (req, res) => ({
      async getAccessToken({ scopes = [], refresh = false } = {}) {
        const { visit, context } = await pages.open(req, res);
        const tokens = await tokensOf(context);
        if (!visit.session() || !tokens) throw new AccessTokenError("invalid_session");
        const granted = (tokens.scope ?? context.config.scope).split(" ");
        if (!scopes.every((scope) => granted.includes(scope))) throw new AccessTokenError("insufficient_scope");
        try {
          return { accessToken: await visit.getAccessToken({ refresh }) };
        } catch (error) {
          const expired = error instanceof ExchangeError && ["no_access_token", "grant_ended"].includes(error.code);
          throw expired ? new AccessTokenError("access_token_expired", { cause: error }) : error;
        }
      },
    }),
  };
}
