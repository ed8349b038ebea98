import { type Awaitable, chain } from "../awaitable.js";
import { TRANSACTION_DURATION } from "../defaults.js";
import { type Emit, emitter, type UntimedEvent } from "../events.js";
import type { Ports } from "../ports.js";
import { createServerProvider } from "../provider/server.js";
import type { ReplyWriter } from "../request/response.js";
import type { RequestView } from "../request/view.js";
import { packed } from "../seal/payload.js";
import { createSealer } from "../seal/sealer.js";
import { readSession } from "../session/reading.js";
import { clientKey } from "../store/client-key.js";
import { adviceFor } from "./advice.js";
import { type AppConfig, purposeOf } from "./config.js";
import { RelyingPartyRequest } from "./relying-party-request.js";
import { type App, type AppProvider, refusalFor } from "./request-context.js";
import { chooseSite, withPublicUrl } from "./site.js";
import { createUserSessions } from "./user-sessions.js";

/*
 * Theory of operation of this room: sign-in and sessions of one app on a server.
 *
 * State. A session and its tokens are in sealed cookies (or in a store), each sign-in in progress in a sealed cookie of its own.
 * A request brings them, and its response writes them. The process keeps one thing of a user: the result of a refresh, until a
 * response has carried it, for an hour at most (core/provider/refresher.ts).
 *
 * Way of a request. An adapter makes a request view and a response writer and calls `open`, which picks the site (site.ts), reads
 * the session from the Cookie header (core/session/reading.ts) and returns a `RelyingPartyRequest` (relying-party-request.ts). `route`
 * answers the login, callback, logout, me and backchannel-logout routes (routes.ts); they call sign-in.ts and sign-out.ts, which give
 * the interpreters of core/exchange their handlers. `getAccessToken` is access-token.ts. Everything that writes goes through
 * `RequestContext.commit`.
 *
 * Several providers. An app has a list of providers (`App.providers`): one without a name, or several with names. A `RequestContext` has no
 * provider. `RequestContext.at(name)` makes a `ProviderContext` of it, with the client, the provider and the configuration of that name; both
 * share the session and its writes. The name comes from the route (site.ts, `routeOf`), from `login`, or from the session
 * (`atSession`), so a token goes to the provider that issued it, and to no other. Of several providers
 * - the session says its name and client (`SessionSource`); a session of a provider that the app has no more is refused when it is read
 *   (`refusalFor`);
 * - the transaction says its name, and core/exchange/checks.ts refuses a callback at the redirect URI of another (RFC 9700 4.4);
 * - the login route of the app answers with the page of choices (choices-page.ts).
 *
 * Order. A commit waits for the commits before it (core/session/write-queue.ts). The transaction of a callback is deleted
 * before its code is redeemed; refreshed tokens are written before the app gets the new one, unless the headers have left; a
 * session is destroyed here before the provider learns of the sign-out.
 *
 * Way of a code, from the callback to the session:
 * 1. routes.ts, `answerCallback`: takes the parameters of the callback.
 * 2. sign-in.ts, `completeSignIn`: opens the transaction of `state`; with a store, checks that this is the first use of the `state`.
 * 3. core/exchange/sign-in.ts, `finishSignIn`: runs the table of machine.ts. Its effects are 4 and 5.
 * 4. core/provider/provider.ts: `redeem`, `verifyIdToken`, and `userinfo` if it is configured.
 * 5. sign-in.ts, `establishSession`: calls `onSignIn`, and commits the new session. Then 1 redirects to `returnTo`.
 *
 * Way of a refresh, of two requests on two machines that have the same token set:
 * 1. access-token.ts, `usableToken`: `assess` says that the access token is due.
 * 2. core/exchange/renewal.ts, `renewToken`: runs the table of token-life.ts. Its effects are 3 and 5.
 * 3. core/provider/provider.ts, `refresh`; core/provider/refresher.ts, `refreshOnce`: of each process, one request spends the refresh token.
 * 4. With a store, core/provider/server.ts gives `refreshOnce` what core/store/refreshes.ts, `SharedRefreshes`, makes of the request: of
 *    the two machines, one reserves the token and sends the token request; the other waits for the result in the store. Without a store
 *    both send it, and the provider refuses one of them.
 * 5. access-token.ts, `storeTokens`: commits the new tokens, to the cookies or to the store. Then `release`: a response has carried the tokens,
 *    or the store has them. (A refused refresh: `refuse` in access-token.ts.)
 *
 * Way of an activity stamp, which extends a session that rolls:
 * 1. The adapter calls `roll` (relying-party-request.ts) before it calls the app. In Next the proxy calls `rollAndRefresh`
 *    (roll-and-refresh.ts), because a page that renders cannot write cookies.
 * 2. core/session/write.ts, `isWriteDue`: says whether `rollAfter` has passed since the last stamp. If not, nothing is written.
 * 3. `RequestContext.commit` with `roll`; core/session/write.ts, `writeDraft`: seals the stamp into its cookie.
 *
 * Way of a failed sign-in, to the line on the console and to the page:
 * 1. answer-failure.ts, `orErrorPage`: catches the error of a route, and emits it as a `failed` event.
 * 2. `emit`, below: adds the advice (advice.ts), and calls the app's `onEvent`. An app without `onEvent` and `onFailure`
 *    gets the observer of adapters/lib/print-failures.ts, which prints a line.
 * 3. answer-failure.ts: calls the app's `onFailure`. If that returns no answer, error-page.ts makes the page.
 *
 * What can go wrong. Input of a client never throws: a bad cookie is a session that was refused, a bad callback is an error page. A
 * fault of the provider is an ExchangeError: at a route an error page and an event (answer-failure.ts); `getAccessToken` throws it.
 * When the headers have left, nothing can be written: `refresh_required`, or MisuseError `headers_sent` for an app's own write.
 */

