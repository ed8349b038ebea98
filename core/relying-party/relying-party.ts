import { type Awaitable, chain } from "../awaitable.js";
import { TRANSACTION_DURATION } from "../defaults.js";
import { emitter } from "../events.js";
import type { Ports } from "../ports.js";
import { createServerProvider } from "../provider/server.js";
import type { RequestView } from "../request/view.js";
import { packed } from "../seal/payload.js";
import { createSealer } from "../seal/sealer.js";
import { readSession } from "../session/reading.js";
import { AuthRequest } from "./auth-request.js";
import { type RelyingPartyConfig, sealedFor } from "./config.js";
import type { ReplyWriter } from "./request-auth.js";
import type { App } from "./request-context.js";
import { chooseSite } from "./site.js";
import { createUserSessions } from "./user-sessions.js";

/**
 * Theory of operation of this room: sign-in and sessions of one app on a server.
 *
 * State. A session and its tokens are in sealed cookies (or in a store), each sign-in in progress in a sealed cookie of its own.
 * A request brings them, and its response writes them. The process keeps one thing of a user: the result of a refresh, until a
 * response has carried it, for an hour at most (core/provider/refresher.ts).
 *
 * Who does what. An adapter makes a request view and a response writer and calls `open`, which picks the site (site.ts), reads
 * the session from the Cookie header (core/session/reading.ts) and returns an `AuthRequest` (auth-request.ts). `route` answers
 * the login, callback, logout and me routes (routes.ts); they call sign-in.ts and sign-out.ts, which give the interpreters of
 * core/exchange their handlers. `getAccessToken` is access.ts. Everything that writes goes through `RequestContext.commit`.
 *
 * Order. A commit waits for the commits before it (core/session/write-queue.ts). The transaction of a callback is deleted
 * before its code is redeemed; refreshed tokens are written before the app gets the new one, unless the headers have left; a
 * session is destroyed here before the provider learns of the sign-out.
 *
 * What can go wrong. Whatever a client sends is a session that was refused, or an error page. What the provider does wrong is an
 * ExchangeError: an error page and an event at a route (failures.ts), an exception for the app that called `getAccessToken`.
 * When the headers have left, nothing can be written: `refresh_required`, or MisuseError `headers_sent` for an app's own write.
 */
export interface RelyingParty<Data> {
  /**
   * Opens a request: reads its session, synchronously where there is nothing to wait for. Never throws for what a client sent.
   */
  open<Answer>(request: RequestView, responseWriter: ReplyWriter<Answer>): Awaitable<AuthRequest<Data, Answer>>;
}

/** @throws MisuseError (`invalid_config`) when secrets, cookies or durations are wrong */
export function createRelyingParty<Data>(config: RelyingPartyConfig<Data>, ports: Ports): RelyingParty<Data> {
  const purpose = sealedFor(config.provider);
  const emit = emitter(config.onEvent, ports.now);
  const store = config.store?.connect(config, ports, emit);
  const app: App<Data> = {
    config,
    ports,
    emit,
    store,
    provider: createServerProvider(config.provider, ports, store),
    exchange: { ...config, ...config.provider },
    transactionSealer: createSealer(config.session.secret, `transaction ${purpose}`, TRANSACTION_DURATION, packed),
  };
  const sessionsAt = (secure: boolean) =>
    createUserSessions(
      { ...config.session, purpose, cookie: { ...config.session.cookie, secure } },
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
        (reading) => new AuthRequest(app, sessions, request, responseWriter, site, reading),
      );
    },
  };
}
