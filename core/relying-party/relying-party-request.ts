import { type Awaitable, chain } from "../awaitable.js";
import { MisuseError } from "../errors.js";
import type { FetchInit } from "../ports.js";
import { isPrefetch, targetOf, wantsPage } from "../request/reading.js";
import type { Plan, Reply, ReplyWriter } from "../request/response.js";
import type { RequestView } from "../request/view.js";
import type { SessionReading } from "../session/reading.js";
import type { SessionRefusal } from "../session/refusal.js";
import { isWriteDue } from "../session/write.js";
import { WriteQueue } from "../session/write-queue.js";
import { getAccessToken } from "./access-token.js";
import { authorizedFetch } from "./authorized-fetch.js";
import type { SignedIn, Site } from "./config.js";
import { refuse } from "./guard.js";
import { notAuthenticated, redirect } from "./replies.js";
import type { AuthSession, RequestAuth } from "./request-auth.js";
import { type App, loginUrl, RequestContext } from "./request-context.js";
import type { SessionRequirement } from "./requirement.js";
import { answerRoute } from "./routes.js";
import { presentSession } from "./session-view.js";
import { chooseAndSignIn, silentNameOf } from "./sign-in.js";
import { signOut } from "./sign-out.js";
import { routeOf } from "./site.js";
import type { UserSessions } from "./user-sessions.js";

/**
 * One request of one app. Adapters open it (`RelyingParty.open`), let it answer the routes (`route`), guard (`guard`) and write
 * activity (`roll`), and hand it to the app, which sees it as {@link RequestAuth}.
 *
 * A request that writes, or needs the provider, gets a {@link RequestContext} as well; one that only reads its session does not.
 * All state is private: an app that logs or serializes it sees the session and the reason (`toJSON`), and no token.
 */
export class RelyingPartyRequest<Data, Answer> implements RequestAuth<Data, Answer> {
  readonly #app: App<Data>;
  readonly #sessions: UserSessions<Data>;
  readonly #request: RequestView;
  readonly #responseWriter: ReplyWriter<Answer>;
  readonly #site: Site;
  /** The session as the request brought it. */
  readonly #reading: SessionReading<SignedIn<Data>>;
  #context: RequestContext<Data> | undefined;
  /** The session as the app sees it, made of `#viewOf`: the same object until a write changes the session. */
  #view: AuthSession<Data> | null = null;
  #viewOf: SessionReading<SignedIn<Data>>["session"] = null;

  constructor(
    app: App<Data>,
    sessions: UserSessions<Data>,
    request: RequestView,
    responseWriter: ReplyWriter<Answer>,
    site: Site,
    reading: SessionReading<SignedIn<Data>>,
  ) {
    this.#app = app;
    this.#sessions = sessions;
    this.#request = request;
    this.#responseWriter = responseWriter;
    this.#site = site;
    this.#reading = reading;
  }

  /** Whether a value is a RelyingPartyRequest, and not what another middleware put in its place. */
  static is(value: object): value is RelyingPartyRequest<unknown, unknown> {
    return #app in value;
  }

  /** The request as the functions of this room take it. */
  static contextOf<Data>(auth: RelyingPartyRequest<Data, unknown>): RequestContext<Data> {
    return auth.#toContext();
  }

  get session(): AuthSession<Data> | null {
    this.#responseWriter.markSessionRead();
    const { session } = this.#latest();
    if (this.#viewOf !== session) {
      this.#view = session && presentSession(session);
      this.#viewOf = session;
    }
    return this.#view;
  }

