import { type Awaitable, chain } from "../awaitable.js";
import { emitter } from "../events.js";
import type { TokenSet } from "../exchange/token-life.js";
import type { Ports } from "../ports.js";
import { createServerProvider } from "../provider/server.js";
import { isUpgrade } from "../request/reading.js";
import type { ResponseWriter } from "../request/response.js";
import type { RequestView } from "../request/view.js";
import { packed } from "../seal/payload.js";
import { createSealer, type Sealer } from "../seal/sealer.js";
import { readSession, type SessionReading } from "../session/reading.js";
import { openTokens } from "../session/tokens.js";
import { isWriteDue } from "../session/write.js";
import { type SessionChange, WriteQueue } from "../session/write-queue.js";
import { type RelyingPartyConfig, type SignedIn, type Site, sealedFor } from "./config.js";
import type { VisitContext } from "./context.js";
import { chooseSite } from "./site.js";
import { openTransactions, TRANSACTION_DURATION, type Transactions } from "./transactions.js";
import { createUserSessions, type UserSessions } from "./user-sessions.js";
import { createVisit, type Visit } from "./visit.js";

/** Sign-in and sessions of one app: what every adapter calls. It keeps nothing of any user. */
export interface RelyingParty<Data> {
  /** Opens the session of one request; at once where nothing is to be waited for. Never throws for what a client sent. */
  open(request: RequestView, outlet: ResponseWriter): Awaitable<VisitContext<Data>>;
  /** The same, as a {@link Visit}. */
  visit(request: RequestView, outlet: ResponseWriter): Awaitable<Visit<Data>>;
}

/** @throws MisuseError (`invalid_config`) when secrets, cookies or durations are wrong */
export function createRelyingParty<Data>(config: RelyingPartyConfig<Data>, ports: Ports): RelyingParty<Data> {
  const purpose = sealedFor(config.provider);
  const emit = emitter(config.onEvent, ports.now);
  const party: Party<Data> = {
    config,
    ports,
    emit,
    provider: createServerProvider(config.provider, ports),
    exchange: { ...config, ...config.provider, transactionDuration: TRANSACTION_DURATION },
    transactionSealer: createSealer(config.session.secret, `transaction ${purpose}`, TRANSACTION_DURATION, packed),
  };
  const sessionsAt = (secure: boolean) =>
    createUserSessions({ ...config.session, purpose, cookie: { ...config.session.cookie, secure } }, ports, emit);
  // Secure follows the configured origin, never the socket: one set of names for https, one for loopback http.
  const sessions = new Map(config.sites.map(({ secure }) => [secure, sessionsAt(secure)]));

  const relyingParty: RelyingParty<Data> = {
    open(request, outlet) {
      const site = chooseSite(config.sites, request);
      const context = sessions.get(site.secure) as ReturnType<typeof sessionsAt>;
      return chain(
        readSession(context, request.headers.get("cookie")),
        (reading) => new Context(party, request, site, context, reading, outlet),
      );
    },
    visit: (request, outlet) => chain(relyingParty.open(request, outlet), createVisit),
  };
  return relyingParty;
}

/** What is the same for all requests. */
type Party<Data> = Pick<VisitContext<Data>, "config" | "exchange" | "ports" | "provider" | "emit"> & {
  readonly transactionSealer: Sealer;
};

class Context<Data> implements VisitContext<Data> {
  readonly #party: Party<Data>;
  readonly config: VisitContext<Data>["config"];
  readonly exchange: VisitContext<Data>["exchange"];
  readonly ports: Ports;
  readonly provider: VisitContext<Data>["provider"];
  readonly emit: VisitContext<Data>["emit"];
  readonly #sessions: UserSessions<Data>;
  readonly #read: SessionReading<SignedIn<Data>>;
  /** Made for the first write: most requests only read. */
  #writes: WriteQueue<SignedIn<Data>, TokenSet> | undefined;

  constructor(
    party: Party<Data>,
    readonly request: RequestView,
    readonly site: Site,
    sessions: UserSessions<Data>,
    reading: SessionReading<SignedIn<Data>>,
    readonly outlet: ResponseWriter,
  ) {
    this.#sessions = sessions;
    this.#read = reading;
    this.#party = party;
    this.config = party.config;
    this.exchange = party.exchange;
    this.ports = party.ports;
    this.provider = party.provider;
    this.emit = party.emit;
  }

  transactions(): Transactions {
    const { config, site, ports } = this;
    // The callback is always reached by a navigation from the provider's site, which Lax allows; an embedded app needs None.
    const sameSite = config.session.cookie?.sameSite === "none" ? "none" : "lax";
    return openTransactions(
      this.#read.jar,
      `${this.cookiePrefix}tx.`,
      this.#party.transactionSealer,
      { ...config.session.cookie, secure: site.secure, sameSite },
      ports.now,
    );
  }

  canWrite(): boolean {
    return this.outlet.canWrite() && !isUpgrade(this.request);
  }

  get reading(): SessionReading<SignedIn<Data>> {
    return this.#writes?.reading ?? this.#read;
  }

  get cookiePrefix(): string {
    return this.#sessions.prefix;
  }

  tokens(): Promise<TokenSet | undefined> {
    return openTokens(this.#sessions, this.#queue());
  }

  isWriteDue(): boolean {
    return isWriteDue(this.#sessions, this.reading);
  }

  async commit(change?: SessionChange<SignedIn<Data>, TokenSet>, roll = false): Promise<boolean> {
    let sent = true;
    await this.#queue().commit(change, {
      roll,
      send: (lines) => (sent = this.canWrite() && this.outlet.setCookies(lines, this.cookiePrefix)),
    });
    return sent;
  }

  #queue(): WriteQueue<SignedIn<Data>, TokenSet> {
    this.#writes ??= new WriteQueue(this.#sessions, this.#read);
    return this.#writes;
  }
}
