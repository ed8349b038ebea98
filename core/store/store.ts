import type { ExchangeError } from "../errors.js";
import type { UntimedEvent } from "../events.js";
import type { Ports } from "../ports.js";
import type { CreateStorage } from "../session/storage.js";
import type { StorePort } from "./port.js";
import type { EndOptions, SignOutTarget, UserSession } from "./sign-outs.js";
import type { Spending, WithRefreshToken } from "./spending.js";

/** Which sessions to leave when a user is signed out everywhere. */
export interface SignOutOptions {
  /** The id of the one session that stays, such as the session of the request. @default none */
  except?: string;
  /** The issuer that the user is of. Required where the apps of the store have several. @default the one issuer */
  issuer?: string;
}

/**
 * The place that the machines of an app share, for the option `store`: `redisStore`, `postgresStore`, `durableObjectStore`, `denoKvStore`
 * and `createMemoryStore` make one, and `createStore` makes one of a {@link StorePort} of your own.
 */
export interface Store extends StorePort {
  /**
   * The sessions of a user on all machines, in cookies and in the store alike.
   * @param sub the subject: `session.user.sub`
   * @param options `issuer`: as for `signOutEverywhere`
   * @throws MisuseError (`invalid_config`) before the store was given to `auth` or `createAuth`; ExchangeError
   */
  sessionsOf(sub: string, options?: Pick<SignOutOptions, "issuer">): Promise<UserSession[]>;
  /**
   * Ends all sessions of a user, on all machines: those in the store at once, those in cookies when they are next looked at, within
   * `checkEvery`. Sign-ins that are under way are refused, later ones are good.
   * @throws MisuseError (`invalid_config`) before the store was given to `auth` or `createAuth`; ExchangeError
   */
  signOutEverywhere(sub: string, options?: SignOutOptions): Promise<void>;
  /** Only latchkey calls it. */
  connect(app: never, ports: never, emit: never): unknown;
}

/** A store with the types of what latchkey alone calls: an app has no use for them. */
export interface ConnectableStore extends Store {
  connect(app: StoreApp, ports: Pick<Ports, "now" | "random">, emit: (event: UntimedEvent) => void): ConnectedStore;
}

/** A client of the app that uses a store. */
export interface StoreClient {
  /** Part of the names: two issuers may have users with the same subject. */
  readonly issuer: string;
  readonly clientId: string;
  /** Seconds that a token request takes at most. */
  readonly httpTimeout: number;
}

/** The app that uses a store. */
export interface StoreApp {
  /** Absent for sessions without sign-in. */
  readonly providers?: ReadonlyArray<{ readonly provider: StoreClient }>;
  readonly session: { readonly storage?: "cookies" | "store" };
}

/** The functions of a store that the rooms of the core call. All reject with {@link ExchangeError}. */
export interface ConnectedStore {
  /** The storage of the app's sessions. `inCookies`: the storage without a store. */
  storage(inCookies: CreateStorage): CreateStorage;
  /** A spending of a client that spends its refresh token once among all machines. */
  share<Result extends WithRefreshToken>(spending: Spending<Result>, client: StoreClient): Spending<Result>;
  /**
   * Whether this is the first use of a text, such as a `state` or a `jti`, on all machines.
   * @param forMs how long the use is remembered; by default as long as a sign-in may take
   */
  isFirstUse(text: string, forMs?: number): Promise<boolean>;
  /** Ends the sessions of a user or of a `sid`. */
  signOut(target: SignOutTarget, options?: EndOptions): Promise<void>;
}
