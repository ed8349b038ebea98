import { sha256, toBase64url } from "../bytes.js";
import { must } from "../errors.js";
import { type AuthorizationOptions, authorizationOf } from "../exchange/authorization.js";
import { runExchange } from "../exchange/drive.js";
import type { Effect, Event, IdTokenClaims, State, TokenResponse } from "../exchange/machine.js";
import { safeReturnTo } from "../exchange/return-to.js";
import { tokenSetOf } from "../exchange/token-life.js";
import { userOf } from "../exchange/user.js";
import type { Reply } from "../request/response.js";
import type { RelyingPartyConfig, SignIn } from "./config.js";
import type { VisitContext } from "./context.js";
import { redirect } from "./replies.js";
import { routePath } from "./site.js";

/** What one sign-in may ask for. */
export interface LoginOptions extends AuthorizationOptions {
  /** Where to go afterwards: a path on this site; anything else becomes its first page. @default the page asked for, or the first */
  returnTo?: string;
  /** A JSON value that `onSignIn` is told at the end, of at most 1,024 characters: it waits in a cookie. */
  appState?: unknown;
}

/** How one sign-in ends, over what the configuration says. */
export interface CallbackOptions<Data> {
  /** @default the `returnTo` that it began with */
  returnTo?: string | undefined;
  onSignIn?: RelyingPartyConfig<Data>["onSignIn"];
}

/** Characters of an app's state, as JSON. */
const MAX_APP_STATE = 1024;

/** The login route: only allow-listed query parameters go on to the provider (S18). */
export function loginOptionsOf(query: URLSearchParams, allowed: readonly string[]): LoginOptions {
  const params: Record<string, string> = {};
  for (const name of allowed) {
    const value = query.get(name);
    if (value !== null) params[name] = value;
  }
  return { params, returnTo: query.get("returnTo") ?? undefined };
}

/** Starts a sign-in: seals its transaction into a cookie and sends the browser to the provider. */
export async function startSignIn<Data>(visit: VisitContext<Data>, options: LoginOptions): Promise<Reply> {
  const { config, ports, provider, site } = visit;
  const { appState } = options;
  must(JSON.stringify([appState]).length <= MAX_APP_STATE, `appState: ${MAX_APP_STATE} characters at most`);
  const draw = () => toBase64url(ports.random(32));
  const codeVerifier = draw();
  const codeChallenge = await sha256(codeVerifier);
  const { issuer, issRequired } = await provider.metadata();
  return run(
    visit,
    { name: "idle" },
    {
      name: "login_requested",
      now: ports.now(),
      secrets: { state: draw(), nonce: draw(), codeVerifier, codeChallenge },
      redirectUri: site.origin + (config.callbackPath ?? routePath(site, config, "callback")),
      returnTo: safeReturnTo(options.returnTo, site.origin, `${site.path}/`, site.path + config.mount),
      issuer,
      issRequired,
      appState,
      ...authorizationOf(config.authorizationParams, options),
    },
  );
}

/** Ends a sign-in: the transaction is used up whatever happens, and a session is established only at the very end. */
export async function finishSignIn<Data>(
  visit: VisitContext<Data>,
  parameters: URLSearchParams,
  options: CallbackOptions<Data> = {},
): Promise<Reply> {
  const [stated, again] = parameters.getAll("state");
  const transaction = stated && again === undefined ? await visit.transactions().find(stated) : undefined;
  // Back button, bookmark, a second delivery: somebody who is signed in already goes on.
  if (!transaction && visit.reading.session)
    return redirect(`${visit.site.origin}${visit.site.path}/`, visit.request.method);
  const state: State = transaction ? { name: "awaiting_callback", transaction } : { name: "idle" };
  return run(visit, state, { name: "callback_received", now: visit.ports.now(), parameters }, options);
}

async function run<Data>(
  visit: VisitContext<Data>,
  start: State,
  first: Event,
  options: CallbackOptions<Data> = {},
): Promise<Reply> {
  let answer: Reply | undefined;
  await runExchange(visit, visit.exchange, start, first, async (effect, before) => {
    const done = await perform(visit, effect, before, options);
    if (!done || "name" in done) return done;
    answer = done;
    return undefined;
  });
  return answer as unknown as Reply;
}

/** The one place where effects become deeds. */
async function perform<Data>(
  visit: VisitContext<Data>,
  effect: Effect,
  before: State,
  { returnTo, onSignIn = visit.config.onSignIn }: CallbackOptions<Data>,
): Promise<Reply | Event | undefined> {
  const { provider, ports, request, site } = visit;
  const { appState } = ("transaction" in before && before.transaction) || {};
  switch (effect.name) {
    case "set_transaction":
      await visit.commit(() => visit.transactions().add(effect.transaction));
      return undefined;
    case "authorize":
      return redirect(await provider.authorizationUrl(effect.parameters), request.method);
    case "clear_transaction":
      // Written at once: used up even if the session that follows cannot be written.
      await visit.commit(() => "transaction" in before && visit.transactions().remove(before.transaction.state));
      return undefined;
    case "redeem_code":
      return { name: "tokens_received", tokens: await provider.redeem(effect) };
    case "verify_id_token":
      return { name: "id_token_verified", claims: await provider.verifyIdToken(effect), now: ports.now() };
    case "establish_session":
      await establish(visit, effect.claims, effect.tokens, (signIn) => onSignIn?.({ ...signIn, appState }));
      return undefined;
    case "redirect":
      // Read back from a seal, and still resolved against our own origin once more (S15).
      return redirect(site.origin + safeReturnTo(returnTo ?? effect.to, site.origin, `${site.path}/`), request.method);
  }
}

/** Begins the session: always a new one (S30); data is carried over only for the same user. */
async function establish<Data>(
  visit: VisitContext<Data>,
  claims: IdTokenClaims,
  tokens: TokenResponse,
  shape: (signIn: SignIn) => ReturnType<NonNullable<RelyingPartyConfig<Data>["onSignIn"]>> | undefined,
): Promise<void> {
  const { config, provider } = visit;
  const extra = config.userinfo ? await provider.userinfo(tokens.accessToken, claims.sub) : {};
  const user = userOf({ ...claims, ...extra }, claims.sub);
  const shaped = await shape({ user, claims, accessToken: tokens.accessToken, tokens });
  await visit.commit((draft) => {
    const previous = draft.session?.data;
    const carried = previous?.user.sub === claims.sub ? previous.data : ({} as Data);
    draft.begin(
      // Who it is comes from the verified token, whatever a hook returns (S44).
      { user: { ...(shaped?.user ?? user), sub: claims.sub }, data: shaped?.data ?? carried },
      // RFC 6749 5.1: a scope that is the one asked for goes without saying.
      tokenSetOf({ ...tokens, scope: tokens.scope === config.scope ? undefined : tokens.scope }),
    );
  });
  visit.emit({ type: "signed_in" });
}
