import { sha256, toBase64url } from "../bytes.js";
import { ExchangeError } from "../errors.js";
import type { Ports } from "../ports.js";
import { packed } from "../seal/payload.js";
import { createSealer, type Sealer } from "../seal/sealer.js";
import type { StoreClock } from "./clock.js";
import type { StorePort } from "./port.js";
import { HELD_LIFE, RELEASED_LIFE, type SharedEntry, type Spending, type WithRefreshToken } from "./spending.js";

/*
 * Theory of operation: a refresh token is spent once among all machines. (Among the requests of one process: core/provider/refresher.ts,
 * which calls this file for the one request that spends.)
 *
 * State. The store has an entry for each refresh token that is spent. Its key is a hash of the token, and its value is sealed with
 * another hash of the token. So each machine that has the token finds and opens the entry, whatever the secrets of the app are, and the
 * store itself cannot open it. The value is one of two:
 * - `reserved.<random>`, a reservation: the request that added it is spending the token. It outlives the token request.
 * - the result, with the audience and scope (`tokenKey`) that the token was spent for.
 *
 * Order.
 * 1. A request does all that may fail without spending the token (`prepare`), and then adds its reservation. `StorePort.add` leaves a value
 *    that is there.
 * 2. If the entry now has this reservation, the request spends the token, and replaces the reservation with the result.
 * 3. If it has the reservation of another request, the request looks again until its patience is used up, and then fails with
 *    `provider_unreachable`.
 * 4. If it has a result with another refresh token, the request returns it: the caller uses it, or goes on with that refresh token.
 *    A result with the same refresh token is of a provider that does not rotate. If it does not serve the request, the request
 *    replaces it with a reservation, and spends the token again.
 * 5. A result is kept for an hour; once a response has carried it (`release`), for 30 s from then.
 *
 * What can go wrong.
 * - A machine ends, or a runtime cancels the request, during 2: the reservation expires, and then the next request adds its own.
 * - The token request fails: the request takes its reservation back, so that the next request may try at once.
 * - The store fails during 1: `store_unavailable`, and nothing was spent. The request takes its reservation back, which may have arrived.
 * - The store fails after the token was spent: the response of the request has the result, so the failure is only an event. The process
 *   tries again to store the result, in the background, because other machines would spend the token again once the reservation has
 *   expired. A store that is away longer than the reservation lives, or a process that ends meanwhile, leaves that risk.
 */

/** Milliseconds between two looks at the reservation of another request, at most. */
const LONGEST_PAUSE = 250;

/** How often a request looks at the entry at most: a store that breaks its promises must not keep it looking for ever. */
const TRIES = 1_000;
const RESERVED = "reserved.";
/** In the place of a reservation that was taken back, until the store has forgotten it. No request takes it for a reservation or a result. */
const TAKEN_BACK = "taken back";

/** A result, and what the token was spent for. */
interface Spent<Result> {
  readonly tokenKey: string;
  readonly result: Result;
}

/** A request that is ready to spend its refresh token. */
interface ReadySpending<Result extends WithRefreshToken> extends Spending<Result> {
  /** Milliseconds that it waits for another request. */
  readonly patience: number;
  readonly onShared: (entry: SharedEntry) => void;
  spend(): Promise<Result>;
}

/** The entry of a refresh token, for one request. */
interface Entry {
  readonly key: string;
  readonly sealer: Sealer;
  /** The reservation of this request. */
  readonly reservation: string;
  /** A response has carried the result. */
  isReleased?: boolean;
}

/** The client, and the milliseconds that calls take at most. */
interface RefreshSettings {
  readonly client: string;
  readonly request: number;
  readonly store: number;
}

/** Spends refresh tokens once among all machines. */
export class SharedRefreshes {
  readonly #store: StorePort;
  readonly #clock: StoreClock & Pick<Ports, "random">;
  /** Part of the names and the keys. */
  readonly #client: string;
  /** Milliseconds that a reservation lives. */
  readonly #lease: number;
  readonly #onFailure: (error: unknown) => void;

  constructor(
    store: StorePort,
    clock: StoreClock & Pick<Ports, "random">,
    { client, request, store: storeTimeout }: RefreshSettings,
    onFailure: (error: unknown) => void,
  ) {
    /** For a busy process. */
    const MARGIN = 1_000;
    this.#store = store;
    this.#clock = clock;
    this.#client = client;
    // From the reservation to the result in the store: the answer to `add`, the token request, the call that brings the result.
    this.#lease = request + 2 * storeTimeout + MARGIN;
    this.#onFailure = onFailure;
  }

