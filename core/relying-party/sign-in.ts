import { TRANSACTION_DURATION } from "../defaults.js";
import { exchangeErrorOf, must } from "../errors.js";
import { authorizationOf } from "../exchange/authorization.js";
import { safeReturnTo } from "../exchange/return-to.js";
import * as exchange from "../exchange/sign-in.js";
import { tokenSetOf } from "../exchange/token-set.js";
import type { Authentication } from "../exchange/types.js";
import { userOf } from "../exchange/user.js";
import type { Reply } from "../request/response.js";
import { orErrorPage } from "./answer-failure.js";
import type { RelyingPartyConfig } from "./config.js";
import type { LoginOptions } from "./login-options.js";
import { redirect } from "./replies.js";
import { loginUrl, type ProviderContext, type RequestContext } from "./request-context.js";
import { routeUrl } from "./site.js";

/** {@link LoginOptions}, for an adapter whose framework may have the callback at another URL. */
export interface SignInOptions extends LoginOptions {
  /** @default the URL of the callback route */
  redirectUri?: string;
}

/** The options in the query of the login route. Only allow-listed parameters go on to the provider (S18, test/security/advisories.md). */
export function loginOptionsOf(query: URLSearchParams, allowedParams: readonly string[]): LoginOptions {
  const params: Record<string, string[]> = {};
  for (const name of allowedParams) if (query.has(name)) params[name] = query.getAll(name);
  return { params, returnTo: query.get("returnTo") ?? undefined };
}

/**
 * Begins a sign-in at the provider that the options name. Where they name none of several, sends the browser to the login route, whose
 * page lets the user choose.
 * @throws MisuseError (`invalid_config`) if the app has no provider of that name, or if that page would lose options
 */
export async function chooseAndSignIn<Data>(
  opened: RequestContext<Data>,
  { provider = opened.config.defaultProvider, ...options }: LoginOptions,
): Promise<Reply> {
  const context = opened.at(provider);
  if (context) return orErrorPage(context, () => signIn(context, options));
  const { returnTo, ...others } = options;
  must(provider === undefined && !Object.keys(others)[0], "login() needs the name of a provider");
  return redirect(loginUrl(opened, returnTo), opened.request.method);
}

/** Begins a sign-in: seals its transaction into a cookie, and sends the browser to the provider. */
export async function signIn<Data>(context: ProviderContext<Data>, options: SignInOptions): Promise<Reply> {
  const { config, site, request } = context;
  const returnTo = safeReturnTo(options.returnTo, site.origin, `${site.path}/`, site.path + config.mount);
  context.opened.returnTo = returnTo;
  const authorization = authorizationOf(config.authorizationParams, options);
  const { url } = await exchange.beginSignIn(exchangeContext(context, config.onSignIn), {
    ...authorization,
    appState: options.appState,
    // A list, if it comes from the query of the login route.
    provider: config.name,
    isSilent: `${authorization.parameters["prompt"]}` === "none" || undefined,
    redirectUri: options.redirectUri ?? routeUrl(context, "callback"),
    returnTo,
  });
  return redirect(url, request.method);
}

/**
 * Completes a sign-in with the parameters of its callback, and returns the path to go to. The transaction is used up whatever
 * happens; a session is established only at the very end.
 * @throws ExchangeError, CookieTooLargeError
 */
export async function completeSignIn<Data>(
  context: ProviderContext<Data>,
  parameters: URLSearchParams,
  onSignIn = context.config.onSignIn,
): Promise<string> {
  const [state, again] = parameters.getAll("state");
  const pending = state && again === undefined ? await context.transactions().find(state) : undefined;
  context.opened.returnTo = pending?.returnTo;
  // Before the code is redeemed: the store must take a write, and no other request may have used this callback.
  const transaction = pending && (await context.store?.isFirstUse(pending.state)) !== false ? pending : undefined;
  // The back button, a bookmark, a second delivery: a user who is signed in already goes on to the first page.
  if (!transaction && context.reading.session) return `${context.site.path}/`;
  try {
    const { returnTo } = await exchange.finishSignIn(
      exchangeContext(context, onSignIn, parameters),
      transaction,
      parameters,
    );
    return returnTo;
  } catch (error) {
    if (!transaction?.isSilent || exchangeErrorOf(error).code !== "login_required") throw error;
    await context.commit(() => context.reading.jar.set(silentNameOf(context.sessions), "1", TRANSACTION_DURATION));
    return transaction.returnTo;
  }
}

