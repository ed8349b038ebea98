import { sha256 } from "../bytes.js";
import type { Sealer } from "../seal/sealer.js";
import { decodeIdentity, encodeIdentity, type Identity } from "../session/identity.js";
import type { StoreClock } from "./bounded.js";
import { putNewest } from "./newest.js";
import type { StorePort } from "./port.js";
import { sessionName } from "./sessions.js";

/*
 * Theory of operation: a user is signed out wherever the user is signed in, on all machines.
 *
 * State. All names in the store are hashes, and all values are sealed.
 * - Index. The set `sub:…` has the names of a user's sessions, the set `sid:…` those of one session at the provider. A session is a
 *   member from before it begins until its absolute limit. `listed:…` is the record of a session: its id and times, and the time of
 *   its ID Token. A member without a session does no harm; a session that is no member could not be ended.
 * - Marks. The mark of a user or a `sid` has the time of the latest sign-out, in seconds: a sign-in whose ID Token is from that second or
 *   before is refused. The mark of a session in cookies says that the session was signed out. A session in the store needs no mark: it
 *   is deleted.
 * - Each process remembers when it last looked for the mark of a session and found none, and trusts that look for `checkEvery`.
 *
 * Order. A sign-out writes the mark of the user or the `sid`, then reads the set and ends each session in it. A sign-in adds its session
 * to the sets, then writes the session, then reads the marks. So if both happen at once, the sign-out finds the session in the set, or
 * the sign-in finds the mark.
 *
 * What can go wrong.
 * - The clocks differ. The time of an ID Token is of the provider's clock, and so is that of a logout token. `signOutEverywhere` marks
 *   with the time of the app's clock: a sign-in within the difference may be refused although it is later, or accepted although it was
 *   under way.
 * - The store fails half-way. The caller gets the error; the sessions that have ended stay ended.
 */

/** A user, or one session of a user at the provider. */
export type SignOutTarget = { readonly sub: string } | { readonly sid: string };

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
  /** Part of the names: two issuers may have users with the same subject. */
  readonly issuer: string;
  /** Milliseconds that a session lasts at most. */
  readonly absolute: number;
  /** Milliseconds for which a process trusts its last look for the mark of a session. */
  readonly checkEvery: number;
  /** Whether sessions are in the store, and not in cookies. */
  readonly inStore: boolean;
}

/** How many looks a process remembers. */
const MAX_LOOKS = 10_000;

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
    const record = await sealer.seal(encodeIdentity({ ...session, data: claims.iat }), clock.now());
    await Promise.all([
      ...(await this.#setsOf(claims)).map((set) => store.addMember(set, name, life)),
      store.add(`listed:${name}`, record, life),
    ]);
  }

  /** Deletes the record of a session that has ended: `sessionsOf` does not list it any more. */
  async unregister(id: string): Promise<void> {
    await this.#options.store.delete(`listed:${await sessionName(id)}`);
  }

  /** Whether a sign-out has overtaken this sign-in. Called after the session was written. */
  async isOvertaken(claims: SubjectClaims): Promise<boolean> {
    const { store, clock } = this.#options;
    const issuedAt = typeof claims.iat === "number" ? claims.iat : Math.floor(clock.now() / 1000);
    const markOf = async (set: string) => this.#open(await store.get(markName(set)));
    const marks = await Promise.all((await this.#setsOf(claims)).map(markOf));
    return marks.some((seconds) => typeof seconds === "number" && seconds >= issuedAt);
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
  async sessionsOf(sub: string): Promise<UserSession[]> {
    const names = await this.#options.store.members(await this.#setOf("sub", sub));
    const records = await Promise.all(names.map((name) => this.#recordOf(name)));
    return records.flatMap((record) => {
      if (!record) return [];
      const { id, beganAt, endsAt } = record;
      return [{ id, beganAt, endsAt }];
    });
  }

  /** Ends the sessions of a user, or of a `sid`. */
  async signOut(target: SignOutTarget, { issuedAt, except }: EndOptions = {}): Promise<void> {
    const { store, clock } = this.#options;
    const set = await ("sub" in target ? this.#setOf("sub", target.sub) : this.#setOf("sid", target.sid));
    await this.#mark(set, issuedAt ?? Math.floor(clock.now() / 1000));
    const exceptName = except === undefined ? undefined : await sessionName(except);
    const end = async (name: string) => {
      if (name === exceptName) return;
      if (issuedAt !== undefined && Number((await this.#recordOf(name))?.data) > issuedAt) return;
      await this.#end(name);
      await store.removeMember(set, name);
    };
    await Promise.all((await store.members(set)).map(end));
  }

  /** Ends one session, by its name. */
  async #end(name: string): Promise<void> {
    const { store, clock, inStore } = this.#options;
    if (inStore) await Promise.all([store.delete(`session:${name}`), store.delete(`tokens:${name}`)]);
    else await this.#mark(name, Math.floor(clock.now() / 1000));
    await store.delete(`listed:${name}`);
  }

  /** Writes the mark of a set or a session. Of two times, the later one stays. */
  async #mark(name: string, seconds: number): Promise<void> {
    const { store, clock, sealer, absolute } = this.#options;
    const mark = await sealer.seal(seconds, clock.now());
    const add = () => store.add(markName(name), mark, absolute);
    let current = await add();
    while (current !== mark && !(Number(await this.#open(current)) >= seconds)) {
      current = (await store.replace(markName(name), current, mark, absolute)) ?? (await add());
    }
  }

  /** The sets that a session with these claims is a member of. */
  async #setsOf({ sub, sid }: SubjectClaims): Promise<string[]> {
    const hasSid = typeof sid === "string" && sid !== "";
    return [await this.#setOf("sub", sub), ...(hasSid ? [await this.#setOf("sid", sid)] : [])];
  }

  async #setOf(kind: "sub" | "sid", value: string): Promise<string> {
    return `${kind}:${await sha256(`latchkey ${kind} ${this.#options.issuer} ${value}`)}`;
  }

  /** The record of a session; its `data` is the time of the ID Token, in seconds. */
  async #recordOf(name: string): Promise<Identity | undefined> {
    return decodeIdentity(await this.#open(await this.#options.store.get(`listed:${name}`)));
  }

  async #open(sealed: string | undefined): Promise<unknown> {
    const { sealer, clock } = this.#options;
    const result = sealed === undefined ? undefined : await sealer.open(sealed, clock.now());
    return typeof result === "object" ? result.payload : undefined;
  }
}

const markName = (name: string): string => `mark:${name}`;
