import type { CookieAttributes } from "../cookie/header.js";
import { emitter } from "../events.js";
import type { Outlet, RequestView } from "../plan.js";
import type { Ports } from "../ports.js";
import { createProvider } from "../provider/provider.js";
import { packed } from "../seal/payload.js";
import { createSealer } from "../seal/sealer.js";
import { type RelyingPartyConfig, type Site, sealedFor } from "./config.js";
import type { VisitContext } from "./context.js";
import { chooseSite } from "./site.js";
import { openTransactions, TRANSACTION_DURATION } from "./transactions.js";
import { createUserSessions } from "./user-sessions.js";
import { createVisit, type Visit } from "./visit.js";

/** Sign-in and sessions of one app: what every adapter calls. It keeps nothing of any user. */
export interface RelyingParty<Data> {
  /** Opens the session of one request. Never throws for what a client sent. */
  open(request: RequestView, outlet: Outlet): Promise<VisitContext<Data>>;
  /** The same, as a {@link Visit}. */
  visit(request: RequestView, outlet: Outlet): Promise<Visit<Data>>;
}

/** @throws MisuseError (`ERR_CONFIG`) when secrets, cookies or durations are wrong */
export function createRelyingParty<Data>(config: RelyingPartyConfig<Data>, ports: Ports): RelyingParty<Data> {
  const provider = createProvider(config.provider, ports);
  const use = sealedFor(config.provider);
  const transactionSealer = createSealer(config.session.secret, `transaction ${use}`, TRANSACTION_DURATION, packed);
  const exchange = { ...config, ...config.provider, transactionDuration: TRANSACTION_DURATION };
  const emit = emitter(config.onEvent, ports.now);
  const sessionsAt = (secure: boolean) =>
    createUserSessions({ ...config.session, use, cookie: { ...config.session.cookie, secure } }, ports, emit);
  // Secure follows the configured origin, never the socket: one set of names for https, one for loopback http.
  const sessions = new Map(config.sites.map(({ secure }) => [secure, sessionsAt(secure)]));

  const relyingParty: RelyingParty<Data> = {
    async open(request, outlet) {
      const site = chooseSite(config.sites, request);
      const { load, cookieName } = sessions.get(site.secure) as ReturnType<typeof sessionsAt>;
      const scope = await load(request.headers.get("cookie"));
      const transactions = openTransactions(
        scope.jar,
        cookieName("tx."),
        transactionSealer,
        transactionAttributes(config, site),
        ports.now,
      );
      let last = Promise.resolve();
      const commit: VisitContext<Data>["commit"] = (change, roll = false) => {
        const write = async () => {
          change?.();
          const lines = await scope.commit({ roll });
          if (lines[0]) outlet.setCookies(lines);
        };
        // What went wrong before was told to whoever asked for it.
        last = last.then(write, write);
        return last;
      };
      return { config, exchange, ports, provider, request, site, scope, transactions, outlet, emit, commit };
    },
    visit: async (request, outlet) => createVisit(await relyingParty.open(request, outlet)),
  };
  return relyingParty;
}

/** The callback is always reached by a navigation from the provider's site, which Lax allows; an embedded app needs None. */
function transactionAttributes<Data>(
  { session: { cookie } }: RelyingPartyConfig<Data>,
  { secure }: Site,
): CookieAttributes {
  return { ...cookie, secure, sameSite: cookie?.sameSite === "none" ? "none" : "lax" };
}
