import { must } from "../errors.js";
import { checkOptions } from "../options.js";
import { clientKey } from "./client-key.js";
import type { Timers } from "./clock.js";
import { ConnectedApp } from "./connected-app.js";
import type { StorePort } from "./port.js";
import { mapFunctions, PORT_FUNCTIONS } from "./port-functions.js";
import type { ConnectableStore } from "./store.js";

/** How latchkey uses a store. */
export interface StoreOptions {
  /** Seconds that one call may take: a store that takes longer counts as away. @default 1 */
  timeout?: number;
  /** Seconds for which a machine trusts its last look whether a session in cookies was signed out elsewhere. @default 10 */
  checkEvery?: number;
}

const examples: { readonly [Name in keyof Required<StoreOptions>]: number } = { timeout: 1, checkEvery: 10 };

/**
 * Makes a store of a port.
 * @throws MisuseError (`invalid_config`) when the port lacks a function, or an option is wrong
 */
export function createStore(port: StorePort, options: StoreOptions, timers: Timers): ConnectableStore {
  checkOptions(options, examples);
  const { timeout = 1, checkEvery = 10 } = options;
  const missing = PORT_FUNCTIONS.filter((name) => typeof port?.[name] !== "function");
  must(missing.length === 0, `the store lacks ${missing.join(", ")}`);
  must(timeout > 0 && timeout < 1e3 && checkEvery >= 0, "timeout and checkEvery of the store must be seconds");
  const timing = { timeout: timeout * 1000, checkEvery: checkEvery * 1000, ...timers };
  /** By `clientKey`: an app that is made anew for each request replaces the one before. */
  const connected = new Map<string, { readonly app: ConnectedApp; readonly issuer: string }>();
  /** A user at each client of an issuer. A `sub` alone identifies a user only if all clients have the same issuer. */
  const usersOf = (sub: string, issuer: string | undefined) => {
    const clients = [...connected].map(([client, rest]) => ({ client, ...rest }));
    must(clients[0], "give the store to auth() or createAuth() first");
    must(
      issuer ?? new Set(clients.map((client) => client.issuer)).size === 1,
      "the apps of this store have several issuers: pass one",
    );
    return clients
      .filter((client) => client.issuer === (issuer ?? client.issuer))
      .map(({ app, client }) => ({ app, user: { client, sub } }));
  };
  return {
    ...mapFunctions(port, (call) => call()),
    sessionsOf: async (sub, { issuer } = {}) =>
      (await Promise.all(usersOf(sub, issuer).map(({ app, user }) => app.sessionsOf(user)))).flat(),
    async signOutEverywhere(sub, { except, issuer } = {}) {
      await Promise.all(usersOf(sub, issuer).map(({ app, user }) => app.signOut(user, { except })));
    },
    connect(app, ports, emit) {
      const connectedApp = new ConnectedApp(port, timing, app, ports, emit);
      const clients = app.providers?.map(({ provider }) => provider) ?? [{ issuer: "", clientId: "" }];
      for (const client of clients) connected.set(clientKey(client), { app: connectedApp, issuer: client.issuer });
      return connectedApp;
    },
  };
}
