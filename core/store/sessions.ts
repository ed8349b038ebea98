import { sha256 } from "../bytes.js";
import type { Jar } from "../cookie/jar.js";
import { ExchangeError, MisuseError } from "../errors.js";
import type { Ports } from "../ports.js";
import type { Sealer } from "../seal/sealer.js";
import { bind, decodeIdentity, encodeIdentity, type Identity, unbind } from "../session/identity.js";
import { type Session, withLimits } from "../session/lifetime.js";
import type { SessionRefusal } from "../session/refusal.js";
import { type Change, type StorageBackend, type StorageContext, writerOf } from "../session/storage.js";
import type { StoreClock } from "./clock.js";
import { putNewest } from "./newest.js";
import type { StorePort } from "./port.js";
import type { InTurn } from "./turns.js";

/*
 * Theory of operation: sessions in a store.
 *
 * State. The cookie has the sealed id and the times of a session. The store has two values, sealed with the app's secrets and bound
 * to the id, under names that are hashes of the id:
 * - `session:…`: the data. Each request reads it. It lives until inactivity ends the session.
 * - `tokens:…`: the tokens, read only when the app asks for a token. They live until the absolute limit.
 * The two are written apart, so an update of the data does not disturb a refresh.
 *
 * Order. A change replaces the very value that its request has read, in one atomic step (`StorePort.replace`). If another request was
 * faster, `replace` returns the value of that request, and the change is applied to it: at once in the first tries, after a random
 * pause in later ones. The requests of one process take turns (turns.ts), so only other machines can be faster.
 *
 * What can go wrong. A session that was ended is never written again, because `replace` writes no key without a value. A request that
 * the runtime cancels has written its value or not; its turn ends by itself. A change that loses to others each time fails with
 * `store_conflict`. A call that failed may have reached the store all the same: `update` may then have written, and still reject.
 */

/** The name of a session in the store. */
export const sessionName = (id: string) => sha256(`latchkey session ${id}`);

/** A value of the store. */
export interface StoredValue {
  readonly sealed: string;
  readonly payload: unknown;
}

/** A change of one value. */
interface StoredChange {
  readonly key: string;
  /** The value that the request has read; undefined if it is to be read now. */
  readonly read?: StoredValue | undefined;
  /** Milliseconds that the new value lives. */
  readonly life: number;
  /** The new payload. `isRead`: `payload` is that of `read`. */
  next(payload: unknown, isRead: boolean): unknown;
}

/** How often a change is tried again; the first of these tries follow each other at once. */
const TRIES = 25;
const AT_ONCE = 6;
/** Milliseconds. */
const LONGEST_PAUSE = 64;
/** Characters of a value, which every store takes (port.ts). */
const LONGEST_VALUE = 65_536;
/** Sessions for which a process remembers the tokens that it stored last. */
const MAX_REMEMBERED = 1_000;

/** The objects that the storage works with. */
export interface StoredSessionsOptions {
  readonly store: StorePort;
  readonly clock: StoreClock & Pick<Ports, "random">;
  readonly inTurn: InTurn<StoredValue>;
  readonly onFailure: (error: unknown) => void;
}

/** The storage of an app whose sessions are in a store. */
export class StoredSessions<Data, Tokens> implements StorageBackend<Data, Tokens> {
  readonly isShared = true;
  readonly #options: StoredSessionsOptions;
  readonly #context: StorageContext;
  readonly #sealer: Sealer;
  readonly #writeCookie: ReturnType<typeof writerOf>;
  /** Hashes of the tokens that this process stored last, by their key: the process itself keeps no token. */
  readonly #tokenHashes = new Map<string, string>();
  /** The session value that each request has read or written, by the request's jar. */
  readonly #sessionValues = new WeakMap<Jar, StoredValue>();

  constructor(options: StoredSessionsOptions, context: StorageContext) {
    this.#options = options;
    this.#context = context;
    // Without a limit of its own: no client sends these values.
    this.#sealer = context.sealer("stored", Infinity);
    this.#writeCookie = writerOf(context, "id", context.identitySealer);
  }

