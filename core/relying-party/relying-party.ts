import { type Awaitable, chain } from "../awaitable.js";
import { emitter } from "../events.js";
import type { Ports } from "../ports.js";
import { createServerProvider } from "../provider/server.js";
import { isUpgrade } from "../request/reading.js";
import type { ResponseWriter } from "../request/response.js";
import type { RequestView } from "../request/view.js";
import { packed } from "../seal/payload.js";
import { createSealer, type Sealer } from "../seal/sealer.js";
import { type RelyingPartyConfig, type Site, sealedFor } from "./config.js";
import type { VisitContext } from "./context.js";
import { chooseSite } from "./site.js";
import { openTransactions, TRANSACTION_DURATION, type Transactions } from "./transactions.js";
import { createUserSessions } from "./user-sessions.js";
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
      const { load, cookieName } = sessions.get(site.secure) as ReturnType<typeof sessionsAt>;
      return chain(
        load(request.headers.get("cookie")),
        (scope) => new Context(party, request, site, scope, outlet, cookieName),
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
  #last: Promise<boolean> | undefined;

  constructor(
    party: Party<Data>,
    readonly request: RequestView,
    readonly site: Site,
    readonly scope: VisitContext<Data>["scope"],
    readonly outlet: ResponseWriter,
    readonly cookieName: (rest: string) => string,
  ) {
    this.#party = party;
    this.config = party.config;
    this.exchange = party.exchange;
    this.ports = party.ports;
    this.provider = party.provider;
    this.emit = party.emit;
  }

  transactions(): Transactions {
    const { config, site, scope, ports } = this;
    // The callback is always reached by a navigation from the provider's site, which Lax allows; an embedded app needs None.
    const sameSite = config.session.cookie?.sameSite === "none" ? "none" : "lax";
    return openTransactions(
      scope.jar,
      this.cookieName("tx."),
      this.#party.transactionSealer,
      { ...config.session.cookie, secure: site.secure, sameSite },
      ports.now,
    );
  }

  canWrite(): boolean {
    return this.outlet.canWrite() && !isUpgrade(this.request);
  }

  commit(change?: () => Awaitable<unknown>, roll = false): Promise<boolean> {
    const write = async () => {
      await change?.();
      const prefix = this.cookieName("");
      let sent = true;
      await this.scope.commit({
        roll,
        send: (lines) => (sent = this.canWrite() && this.outlet.setCookies(lines, prefix)),
      });
      return sent;
    };
    // What went wrong before was told to whoever asked for it.
    this.#last = (this.#last ?? Promise.resolve()).then(write, write);
    return this.#last;
  }
}
