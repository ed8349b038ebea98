import { chain } from "../awaitable.js";
import { sha256, toBase64url } from "../bytes.js";
import { TRANSACTION_DURATION } from "../defaults.js";
import { ExchangeError } from "../errors.js";
import { failure, type UntimedEvent } from "../events.js";
import type { Ports } from "../ports.js";
import type { Identity } from "../session/identity.js";
import type { CreateStorage, StorageBackend, StorageContext } from "../session/storage.js";
import { unverifiedClaims } from "../unverified-claims.js";
import { boundedStore } from "./bounded.js";
import { clientKey } from "./client-key.js";
import type { StoreClock, Timers } from "./clock.js";
import type { StorePort } from "./port.js";
import { SharedRefreshes } from "./refreshes.js";
import { StoredSessions, type StoredValue } from "./sessions.js";
import { SignOuts, type SubjectClaims } from "./sign-outs.js";
import type { Spending, WithRefreshToken } from "./spending.js";
import type { ConnectedStore, StoreApp, StoreClient } from "./store.js";
import { createTurns } from "./turns.js";

/** Milliseconds for which a use is remembered before the store has confirmed it. */
const MOMENT = 15_000;

/** The settings of a store in milliseconds, and its timers. */
interface Timing extends Timers {
  readonly timeout: number;
  readonly checkEvery: number;
}

/** A store as one app uses it: each call ends in time, and names and values are those of the app. */
export class ConnectedApp implements ConnectedStore {
  readonly #store: StorePort;
  readonly #clock: StoreClock & Pick<Ports, "random">;
  readonly #timing: Timing;
  readonly #emit: (event: UntimedEvent) => void;
  /** The refreshes of each client, by its `clientKey`. */
  readonly #refreshes: ReadonlyMap<string, SharedRefreshes>;
  readonly #isInStore: boolean;
  #signOuts: SignOuts | undefined;