  /** A spending whose prepared function spends the token once among all machines. */
  share<Result extends WithRefreshToken>(spending: Spending<Result>): Spending<Result> {
    return {
      ...spending,
      prepare: async () => {
        const spend = await spending.prepare();
        return (refreshToken, patience, onShared) =>
          this.#spendOnce({
            ...spending,
            refreshToken,
            patience,
            onShared,
            spend: () => spend(refreshToken, patience, onShared),
          });
      },
    };
  }

  /** @throws ExchangeError of the token request, `provider_unreachable` when another request takes too long, `store_unavailable` */
  async #spendOnce<Result extends WithRefreshToken>(spending: ReadySpending<Result>): Promise<Result> {
    const entry = await this.#entryOf(spending.refreshToken);
    const others = await this.#reserve(entry, spending);
    const { tokenKey, result } = others ?? (await this.#spend(entry, spending));
    // No request waits for this call. If a runtime cancels it, the result is kept for the whole hour.
    const release = () => void this.#release(entry, spending.refreshToken, result.refreshToken).catch(this.#onFailure);
    spending.onShared({ tokenKey, isOthers: others !== undefined, release });
    return result;
  }

  /** A response has carried the result. */
  async #release(entry: Entry, refreshToken: string, nextToken: string): Promise<void> {
    entry.isReleased = true;
    // Another request may have spent the new token already: the browser, which has just got that one, needs its result.
    if (nextToken !== refreshToken) await this.#store.extend(await this.#keyOf(nextToken), HELD_LIFE);
    await this.#store.extend(entry.key, RELEASED_LIFE);
  }

  async #keyOf(refreshToken: string): Promise<string> {
    return `refresh:${await sha256(`latchkey refresh name ${this.#client} ${refreshToken}`)}`;
  }

  async #entryOf(refreshToken: string): Promise<Entry> {
    const secret = await sha256(`latchkey refresh value ${this.#client} ${refreshToken}`);
    return {
      key: await this.#keyOf(refreshToken),
      // Without a limit of length: no client sends these values.
      sealer: createSealer(secret, "refresh", HELD_LIFE / 1000, packed, Infinity),
      reservation: RESERVED + toBase64url(this.#clock.random(12)),
    };
  }

  /** Reserves the token (1, 3 and 4 above). Returns undefined, or the result of another request if that serves. */
  async #reserve<Result extends WithRefreshToken>(
    entry: Entry,
    { refreshToken, tokenKey, patience, mustReplace }: ReadySpending<Result>,
  ): Promise<Spent<Result> | undefined> {
    const { key, sealer, reservation } = entry;
    const { sleep, now } = this.#clock;
    const until = now() + patience;
    let value = await this.#add(entry);
    for (let waited = 0, pause = 20, tries = 0; value !== reservation; tries++) {
      if (tries > TRIES) throw new ExchangeError("store_conflict");
      if (value.startsWith(RESERVED)) {
        // The sleeps count as well: a clock may have been set back. The clock counts as well: the store may be slow.
        const left = Math.min(patience - waited, until - now());
        if (left <= 0) {
          throw new ExchangeError("provider_unreachable", { cause: "another machine refreshes this session" });
        }
        pause = Math.min(pause * 1.5, LONGEST_PAUSE, left);
        await sleep(pause);
        waited += pause;
        value = await this.#add(entry);
      } else {
        const opened = await sealer.open(value, now());
        const spent = typeof opened === "string" ? undefined : (opened.payload as Spent<Result>);
        const isRotated = spent && spent.result.refreshToken !== refreshToken;
        if (isRotated || (spent?.tokenKey === tokenKey && !mustReplace(spent.result))) return spent;
        value = (await this.#store.replace(key, value, reservation, this.#lease)) ?? (await this.#add(entry));
      }
    }
    return undefined;
  }

  /** The value of the entry once the reservation was added, where there was no value. */
  async #add(entry: Entry): Promise<string> {
    try {
      return await this.#store.add(entry.key, entry.reservation, this.#lease);
    } catch (error) {
      // Not waited for: the store is slow or away.
      this.#takeBack(entry);
      throw error;
    }
  }

  /** Ends the reservation of this request; the value of any other request stays. */
  #takeBack({ key, reservation }: Entry): Promise<unknown> {
    return this.#store.replace(key, reservation, TAKEN_BACK, 1).catch(this.#onFailure);
  }

  async #spend<Result extends WithRefreshToken>(
    entry: Entry,
    { tokenKey, spend }: ReadySpending<Result>,
  ): Promise<Spent<Result>> {
    let result: Result;
    try {
      result = await spend();
    } catch (error) {
      await this.#takeBack(entry);
      throw error;
    }
    const spent = { tokenKey, result };
    await this.#publish(entry, spent).catch((error) => {
      this.#onFailure(error);
      void this.#publishLater(entry, spent);
    });
    return spent;
  }

  /** Tries again until the store is back, as long as this process has the result for its own requests. */
  async #publishLater(entry: Entry, spent: Spent<unknown>): Promise<void> {
    let isPublished = false;
    for (let waited = 0, pause = 20; !isPublished && waited < HELD_LIFE; waited += pause) {
      pause = Math.min(pause * 1.5, LONGEST_PAUSE);
      await this.#clock.sleep(pause);
      isPublished = await this.#publish(entry, spent).then(
        () => true,
        () => false,
      );
    }
  }

  async #publish({ key, reservation, sealer, isReleased }: Entry, spent: Spent<unknown>): Promise<void> {
    const life = isReleased ? RELEASED_LIFE : HELD_LIFE;
    const sealed = await sealer.seal(spent, this.#clock.now());
    // If the reservation has expired, the result is stored all the same. The value of a later request stays.
    if ((await this.#store.replace(key, reservation, sealed, life)) === undefined)
      await this.#store.add(key, sealed, life);
  }
}