  async load(jar: Jar, { id }: Identity): Promise<{ readonly data: unknown } | SessionRefusal> {
    const { store, onFailure } = this.#options;
    let sealed: string | undefined;
    try {
      sealed = await store.get(await keyOf("session", id));
    } catch (error) {
      onFailure(error);
      return "store_unavailable";
    }
    if (sealed === undefined) return "revoked";
    const opened = await this.#sealer.open(sealed, this.#context.now());
    if (typeof opened === "string") return opened;
    const identity = decodeIdentity(opened.payload);
    if (identity?.id !== id) return "malformed";
    this.#sessionValues.set(jar, { sealed, payload: opened.payload });
    return { data: identity.data };
  }

  async tokens(_jar: Jar, { id }: Identity): Promise<Tokens | undefined> {
    return boundTokens((await this.#read(await keyOf("tokens", id)))?.payload, id);
  }

  async save(jar: Jar, session: Session<Data>, change: Change<Data, Tokens>): Promise<Session<Data> | undefined> {
    const { isNew, patches, tokens } = change;
    if (isNew) return this.#begin(jar, session, tokens?.value);
    if (tokens && !(await this.#saveTokens(session, tokens))) return undefined;
    if (!patches[0]) return session;
    const writtenAt = this.#context.now();
    const stored: StoredChange = {
      key: await keyOf("session", session.id),
      read: this.#sessionValues.get(jar),
      life: this.#lifeOf(session),
      next(payload, isRead) {
        const identity = decodeIdentity(payload) as (Identity & { readonly data: Data }) | undefined;
        // The value belongs to another session: it was copied from another key of the store.
        if (identity?.id !== session.id) throw new ExchangeError("store_conflict");
        // The draft has applied the patches to the data that this request has read; to other data they are applied here.
        const data = isRead ? session.data : patches.reduce((before, patch) => patch(before), identity.data);
        return encodeIdentity({ ...identity, writtenAt, data });
      },
    };
    const written = await this.#options.inTurn(stored.key, (latest) => this.#replace(stored, latest));
    if (!written) return undefined;
    this.#sessionValues.set(jar, written);
    return { ...session, data: decodeIdentity(written.payload)?.data as Data };
  }

  async touch(session: Session<Data>): Promise<void> {
    const { store, onFailure } = this.#options;
    // The activity stamp is written all the same. If the store fails, the session ends a little early.
    await store.extend(await keyOf("session", session.id), this.#lifeOf(session)).catch(onFailure);
  }

  async destroy(id: string): Promise<void> {
    const { store, onFailure } = this.#options;
    const name = await sessionName(id);
    const remove = () => deleteSession(store, name);
    // Tried twice: while the session is in the store, a copy of its cookie can still be used.
    await remove().catch(remove).catch(onFailure);
  }

  async #begin(jar: Jar, session: Session<Data>, tokens: Tokens | undefined): Promise<Session<Data>> {
    const { store } = this.#options;
    await this.#writeCookie(jar, session, encodeIdentity({ ...session, data: undefined }));
    if (tokens !== undefined) {
      const sealed = await this.#seal(bind(session.id, tokens));
      await store.add(await keyOf("tokens", session.id), sealed, this.#tokensLife(session));
    }
    const payload = encodeIdentity(session);
    const sealed = await this.#seal(payload);
    await store.add(await keyOf("session", session.id), sealed, this.#lifeOf(session));
    this.#sessionValues.set(jar, { sealed, payload });
    return session;
  }

  /**
   * Many requests of this process may have the tokens of one refresh: the first of them stores the tokens, the others only wait.
   * Returns false if the session has ended.
   */
  async #saveTokens(
    session: Session<Data>,
    { value, merge }: NonNullable<Change<Data, Tokens>["tokens"]>,
  ): Promise<boolean> {
    const { id } = session;
    const key = await keyOf("tokens", id);
    const hash = await sha256(`${JSON.stringify(value)}`);
    const isStored = () => this.#tokenHashes.get(key) === hash;
    if (isStored()) return true;
    await this.#options.inTurn(key, async (latest) => {
      if (isStored()) return latest;
      const next = (payload: unknown) => bind(id, merge ? merge(boundTokens<Tokens>(payload, id)) : value);
      const written = await this.#replace({ key, life: this.#tokensLife(session), next }, latest);
      // Not before: a request that is cancelled while it writes may have written nothing.
      if (written) putNewest(this.#tokenHashes, key, hash, MAX_REMEMBERED);
      return written;
    });
    return isStored();
  }

  /**
   * Replaces a value, and returns the new one; undefined if the store has no value any more.
   * @param latest the value that another request of this process wrote just now
   * @throws ExchangeError `store_conflict` when other machines were faster each time
   */
  async #replace(
    { key, read, life, next }: StoredChange,
    latest: StoredValue | undefined,
  ): Promise<StoredValue | undefined> {
    const { store } = this.#options;
    let current = latest ?? read ?? (await this.#read(key));
    for (let tries = 0; current; tries++) {
      const payload = next(current.payload, current === read);
      const sealed = await this.#seal(payload);
      const value = await store.replace(key, current.sealed, sealed, life);
      if (value === sealed) return { sealed, payload };
      if (tries >= TRIES) throw new ExchangeError("store_conflict");
      // The value that `replace` returned is fresh, so a try at once is likely to succeed. A pause later lets other machines go first.
      current = tries < AT_ONCE ? await this.#open(value) : await this.#readLater(key, tries - AT_ONCE);
      // A value that this machine cannot open, such as one under a newer secret: the session has not ended.
      if (!current && value !== undefined) throw new ExchangeError("store_conflict");
    }
    return undefined;
  }

  /** Reads a value after a random pause, which may be longer the more pauses there were. */
  async #readLater(key: string, pauses: number): Promise<StoredValue | undefined> {
    const { random, sleep } = this.#options.clock;
    await sleep(Math.min(2 ** pauses, LONGEST_PAUSE) * ((random(1)[0] as number) / 256));
    return this.#read(key);
  }

  async #read(key: string): Promise<StoredValue | undefined> {
    return this.#open(await this.#options.store.get(key));
  }

  async #open(sealed: string | undefined): Promise<StoredValue | undefined> {
    if (sealed === undefined) return undefined;
    const opened = await this.#sealer.open(sealed, this.#context.now());
    return typeof opened === "string" ? undefined : { sealed, payload: opened.payload };
  }

  /** @throws MisuseError (`value_too_large`) for a payload that not every store takes */
  async #seal(payload: unknown): Promise<string> {
    const sealed = await this.#sealer.seal(payload, this.#context.now());
    if (sealed.length <= LONGEST_VALUE) return sealed;
    throw new MisuseError("value_too_large", `${sealed.length} characters sealed, ${LONGEST_VALUE} at most`);
  }

  /** Milliseconds until the earlier of the two limits ends the session. */
  #lifeOf(session: Session<Data>): number {
    const { now, limits } = this.#context;
    return withLimits(session, now(), limits).expiresAt - now();
  }

  #tokensLife({ endsAt }: Identity): number {
    return endsAt - this.#context.now();
  }
}

const keyOf = async (kind: "session" | "tokens", id: string): Promise<string> => `${kind}:${await sessionName(id)}`;

/** Deletes both values of a session, by its name. */
export async function deleteSession(store: StorePort, name: string): Promise<void> {
  await Promise.all([store.delete(`session:${name}`), store.delete(`tokens:${name}`)]);
}

/** The tokens in a payload that is bound to this session. */
const boundTokens = <Tokens>(payload: unknown, id: string): Tokens | undefined =>
  unbind({ payload, stale: false }, id) as Tokens | undefined;
