import type { IncomingMessage, ServerResponse } from "node:http";
import type { NextApiHandler, NextApiRequest, NextApiResponse } from "next";
import { ExchangeError } from "../../../core/errors.js";
import { safeReturnTo } from "../../../core/exchange/return-to.js";
import { grantedScope, type TokenSet, tokenSetOf } from "../../../core/exchange/token-set.js";
import type { User } from "../../../core/exchange/user.js";
import { reportFailure } from "../../../core/relying-party/answer-failure.js";
import type { SignIn } from "../../../core/relying-party/config.js";
import { refreshUser } from "../../../core/relying-party/refresh-user.js";
import { json, methodNotAllowed, notAuthenticated } from "../../../core/relying-party/replies.js";
import { keepAlive, type ProviderContext } from "../../../core/relying-party/request-context.js";
import type { SessionRequirement } from "../../../core/relying-party/requirement.js";
import { answerLogin, answerLogout } from "../../../core/relying-party/routes.js";
import { completeSignIn, redirectWithin, type SignInOptions } from "../../../core/relying-party/sign-in.js";
import { queryOf } from "../../../core/request/reading.js";
import type { Reply } from "../../../core/request/response.js";
import { type Configured, lazily, serve } from "../configured.js";
import { createPagesRouter, type PagesRouter } from "../pages.js";
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
  /** The members that `onUserLoaded` added. */
  [name: string]: unknown;
}

/** The value of `getState` when the sign-in began; and the app's own data of a session. */
type State = Record<string, unknown>;

/** Shapes a new session. `state`: what `getState` returned when the sign-in began. */
export type OnUserLoaded = (
  req: NextApiRequest,
  res: NextApiResponse,
  session: Auth0Session,
  state: Record<string, unknown>,
) => Auth0Session | Promise<Auth0Session>;

