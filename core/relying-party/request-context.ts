import type { Emit } from "../events.js";
import type { TokenSet } from "../exchange/token-set.js";
import type { ExchangeConfig } from "../exchange/types.js";
import type { Ports } from "../ports.js";
import type { Provider } from "../provider/provider.js";
import { isUpgrade, targetOf } from "../request/reading.js";
import type { ResponseWriter } from "../request/response.js";
import type { RequestView } from "../request/view.js";
import type { Sealer } from "../seal/sealer.js";
import type { SessionReading } from "../session/reading.js";
import { openTokens } from "../session/tokens.js";
import type { SessionChange, WriteQueue } from "../session/write-queue.js";
import type { ConnectedStore } from "../store/store.js";
import type { AppConfig, RelyingPartyConfig, SessionSource, SignedIn, Site } from "./config.js";
import { routeUrl } from "./site.js";
import { openTransactions, type Transactions } from "./transactions.js";
import type { UserSessions } from "./user-sessions.js";

/** The objects that all requests of an app share. */
export interface App<Data> {
  readonly config: AppConfig<Data>;
  readonly providers: readonly AppProvider<Data>[];
  readonly ports: Ports;
  readonly store: ConnectedStore | undefined;
  readonly transactionSealer: Sealer;
  readonly emit: Emit;
}

/** A provider of an app: its client there, and events with its name. */
export interface AppProvider<Data> {
  readonly config: RelyingPartyConfig<Data>;
  readonly exchange: ExchangeConfig;
  readonly provider: Provider;
  /** What its sessions say. */
  readonly source: SessionSource;
  readonly emit: App<Data>["emit"];
}

/** A request with its response writer and its site. */
export interface OpenedRequest {
  readonly request: RequestView;
  readonly responseWriter: ResponseWriter;
  readonly site: Site;
  /** The path that the sign-in of this request leads to, as far as it is known. */
  returnTo?: string | undefined;
}

/**
 * A request as the functions take it that talk to a provider. No other object has a provider: so a token or a code of one provider cannot
 * go to another by oversight.
 */
export interface ProviderContext<Data> extends RequestContext<Data>, AppProvider<Data> {
  readonly config: RelyingPartyConfig<Data>;
  readonly emit: App<Data>["emit"];
}

/**
 * One request that writes or needs the provider, as the functions of this room take it: the objects of the app, the request, and its
 * session. `commit` is the only way to write. `RelyingPartyRequest` makes it at the first need.
 */
export class RequestContext<Data> implements App<Data> {
  // The members of `App` and `OpenedRequest`, which the constructor copies: each by its name would be ten lines more in every bundle.
  declare readonly config: App<Data>["config"];
  declare readonly providers: App<Data>["providers"];
  declare readonly ports: Ports;
  declare readonly store: ConnectedStore | undefined;
  declare readonly transactionSealer: Sealer;
  declare readonly emit: App<Data>["emit"];
  declare readonly request: RequestView;
  declare readonly responseWriter: ResponseWriter;
  declare readonly site: Site;
  /** What the contexts of one request share. */
  readonly opened: OpenedRequest;
  readonly sessions: UserSessions<Data>;
  readonly #writes: WriteQueue<SignedIn<Data>, TokenSet>;

  constructor(
    app: App<Data>,
    opened: OpenedRequest,
    sessions: UserSessions<Data>,
    writes: WriteQueue<SignedIn<Data>, TokenSet>,
  ) {
    Object.assign(this, app, opened);
    this.opened = opened;
    this.sessions = sessions;
    this.#writes = writes;
  }

  /** This request at the provider of this name: undefined if the app has none. The only provider of an app has no name. */
  at(name: string | undefined): ProviderContext<Data> | undefined {
    const provider = this.providers.find(({ config }) => config.name === name);
    // The constructor copies all members of both.
    const app = { ...this, ...provider };
    return provider && (new RequestContext(app, this.opened, this.sessions, this.#writes) as ProviderContext<Data>);
  }

  /** This request at the provider of its session: that of the tokens, and no other. */
  atSession(): ProviderContext<Data> | undefined {
    const { session } = this.reading;
    return session ? this.at(session.data.provider) : undefined;
  }

  /** The session, as the last write left it. */
  get reading(): SessionReading<SignedIn<Data>> {
    return this.#writes.reading;
  }

  /** The tokens of the session, after the writes that are under way. */
  tokens(): Promise<TokenSet | undefined> {
    return this.#writes.run(() => this.latestTokens());
  }

  /** The tokens of the session in `reading`; for change functions, which run when the writes before them are done. */
  latestTokens(): Promise<TokenSet | undefined> {
    return openTokens(this.sessions, this.reading);
  }

  /** The sign-ins in progress in this browser. */
  transactions(): Transactions {
    const { config, site, ports } = this;
    // The callback is a navigation from the provider's site, which SameSite=Lax allows. An app in another site's frame needs None.
    const sameSite = config.session.cookie?.sameSite === "none" ? "none" : "lax";
    return openTransactions(
      this.reading.jar,
      `${this.sessions.prefix}tx.`,
      this.transactionSealer,
      { ...config.session.cookie, secure: site.secure, sameSite },
      ports.now,
    );
  }

  /** Whether cookies can still reach the browser: not once the headers have left, nor with a change of protocol. */
  canWrite(): boolean {
    return this.responseWriter.canWrite() && !isUpgrade(this.request);
  }

  /**
   * Changes the session and writes it to the response, after the writes before (see `WriteQueue`). The change function may
   * also change transactions. `roll`: whether the request counts as activity. False when it was too late to set cookies.
   */
  async commit(change?: SessionChange<SignedIn<Data>, TokenSet>, roll = false): Promise<boolean> {
    let sent = true;
    await this.#writes.commit(change, {
      roll,
      send: (lines) => (sent = this.canWrite() && this.responseWriter.setCookies(lines, this.sessions.prefix)),
    });
    return sent;
  }
}

/** Refuses the sessions of providers that the app has no more. */
export const refusalFor =
  <Data>({ providers }: Pick<App<Data>, "providers">) =>
  ({ provider, client }: SessionSource): "unknown_provider" | undefined =>
    providers.some(({ source }) => source.provider === provider && source.client === client)
      ? undefined
      : "unknown_provider";

/**
 * Lets the runtime finish work that other requests may wait for, or that spends a code or a refresh token: Workers cancel a request
 * when its client goes away. The caller of the work gets its errors.
 */
export function keepAlive<Result>(
  { request }: { readonly request: RequestView },
  work: Promise<Result>,
): Promise<Result> {
  request.waitUntil?.(work.catch(() => {}));
  return work;
}

/** The URL of the login route, with `returnTo`. @param returnTo defaults to the page of the request */
export function loginUrl<Data>(
  context: Pick<RequestContext<Data>, "request" | "site" | "config">,
  returnTo = targetOf(context.request),
): string {
  return `${routeUrl(context, "login")}?${new URLSearchParams({ returnTo })}`;
}
