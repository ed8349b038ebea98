import type { TokenRequest } from "../../core/exchange/token-life.js";
import type { FetchInit } from "../../core/ports.js";
import type { LoginOptions } from "../../core/relying-party/sign-in.js";
import type { LogoutOptions } from "../../core/relying-party/sign-out.js";
import type { AuthSession, Visit } from "../../core/relying-party/visit.js";
import type { Reply } from "../../core/request/response.js";
import type { SessionRefusal } from "../../core/session/refusal.js";

/**
 * The session of a request, and what can be done with it; `Answer` is what an adapter makes of an answer of ours. Made when
 * it is asked for: take what you need off it by name, since a copy (`{ ...auth }`) is empty.
 */
export interface PresentAuth<Data, Answer> {
  /** Who is signed in, or null. */
  readonly session: AuthSession<Data> | null;
  /** Why there is no session, when there were cookies that could have been one. For logs. */
  readonly reason: SessionRefusal | undefined;
  /** Merges a patch into `session.data`, or applies a function to it. @throws MisuseError, CookieTooLargeError */
  update(change: Partial<Data> | ((data: Data) => Data)): Promise<void>;
  /** A valid access token, refreshed when it is due. @throws ExchangeError */
  getAccessToken(request?: TokenRequest): Promise<string>;
  /** `fetch` with the access token, to `apiOrigins` only; a 401 is tried once more after a refresh. @throws MisuseError, ExchangeError */
  fetch(url: string | URL, init?: RequestInit, request?: TokenRequest): Promise<Response>;
  /** The answer that sends the browser to sign in. */
  login(options?: LoginOptions): Promise<Answer>;
  /** Signs out here and at the provider: the answer that sends the browser there. */
  logout(options?: LogoutOptions): Promise<Answer>;
}

/** Where an adapter puts an answer of ours. */
export interface Answering<Answer> {
  send(reply: Reply): Answer;
}

/** What it can do is made when it is asked for, and works when taken off; a request pays for what it uses. */
class Presented<Data, Answer> implements PresentAuth<Data, Answer> {
  readonly #visit: Visit<Data>;
  readonly #outlet: Answering<Answer>;

  constructor(visit: Visit<Data>, outlet: Answering<Answer>) {
    this.#visit = visit;
    this.#outlet = outlet;
  }

  /** Answers whoever is not signed in, and says whether it did; undefined for an object that is none of these. */
  static guard(auth: object): boolean | undefined {
    if (!(#visit in auth)) return undefined;
    const reply = auth.#visit.guard();
    if (reply) auth.#outlet.send(reply);
    return reply !== undefined;
  }

  get session() {
    return this.#visit.session();
  }

  get reason() {
    return this.#visit.reason();
  }

  get update(): PresentAuth<Data, Answer>["update"] {
    return (change) => this.#visit.update(change);
  }

  get getAccessToken(): PresentAuth<Data, Answer>["getAccessToken"] {
    return (request) => this.#visit.getAccessToken(request);
  }

  get fetch(): PresentAuth<Data, Answer>["fetch"] {
    return (url, init, request) => this.#visit.fetch(url, init as FetchInit, request);
  }

  get login(): PresentAuth<Data, Answer>["login"] {
    return async (options) => this.#outlet.send(await this.#visit.login(options));
  }

  get logout(): PresentAuth<Data, Answer>["logout"] {
    return async (options) => this.#outlet.send(await this.#visit.logout(options));
  }
}

export const answersGuard = (auth: object): boolean | undefined => Presented.guard(auth);

/** A visit as apps see it. */
export const present = <Data, Answer>(visit: Visit<Data>, outlet: Answering<Answer>): PresentAuth<Data, Answer> =>
  new Presented(visit, outlet);
