import { sha256 } from "../bytes.js";
import { ExchangeError } from "../errors.js";
import type { Sealer } from "../seal/sealer.js";
import { decodeIdentity, encodeIdentity, type Identity } from "../session/identity.js";
import type { StoreClock } from "./clock.js";
import { putNewest } from "./newest.js";
import type { StorePort } from "./port.js";
import { deleteSession, sessionName } from "./sessions.js";

/*
 * Theory of operation: a user is signed out wherever the user is signed in, on all machines.
 *
 * State. All names in the store are hashes, and all values are sealed.
 * - Index. The set `sub:…` has the names of a user's sessions, the set `sid:…` those of one session at the provider. A session is a
 *   member from before it begins until it is signed out, or until its absolute limit. `listed:…` is the record of a session: its id and
 *   times, the time of its ID Token, and its sets. A member without a session does no harm; a session that is no member could not be
 *   ended.
 * - Marks. A user or a `sid` has two: the time of the latest logout token, in seconds of the provider's clock, and the time of the latest
 *   `signOutEverywhere`, in milliseconds of the app's clock. A sign-in is refused if its ID Token is no newer than that logout token, or
 *   if it began no later than that `signOutEverywhere`. A session in cookies has one mark, which says that it was signed out. A session in
 *   the store needs no mark: it is deleted.
 * - Each process remembers when it last looked for the mark of a session and found none, and trusts that look for `checkEvery`.
 *
 * Order. A sign-out writes the mark of the user or the `sid`, then reads the set and ends each session in it. A sign-in adds its session
 * to the sets, then writes the session, then reads the marks. So if both happen at once, the sign-out finds the session in the set, or
 * the sign-in finds the mark.
 *
 * What can go wrong.
 * - The clocks of two machines of the app differ. A sign-in within the difference may be refused although it is later, or accepted
 *   although it was under way.
 * - The store fails half-way. The caller gets the error; the sessions that have ended stay ended.
 */

/** A user, or one session of a user at the provider. `client`: the `clientKey` of the client that it is of. */
export type SignOutTarget = { readonly client: string } & ({ readonly sub: string } | { readonly sid: string });

/** A session of a user, as the index has it. Times are milliseconds since the epoch. */
export interface UserSession {
  readonly id: string;
  readonly beganAt: number;
  readonly endsAt: number;
}

/** Which sessions of the target a sign-out leaves. */
export interface EndOptions {
  /** When the provider ended the session, in seconds of its clock: sessions whose ID Token was issued later stay. @default all sessions end */
  readonly issuedAt?: number;
  /** The id of the one session that stays. */
  readonly except?: string | undefined;
}

/** Claims of the ID Token that a session began with. */
export interface SubjectClaims {
  /** The `clientKey` of the client. Part of the names: two issuers may have users with the same subject. */
  readonly client: string;
  readonly sub: string;
  readonly sid?: unknown;
  /** Seconds since the epoch. */
  readonly iat?: unknown;
}

/** The objects and settings that the sign-outs of an app work with. */
export interface SignOutsOptions {
  readonly store: StorePort;
  readonly clock: StoreClock;
  readonly sealer: Sealer;
  /** Milliseconds that a session lasts at most. */
  readonly absolute: number;
  /** Milliseconds for which a process trusts its last look for the mark of a session. */
  readonly checkEvery: number;
  /** Whether sessions are in the store, and not in cookies. */
  readonly inStore: boolean;
}

/** Sessions that one sign-out ends at once: of thousands, the last calls would wait longer than a call of the store may take. */
const AT_ONCE = 50;
/** How often a mark is tried to be written: a store that breaks its promises must not keep a request for ever. */
const TRIES = 100;
/** How many looks a process remembers. */
const MAX_LOOKS = 10_000;

/** What the index knows of a session. */
interface SessionRecord extends UserSession {
  /** When its ID Token was issued, in seconds of the provider's clock. */
  readonly issuedAt: unknown;
  /** The sets that it is a member of. */
  readonly sets: readonly string[];
}

/** The index of an app's sessions, and its marks. */
export class SignOuts {
  readonly #options: SignOutsOptions;
  /** When this process last looked for the mark of a session and found none, by the session's name. Milliseconds since the epoch. */
  readonly #looks = new Map<string, number>();

  constructor(options: SignOutsOptions) {
    this.#options = options;
  }

  /** Adds a session to the index, before it is written. */
  async register(session: Identity, claims: SubjectClaims): Promise<void> {
    const { store, clock, sealer } = this.#options;
    const { id, endsAt } = session;
    const [name, life] = [await sessionName(id), endsAt - clock.now()];
    const sets = await setsOf(claims);
    const record = await sealer.seal(encodeIdentity({ ...session, data: [claims.iat, ...sets] }), clock.now());
    await Promise.all([
      ...sets.map((set) => store.addMember(set, name, life)),
      store.add(`listed:${name}`, record, life),
    ]);
  }

  /** Removes a session that has ended from the index: `sessionsOf` does not list it any more. */
  async unregister(id: string): Promise<void> {
    const name = await sessionName(id);
    const record = await this.#recordOf(name);
    if (record) await this.#unlist(name, record.sets);
  }