/** The functions that `initAuth0` returns. */
export interface Auth0 {
  readonly isBrowser: boolean;
  handleLogin(
    req: NextApiRequest,
    res: NextApiResponse,
    options?: {
      authParams?: Record<string, unknown>;
      getState?: (req: NextApiRequest) => Record<string, unknown>;
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
  requireAuthentication(
    handler: NextApiHandler,
    requirement?: SessionRequirement<Record<string, unknown>>,
  ): NextApiHandler;
  tokenCache(
    req: IncomingMessage,
    res: ServerResponse,
  ): {
    /** @throws AccessTokenError */
    getAccessToken(options?: { scopes?: string[]; refresh?: boolean }): Promise<{ accessToken: string }>;
  };
}

type LoginArguments = NonNullable<Parameters<Auth0["handleLogin"]>[2]>;
type CallbackArguments = NonNullable<Parameters<Auth0["handleCallback"]>[2]>;

/** The tokens of a session, all of them, for server code. */
function tokensOf(context: ProviderContext<State>): Promise<TokenSet | undefined> {
  context.responseWriter.markSessionRead();
  return context.tokens();
}

/** The objects that the functions of one `initAuth0` share. */
class Auth0Names {
  readonly #settings: Auth0Settings;
  readonly #configured: () => Configured<State>;
  readonly pages: PagesRouter<State>;

  constructor(settings: Auth0Settings) {
    this.#settings = settings;
    this.#configured = lazily(() => serve(configOf<State>(settings), settings));
    this.pages = createPagesRouter(this.#configured);
  }

  /** A request at the only provider. */
  async #open(req: IncomingMessage, res?: ServerResponse) {
    const { context, ...page } = await this.pages.open(req, res);
    return { ...page, context: context.at(undefined) as ProviderContext<State> };
  }

  /** The session with the tokens that the settings say to show. */
  sessionOf(user: User, data: State, createdAt: number, tokens: TokenSet | undefined): Auth0Session {
    const { storeIdToken, storeAccessToken, storeRefreshToken } = this.#settings.session ?? {};
    return {
      ...data,
      user,
      createdAt,
      ...(storeIdToken && { idToken: tokens?.idToken }),
      ...(storeRefreshToken && { refreshToken: tokens?.refreshToken }),
      ...(storeAccessToken && {
        accessToken: tokens?.accessToken,
        accessTokenScope: grantedScope(tokens ?? {}, this.#configured().config.providers[0].scope),
        accessTokenExpiresAt: tokens?.expiresAt && Math.floor(tokens.expiresAt / 1000),
      }),
    };
  }

  async getSession(req: IncomingMessage, res?: ServerResponse): Promise<Auth0Session | null> {
    const { auth, context } = await this.#open(req, res);
    const { session } = auth;
    if (!session) return null;
    const { storeIdToken, storeAccessToken, storeRefreshToken } = this.#settings.session;
    // With sessions in a store, the tokens are a read of their own.
    const tokens = storeIdToken || storeAccessToken || storeRefreshToken ? await tokensOf(context) : undefined;
    return this.sessionOf(session.user, session.data, session.beganAt, tokens);
  }

  /** Answers a request under whatever path the app has it. */
  async answer(
    req: NextApiRequest,
    res: NextApiResponse,
    reply: (context: ProviderContext<State>) => Promise<Reply>,
  ): Promise<void> {
    const { context, writer } = await this.#open(req, res);
    writer.send(await keepAlive(context, reply(context)));
  }

  loginOptions(
    { request, site, config }: ProviderContext<State>,
    req: NextApiRequest,
    { authParams = {}, getState, redirectTo }: LoginArguments,
  ): SignInOptions {
    const state = getState?.(req);
    const wanted = redirectTo ?? state?.["redirectTo"] ?? queryOf(request).get("redirectTo");
    // The app gets this path at the end: it must be a path of its own as well.
    const returnTo = safeReturnTo(wanted, site.origin, `${site.path}/`, site.path + config.mount);
    const params = Object.entries(authParams).filter(([, value]) => value !== undefined && value !== null);
    return {
      returnTo,
      redirectUri: site.origin + new URL(this.#settings.redirectUri).pathname,
      appState: { ...state, redirectTo: returnTo },
      params: Object.fromEntries(params.map(([name, value]) => [name, String(value)])),
    };
  }

  /** Completes a sign-in. Unlike the callback route of latchkey, it throws what went wrong. @throws ExchangeError */
  async callback(
    context: ProviderContext<State>,
    req: NextApiRequest,
    res: NextApiResponse,
    { redirectTo, onUserLoaded }: CallbackArguments,
  ): Promise<Reply> {
    if (context.request.method !== "GET") return methodNotAllowed("GET");
    const onSignIn = onUserLoaded && ((signIn: SignIn) => this.#shape(req, res, signIn, onUserLoaded));
    try {
      const returnTo = await completeSignIn(context, queryOf(context.request), onSignIn);
      return redirectWithin(context, redirectTo ?? returnTo);
    } catch (error) {
      throw reportFailure(context, error).error;
    }
  }

  /** The content of a new session, as the app's `onUserLoaded` shapes it. Tokens have a place of their own. */
  async #shape(req: NextApiRequest, res: NextApiResponse, signIn: SignIn, onUserLoaded: OnUserLoaded) {
    const createdAt = (this.#settings.now ?? Date.now)();
    const before = this.sessionOf(signIn.user, {}, createdAt, tokenSetOf(signIn.tokens));
    const {
      user,
      createdAt: _createdAt,
      idToken: _idToken,
      accessToken: _accessToken,
      accessTokenScope: _scope,
      accessTokenExpiresAt: _expiresAt,
      refreshToken: _refreshToken,
      ...data
    } = await onUserLoaded(req, res, before, (signIn.appState ?? {}) as State);
    return { user, data };
  }

  async profile(req: NextApiRequest, res: NextApiResponse, isRefetched: boolean): Promise<void> {
    const { auth, writer } = await this.#open(req, res);
    if (auth.session && isRefetched) await refreshUser(auth);
    const { session } = auth;
    writer.send(session ? json(200, session.user) : notAuthenticated());
  }

  async accessToken(
    req: IncomingMessage,
    res: ServerResponse,
    { scopes = [], refresh = false }: { scopes?: string[]; refresh?: boolean },
  ): Promise<{ accessToken: string }> {
    const { auth, context } = await this.#open(req, res);
    const tokens = await tokensOf(context);
    if (!auth.session || !tokens) throw new AccessTokenError("invalid_session");
    const granted = grantedScope(tokens, context.config.scope).split(" ");
    if (!scopes.every((scope) => granted.includes(scope))) throw new AccessTokenError("insufficient_scope");
    try {
      return { accessToken: await auth.getAccessToken({ refresh }) };
    } catch (error) {
      const isExpired = error instanceof ExchangeError && ["no_access_token", "grant_ended"].includes(error.code);
      throw isExpired ? new AccessTokenError("access_token_expired", { cause: error }) : error;
    }
  }
}

/**
 * Sign-in with the names of `@auth0/nextjs-auth0` before 1.0, for the Pages Router. Settings are checked at first use.
 *
 * @example
 * ```ts
 * import { initAuth0 } from "latchkey/next";
 *
 * export const auth0 = initAuth0({
 *   domain: "tenant.eu.auth0.com",
 *   clientId: "client",
 *   clientSecret: process.env.AUTH0_CLIENT_SECRET ?? "",
 *   redirectUri: "http://localhost:3000/api/callback",
 *   postLogoutRedirectUri: "http://localhost:3000/",
 *   session: { cookieSecret: process.env.COOKIE_SECRET ?? "" },
 * });
 * ```
 */
export function initAuth0(settings: Auth0Settings): Auth0 {
  const names = new Auth0Names(settings);
  return {
    isBrowser: false,
    getSession: (req, res) => names.getSession(req, res),
    requireAuthentication: names.pages.requireSessionApi,
    handleLogin: (req, res, options = {}) =>
      names.answer(req, res, async (context) =>
        answerLogin(context, undefined, names.loginOptions(context, req, options)),
      ),
    handleCallback: (req, res, options = {}) =>
      names.answer(req, res, (context) => names.callback(context, req, res, options)),
    handleLogout: (req, res, { returnTo } = {}) =>
      names.answer(req, res, (context) => answerLogout(context, returnTo === undefined ? {} : { returnTo })),
    handleProfile: (req, res, { refetch = false } = {}) => names.profile(req, res, refetch),
    tokenCache: (req, res) => ({ getAccessToken: (options = {}) => names.accessToken(req, res, options) }),
  };
}