/** Sign-in and sessions of one app on a server. */
export interface RelyingParty<Data> {
  /** Opens a request and reads its session: synchronously, if nothing must be waited for. Never throws for input of a client. */
  open<Answer>(request: RequestView, responseWriter: ReplyWriter<Answer>): Awaitable<RelyingPartyRequest<Data, Answer>>;
}

/** Makes what emits the events of the app, or of the provider of this name: with its name, and with advice. */
const createEmit =
  (observe: (event: UntimedEvent) => void) =>
  (provider?: string): Emit =>
  (event) => {
    const advice = adviceFor(event);
    const advised = { ...event, ...(advice && { advice }), ...(provider && { provider }) };
    observe(advised);
    return advised;
  };

/** @throws MisuseError (`invalid_config`) when secrets, cookies or durations are wrong */
export function createRelyingParty<Data>(config: AppConfig<Data>, ports: Ports): RelyingParty<Data> {
  // For `console.log` in Node, Deno and Bun. Not in the class: its computed name would keep bundlers from leaving the class out.
  const { prototype } = RelyingPartyRequest;
  Object.defineProperty(prototype, Symbol.for("nodejs.util.inspect.custom"), {
    value: prototype.toJSON,
    configurable: true,
  });
  const purpose = purposeOf(config.providers);
  const emitFor = createEmit(emitter(config.onEvent, ports.now));
  const emit = emitFor();
  const store = config.store?.connect(config, ports, emit);
  const app: App<Data> = {
    config,
    ports,
    emit,
    store,
    providers: config.providers.map(
      (each): AppProvider<Data> => ({
        config: { ...config, ...each },
        provider: createServerProvider(each.provider, ports, store),
        exchange: { ...each, ...each.provider },
        source: each.name === undefined ? {} : { provider: each.name, client: clientKey(each.provider) },
        emit: emitFor(each.name),
      }),
    ),
    transactionSealer: createSealer(config.session.secret, `transaction ${purpose}`, TRANSACTION_DURATION, packed),
  };
  const sessionsAt = (secure: boolean) =>
    createUserSessions(
      {
        ...config.session,
        purpose,
        refusalOf: refusalFor(app),
        cookie: { ...config.session.cookie, secure },
      },
      store,
      ports,
      emit,
    );
  // Secure follows the configured origin, never the socket: one set of names for https, one for loopback http.
  const sessionsBySecure = new Map(config.sites.map(({ secure }) => [secure, sessionsAt(secure)]));
  return {
    open(request, responseWriter) {
      const site = chooseSite(config.sites, request);
      const sessions = sessionsBySecure.get(site.secure) as ReturnType<typeof sessionsAt>;
      return chain(
        readSession(sessions, request.headers.get("cookie")),
        (reading) =>
          new RelyingPartyRequest(app, sessions, withPublicUrl(request, site), responseWriter, site, reading),
      );
    },
  };
}