  /**
   * Whether a sign-out has overtaken this sign-in. Called after the session was written.
   * @param startedAt when the sign-in began, in milliseconds since the epoch
   */
  async isOvertaken({ iat, ...claims }: SubjectClaims, startedAt = this.#options.clock.now()): Promise<boolean> {
    const { store } = this.#options;
    const markOf = async (name: string) => Number(await this.#open(await store.get(markName(name))));
    const issuedAt = typeof iat === "number" ? iat : Math.floor(startedAt / 1000);
    const overtaken = (await setsOf(claims)).map(
      async (set) => (await markOf(set)) >= issuedAt || (await markOf(ofApp(set))) >= startedAt,
    );
    return (await Promise.all(overtaken)).includes(true);
  }

  /** Whether a session in cookies has a mark. */
  async isMarked(id: string): Promise<boolean> {
    const { store, clock, checkEvery } = this.#options;
    const name = await sessionName(id);
    const age = clock.now() - (this.#looks.get(name) ?? NaN);
    // Below 0 if the clock was set back.
    if (age >= 0 && age < checkEvery) return false;
    if ((await store.get(markName(name))) !== undefined) return true;
    putNewest(this.#looks, name, clock.now(), MAX_LOOKS);
    return false;
  }

  /** The sessions of a user. */
  async sessionsOf({ client, sub }: SubjectClaims): Promise<UserSession[]> {
    const names = await this.#options.store.members(await setOf(client, "sub", sub));
    const records = await inBatches(names, (name) => this.#recordOf(name));
    return records.flatMap((record) => {
      if (!record) return [];
      const { id, beganAt, endsAt } = record;
      return [{ id, beganAt, endsAt }];
    });
  }

  /** Ends the sessions of a user, or of a `sid`. */
  async signOut(target: SignOutTarget, { issuedAt, except }: EndOptions = {}): Promise<void> {
    const { store, clock } = this.#options;
    const { client } = target;
    const set = await ("sub" in target ? setOf(client, "sub", target.sub) : setOf(client, "sid", target.sid));
    await (issuedAt === undefined ? this.#mark(ofApp(set), clock.now()) : this.#mark(set, issuedAt));
    const exceptName = except === undefined ? undefined : await sessionName(except);
    await inBatches(await store.members(set), async (name) => {
      if (name === exceptName) return;
      const record = await this.#recordOf(name);
      if (issuedAt !== undefined && Number(record?.issuedAt) > issuedAt) return;
      await this.#end(name);
      await this.#unlist(name, record?.sets ?? [set]);
    });
  }

  /** Ends one session, by its name. */
  async #end(name: string): Promise<void> {
    const { store, clock, inStore } = this.#options;
    if (inStore) await deleteSession(store, name);
    else await this.#mark(name, clock.now());
  }

  /** Removes the record of a session, and the session from its sets. */
  async #unlist(name: string, sets: readonly string[]): Promise<void> {
    const { store } = this.#options;
    await Promise.all([store.delete(`listed:${name}`), ...sets.map((set) => store.removeMember(set, name))]);
  }

  /** Writes the mark of a set or a session. Of two times, the later one stays. */
  async #mark(name: string, time: number): Promise<void> {
    const { store, clock, sealer, absolute } = this.#options;
    const mark = await sealer.seal(time, clock.now());
    const add = () => store.add(markName(name), mark, absolute);
    let current = await add();
    for (let tries = 0; current !== mark && !(Number(await this.#open(current)) >= time); tries++) {
      if (tries > TRIES) throw new ExchangeError("store_conflict");
      current = (await store.replace(markName(name), current, mark, absolute)) ?? (await add());
    }
  }

  /** The record of a session; undefined without one, or if this app cannot open it. */
  async #recordOf(name: string): Promise<SessionRecord | undefined> {
    const record = decodeIdentity(await this.#open(await this.#options.store.get(`listed:${name}`)));
    if (!record || (await sessionName(record.id)) !== name) return undefined;
    const [issuedAt, ...sets] = record.data as [unknown, ...string[]];
    return { ...record, issuedAt, sets };
  }

  async #open(sealed: string | undefined): Promise<unknown> {
    const { sealer, clock } = this.#options;
    const result = sealed === undefined ? undefined : await sealer.open(sealed, clock.now());
    return typeof result === "object" ? result.payload : undefined;
  }
}

/** The sets that a session with these claims is a member of. */
async function setsOf({ client, sub, sid }: SubjectClaims): Promise<string[]> {
  const hasSid = typeof sid === "string" && sid !== "";
  return [await setOf(client, "sub", sub), ...(hasSid ? [await setOf(client, "sid", sid)] : [])];
}

const setOf = async (client: string, kind: "sub" | "sid", value: string): Promise<string> =>
  `${kind}:${await sha256(`latchkey ${kind} ${client} ${JSON.stringify(value)}`)}`;

/** The name of the mark of a set that has a time of the app's clock. */
const ofApp = (set: string): string => `app:${set}`;

const markName = (name: string): string => `mark:${name}`;

/** Runs a task for each item, for a number of them at once. Rejects with the first error; the batches after it do not begin. */
async function inBatches<Item, Result>(
  items: readonly Item[],
  task: (item: Item) => Promise<Result>,
): Promise<Result[]> {
  const results: Result[] = [];
  for (let from = 0; from < items.length; from += AT_ONCE)
    results.push(...(await Promise.all(items.slice(from, from + AT_ONCE).map(task))));
  return results;
}
