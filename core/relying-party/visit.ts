import type { Awaitable } from "../awaitable.js";
import { MisuseError } from "../errors.js";
import type { TokenRequest } from "../exchange/token-life.js";
import type { User } from "../exchange/user.js";
import type { FetchInit } from "../ports.js";
import { isPrefetch, targetOf, wantsPage } from "../request/reading.js";
import type { Plan, Reply } from "../request/response.js";
import type { SessionRefusal } from "../session/refusal.js";
import { accessToken, authorizedFetch } from "./access.js";

import { answering, loginUrl, type VisitContext } from "./context.js";
import { notAuthenticated, redirect } from "./replies.js";
import { answerRoute } from "./routes.js";
import { type LoginOptions, startSignIn } from "./sign-in.js";
import { type LogoutOptions, signOut } from "./sign-out.js";

/**
 * The session of someone who is signed in. All times are milliseconds since the epoch. It is to be read: what is changed
 * inside `user` or `data`, and not with `update`, may be sealed along with the next update.
 */
export interface AuthSession<Data> {
  readonly id: string;
  readonly user: User;
  /** The app's own, written with `update`. */
  readonly data: Data;
  readonly beganAt: number;
  /** When it was last sealed. */
  readonly writtenAt: number;
  /** The last sign of life that was written down. */
  readonly lastSeenAt: number;
  /** When inactivity would end it; Infinity when sessions do not roll. */
  readonly inactiveAt: number;
  /** The absolute limit. */
  readonly endsAt: number;
}

/** One request, as the relying party serves it. */
export interface Visit<Data> {
  session(): AuthSession<Data> | null;
  /** Why there is no session, when there were cookies that could have been one. For logs. */
  reason(): SessionRefusal | undefined;
  /** Answers the routes under the mount; anything else passes. */
  route(): Awaitable<Plan>;
  /** Passes when someone is signed in; else a redirect to sign in for a page, 401 JSON for the rest. */
  guard(): Plan;
  /** Writes down activity, when it is due; otherwise there is nothing to wait for. */
  roll(): Awaitable<unknown>;
  /**
   * Merges a patch into the session's data, or applies a function to it.
   * @throws MisuseError `no_session`, `headers_sent`, `not_json`
   * @throws CookieTooLargeError when it would not fit; nothing is written.
   */
  update(change: Partial<Data> | ((data: Data) => Data)): Promise<void>;
  /**
   * A valid access token; refreshed when it is about to expire, or when asked.
   * @throws ExchangeError `no_session`, `no_access_token`, `refresh_required`, `grant_ended`, `provider_unreachable` and others
   */
  getAccessToken(request?: TokenRequest): Promise<string>;
  /**
   * `fetch` with the access token, for allow-listed origins only; a 401 is tried once more after a refresh.
   * @throws MisuseError `origin_not_allowed`; ExchangeError as `getAccessToken`
   */
  fetch(url: string | URL, init?: FetchInit, request?: TokenRequest): Promise<Response>;
  /** The answer that sends the browser to sign in. */
  login(options?: LoginOptions): Promise<Reply>;
  /** Signs out here and at the provider: the answer that sends the browser there. */
  logout(options?: LogoutOptions): Promise<Reply>;
}

/** A class, as all that is made for each request: closures would be an object each, for the collector to carry. */
class ContextVisit<Data> implements Visit<Data> {
  readonly #context: VisitContext<Data>;
  /** What was shown last: the same object until the session changes, however often it is asked for. */
  #shown: { readonly of: unknown; readonly session: AuthSession<Data> | null } | undefined;

  constructor(context: VisitContext<Data>) {
    this.#context = context;
  }

  session(): AuthSession<Data> | null {
    const { outlet, reading } = this.#context;
    outlet.markSessionRead();
    const { session } = reading;
    if (this.#shown?.of !== session) {
      this.#shown = { of: session, session: session && { ...session, ...session.data } };
    }
    return this.#shown?.session ?? null;
  }

  reason(): SessionRefusal | undefined {
    this.#context.outlet.markSessionRead();
    return this.#context.reading.reason;
  }

  route(): Awaitable<Plan> {
    return answerRoute(this.#context);
  }

  guard(): Plan {
    const { outlet, reading, request } = this.#context;
    outlet.markSessionRead();
    if (reading.session) return undefined;
    return wantsPage(request) ? redirect(loginUrl(this.#context), request.method) : notAuthenticated();
  }

  roll(): Awaitable<unknown> {
    const context = this.#context;
    const isDue = context.reading.session && context.isWriteDue() && !isPrefetch(context.request) && context.canWrite();
    return isDue ? context.commit(undefined, true) : undefined;
  }

  async update(change: Partial<Data> | ((data: Data) => Data)): Promise<void> {
    this.#mustBeWritable();
    const sent = await this.#context.commit((draft) => {
      draft.update(({ user, data }) => ({
        user,
        // A copy: what a function does to what it is given must not last when the write fails.
        data: typeof change === "function" ? change(JSON.parse(JSON.stringify(data))) : { ...data, ...change },
      }));
    });
    // The response may have left while it was sealed.
    if (!sent) this.#mustBeWritable();
  }

  getAccessToken(asked?: TokenRequest): Promise<string> {
    return accessToken(this.#context, asked);
  }

  fetch(url: string | URL, init?: FetchInit, asked?: TokenRequest): Promise<Response> {
    return authorizedFetch(this.#context, url, init, asked);
  }

  async login(options: LoginOptions = {}): Promise<Reply> {
    const context = this.#context;
    this.#mustBeWritable();
    return answering(context, () => startSignIn(context, { returnTo: targetOf(context.request), ...options }));
  }

  async logout(options: LogoutOptions = {}): Promise<Reply> {
    this.#mustBeWritable();
    return answering(this.#context, () => signOut(this.#context, options));
  }

  #mustBeWritable(): void {
    if (this.#context.canWrite()) return;
    throw new MisuseError("headers_sent", "too late for cookies, or in a Server Component");
  }
}

/** The relying party's side of one request. */
export const createVisit = <Data>(context: VisitContext<Data>): Visit<Data> => new ContextVisit(context);