/**
 * The name of the cookie which says that a silent sign-in found no session at the provider a moment ago, so that the app need not try
 * again on each page. It needs no seal: a client that sets it keeps only its own browser from a silent sign-in.
 */
export const silentNameOf = ({ prefix }: { readonly prefix: string }): string => `${prefix}silent`;

/** Redirects to a path of the site. The path is resolved against the site's origin once more, even though it was sealed (S15). */
export const redirectWithin = <Data>({ site, request }: RequestContext<Data>, path: string): Reply =>
  redirect(site.origin + safeReturnTo(path, site.origin, `${site.path}/`), request.method);

type OnSignIn<Data> = RelyingPartyConfig<Data>["onSignIn"];

/** The handlers of a server: transactions and sessions are written to the response of the request. */
const exchangeContext = <Data>(
  context: ProviderContext<Data>,
  onSignIn: OnSignIn<Data>,
  parameters?: URLSearchParams,
): exchange.SignInContext => ({
  ...context,
  handlers: {
    storeTransaction: (transaction) =>
      context
        .commit(() => context.transactions().add(transaction))
        .catch((error) => {
          // Too long to be stored: another attempt leads to the first page.
          context.opened.returnTo = undefined;
          throw error;
        }),
    // Written at once: the transaction is used up even if the session that follows cannot be written.
    clearTransaction: (state) => context.commit(() => context.transactions().remove(state)),
    establishSession: (authentication) => establishSession(context, authentication, onSignIn, parameters),
  },
});

/** Begins a new session (S30). The data of the one before stays if it is of the same user: the same subject at the same provider. */
async function establishSession<Data>(
  context: ProviderContext<Data>,
  { claims, userinfo, tokens, transaction }: Authentication,
  onSignIn: OnSignIn<Data>,
  parameters: Iterable<[string, string]> = [],
): Promise<void> {
  const { sub, auth_time: authTime, acr } = claims;
  const { appState, startedAt, maxAge, acrValues } = transaction;
  const { scope } = context.config;
  const { provider } = context.source;
  const user = userOf({ ...claims, ...userinfo }, sub);
  // Without the authorization response itself (RFC 6749 4.1.2, RFC 9207 2).
  const { code: _, state: __, iss: ___, ...params } = Object.fromEntries(parameters);
  const { accessToken } = tokens;
  const shaped = await onSignIn?.({ user, claims, accessToken, tokens, params, appState, provider });
  // Only for an app that asked: the two take bytes of a cookie.
  const authentication = (maxAge ?? acrValues) !== undefined && {
    authenticatedAt: (authTime as number) * 1000,
    acr: acr as string,
  };
  await context.commit((draft) => {
    const previous = draft.session?.data;
    const isSameUser = previous?.user.sub === sub && previous.provider === provider;
    const data = shaped?.data ?? (isSameUser ? previous.data : ({} as Data));
    // The subject is that of the verified ID Token, whatever `onSignIn` returns (S44).
    const signedIn = { user: { ...(shaped?.user ?? user), sub }, data, ...authentication, ...context.source };
    // The configured scope need not take bytes in a cookie: `grantedScope` fills it in.
    draft.begin(signedIn, tokenSetOf({ ...tokens, scope: tokens.scope === scope ? undefined : tokens.scope }));
    draft.change = { patches: [], ...draft.change, startedAt };
  });
  context.emit({ type: "signed_in" });
}