  get reason(): SessionRefusal | "login_required" | undefined {
    this.#responseWriter.markSessionRead();
    const { reason, session, jar } = this.#latest();
    // Also beside a reason that stays, such as a cookie of a former secret: the app would try again for ever (L21).
    const wasTried = !session && jar.names().includes(silentNameOf(this.#sessions));
    return wasTried && reason !== "store_unavailable" ? "login_required" : reason;
  }

  /** What `JSON.stringify` and `console.log` show: no token. */
  toJSON(): Pick<RequestAuth<Data, Answer>, "session" | "reason"> {
    const { session, reason } = this;
    return { session, reason };
  }

  /** The reply to a request for one of the routes under the mount; undefined for any other request. */
  route(): Awaitable<Plan> {
    const match = routeOf(this.#request, this.#site, this.#app);
    return match && answerRoute(this.#toContext(), match);
  }

  /**
   * Undefined if a user is signed in and meets the requirement. Without a session a redirect to sign in for a page navigation, 401 JSON for
   * any other request, and 503 JSON if the store cannot give the session now. For what a session lacks, see `refuse`.
   */
  guard(requirement?: SessionRequirement<Data>): Awaitable<Plan> {
    const { session } = this;
    if (session) return requirement && refuse(this.#toContext(), session, requirement);
    const { reason } = this;
    return wantsPage(this.#request) && reason !== "store_unavailable"
      ? redirect(loginUrl(this.#toContext()), this.#request.method)
      : notAuthenticated(reason);
  }

  /** Calls `next` if a user is signed in and meets the requirement, and else sends the reply of the guard. */
  passOrReply<Result>(
    next: () => Awaitable<Result>,
    requirement?: SessionRequirement<Data>,
  ): Awaitable<Result | Answer> {
    return chain(
      this.guard(requirement),
      (reply): Awaitable<Result | Answer> => (reply ? this.#responseWriter.send(reply) : next()),
    );
  }

  /** Writes activity and removes dead cookies, when either is due; else there is nothing to wait for. */
  roll(): Awaitable<unknown> {
    const reading = this.#latest();
    if (!reading.session || !isWriteDue(this.#sessions, reading) || isPrefetch(this.#request)) return undefined;
    const context = this.#toContext();
    return context.canWrite() ? context.commit(undefined, true) : undefined;
  }

  get update(): RequestAuth<Data, Answer>["update"] {
    return (change) => this.#update(change);
  }

  get getAccessToken(): RequestAuth<Data, Answer>["getAccessToken"] {
    return (request) => getAccessToken(this.#toContext(), request);
  }

  get fetch(): RequestAuth<Data, Answer>["fetch"] {
    return (url, init, request) => authorizedFetch(this.#toContext(), url, init as FetchInit, request);
  }

  get login(): RequestAuth<Data, Answer>["login"] {
    return (options) =>
      this.#answer((context) => chooseAndSignIn(context, { returnTo: targetOf(this.#request), ...options }));
  }

  get logout(): RequestAuth<Data, Answer>["logout"] {
    return (options) => this.#answer((context) => signOut(context, options));
  }

  async #answer(replyTo: (context: RequestContext<Data>) => Promise<Reply>): Promise<Answer> {
    const context = this.#toWritable();
    return this.#responseWriter.send(await replyTo(context));
  }

  async #update(change: Partial<Data> | ((data: Data) => Data)): Promise<void> {
    const isWritten = await this.#toWritable().commit((draft) => {
      const isUpdated = draft.update(({ data, ...others }) => ({
        ...others,
        // A copy, so that a function which changes its argument changes nothing if the write fails.
        data: typeof change === "function" ? change(JSON.parse(JSON.stringify(data))) : { ...data, ...change },
      }));
      if (!isUpdated) {
        throw new MisuseError("no_session", "no session to update: guard the route, or check `session` first");
      }
    });
    // The response may have left while the session was sealed.
    if (!isWritten) this.#toWritable();
  }

  /** The session as the last write left it. */
  #latest(): SessionReading<SignedIn<Data>> {
    return this.#context?.reading ?? this.#reading;
  }

  #toContext(): RequestContext<Data> {
    this.#context ??= new RequestContext(
      this.#app,
      { request: this.#request, responseWriter: this.#responseWriter, site: this.#site },
      this.#sessions,
      new WriteQueue(this.#sessions, this.#reading),
    );
    return this.#context;
  }

  #toWritable(): RequestContext<Data> {
    const context = this.#toContext();
    if (context.canWrite()) return context;
    throw new MisuseError(
      "headers_sent",
      "cookies cannot be written: the headers have left, or this is a Server Component or a WebSocket upgrade. " +
        "Call it before you respond, in a route handler or a server action",
    );
  }
}