  constructor(
    port: StorePort,
    timing: Timing,
    { providers = [], session }: StoreApp,
    { now, random }: Pick<Ports, "now" | "random">,
    emit: (event: UntimedEvent) => void,
  ) {
    this.#timing = timing;
    this.#emit = emit;
    this.#isInStore = session.storage === "store";
    this.#clock = { now, random, sleep: timing.sleep };
    this.#store = boundedStore(port, timing, timing.timeout);
    this.#refreshes = new Map(
      providers.map(({ provider }) => {
        // Part of the names: refresh tokens of two clients may have the same text.
        const client = clientKey(provider);
        const settings = { client, request: provider.httpTimeout * 1000, store: timing.timeout };
        return [client, new SharedRefreshes(this.#store, this.#clock, settings, this.#report)];
      }),
    );
  }

  share<Result extends WithRefreshToken>(spending: Spending<Result>, client: StoreClient): Spending<Result> {
    // The clients are those of the constructor.
    return (this.#refreshes.get(clientKey(client)) as SharedRefreshes).share(spending);
  }

  storage(inCookies: CreateStorage): CreateStorage {
    const inStore = this.#isInStore;
    const { checkEvery, timeout } = this.#timing;
    const shared = { store: this.#store, clock: this.#clock };
    // A turn is a read and a write; a longer one is of a cancelled request.
    const inTurn = createTurns<StoredValue>(this.#clock, 2 * timeout);
    return <Data, Tokens>(context: StorageContext): StorageBackend<Data, Tokens> => {
      const { absolute } = context.limits;
      const sealer = context.sealer("marks");
      const signOuts = new SignOuts({ ...shared, sealer, absolute, checkEvery, inStore });
      this.#signOuts = signOuts;
      return inStore
        ? this.#indexed(
            new StoredSessions<Data, Tokens>({ ...shared, inTurn, onFailure: this.#report }, context),
            signOuts,
          )
        : this.#watched(this.#indexed(inCookies<Data, Tokens>(context), signOuts), signOuts);
    };
  }

  async isFirstUse(text: string, forMs = TRANSACTION_DURATION * 1000): Promise<boolean> {
    const use = toBase64url(this.#clock.random(12));
    const key = `use:${await sha256(`latchkey use ${text}`)}`;
    try {
      // For a moment at first: a call that is late may reach the store after it was taken back.
      const isFirst = (await this.#store.add(key, use, MOMENT)) === use;
      if (isFirst) await this.#store.extend(key, forMs);
      return isFirst;
    } catch (error) {
      // The call may have reached the store. This request does not use the text, so a later one may. The caller gets the error.
      this.#store.replace(key, use, "taken back", 1).catch(() => {});
      throw error;
    }
  }

  sessionsOf(user: SubjectClaims) {
    return this.#index().sessionsOf(user);
  }

  signOut(...args: Parameters<ConnectedStore["signOut"]>): Promise<void> {
    return this.#index().signOut(...args);
  }

  /** The index. Never undefined here, because an app calls `storage` as soon as it is connected. */
  #index(): SignOuts {
    return this.#signOuts as SignOuts;
  }

  /** Emits a failure of the store that does not fail the request. */
  readonly #report = (error: unknown): void => {
    if (!(error instanceof ExchangeError)) throw error;
    this.#emit(failure(error));
  };

  /** A storage whose sessions of signed-in users are in the index. */
  #indexed<Data, Tokens>(storage: StorageBackend<Data, Tokens>, signOuts: SignOuts): StorageBackend<Data, Tokens> {
    const [only = ""] = this.#refreshes.keys();
    const destroy = async (id: string) => {
      await Promise.all([storage.destroy?.(id), signOuts.unregister(id).catch(this.#report)]);
    };
    return {
      isShared: this.#isInStore,
      lighten: async (...args) => storage.lighten?.(...args) ?? false,
      load: (jar, identity) => storage.load(jar, identity),
      tokens: async (jar, session) => storage.tokens?.(jar, session),
      touch: async (session) => storage.touch?.(session),
      async save(jar, session, change) {
        const claims = change.isNew ? claimsOf(session, change.tokens?.value, only) : undefined;
        if (!claims) return storage.save(jar, session, change);
        // In the order of sign-outs.ts.
        await signOuts.register(session, claims);
        try {
          const saved = await storage.save(jar, session, change);
          if (await signOuts.isOvertaken(claims, change.startedAt)) throw new ExchangeError("signed_out");
          return saved;
        } catch (error) {
          await destroy(session.id);
          throw error;
        }
      },
      destroy,
    };
  }

  /** A storage in cookies whose sessions end when their user is signed out elsewhere. */
  #watched<Data, Tokens>(storage: StorageBackend<Data, Tokens>, signOuts: SignOuts): StorageBackend<Data, Tokens> {
    const refusalOf = async ({ id }: Identity): Promise<"revoked" | "store_unavailable" | undefined> => {
      try {
        return (await signOuts.isMarked(id)) ? "revoked" : undefined;
      } catch (error) {
        this.#report(error);
        return "store_unavailable";
      }
    };
    return {
      ...storage,
      load: (jar, identity) => chain(refusalOf(identity), (refusal) => refusal ?? storage.load(jar, identity)),
    };
  }
}

/**
 * The claims of the ID Token of a sign-in, which was verified when the session began, and the client that the session is of. Without a JWT,
 * as of a provider that issues no ID Tokens, the subject alone. Undefined for a session without sign-in.
 * @param only the client of an app that has one
 */
function claimsOf({ data }: { readonly data: unknown }, tokens: unknown, only: string): SubjectClaims | undefined {
  // The content of a session with sign-in (`SignedIn` of core/relying-party): it says the client where the app has several.
  const { client = only, user } = (data ?? {}) as {
    readonly client?: string;
    readonly user?: { readonly sub: string };
  };
  const { idToken } = (tokens ?? {}) as { readonly idToken?: unknown };
  const claims = (unverifiedClaims(idToken) ?? user) as SubjectClaims | undefined;
  return only && claims?.sub ? { ...(claims === user ? { sub: claims.sub } : claims), client } : undefined;
}
