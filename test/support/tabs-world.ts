import { setFlagsFromString } from "node:v8";
import type { createClient } from "../../adapters/browser/client.js";
import type { ClientSession } from "../../adapters/browser/client-session.js";
import type { TabsRecord } from "../../adapters/browser/tabs-record.js";
import { ExchangeError } from "../../core/errors.js";
import type { RefreshRequest } from "../../core/provider/token-endpoint.js";

/*
 * A browser with several tabs and a provider, in virtual time, for a model of the protocol between tabs. The tabs run the real code of
 * `latchkey/browser`. Everything that happens to a tab (a message, a lock, a timer, a response, an access to the record) is an event,
 * and the tape decides which event happens next, and what fails. So one tape is one interleaving, and always leads to the same run.
 */

/** Runs all microtasks that wait. Only a macrotask may call it. */
export const runMicrotasks: () => void = (() => {
  setFlagsFromString("--allow-natives-syntax");
  return new Function("%PerformMicrotaskCheckpoint()") as () => void;
})();

/** The decisions of one run: random ones, which it records, or those of an earlier run. After its end, each decision is 0. */
export class Tape {
  readonly choices: number[];
  readonly #isReplay: boolean;
  #position = 0;
  #state: number;
  constructor(source: number | readonly number[]) {
    this.#isReplay = typeof source !== "number";
    this.choices = typeof source === "number" ? [] : [...source];
    this.#state = typeof source === "number" ? Math.imul(source + 1, 0x9e3779b1) : 0;
  }
  /** An integer from 0 to `count` - 1. */
  next(count: number): number {
    if (this.#isReplay) return (this.choices[this.#position++] ?? 0) % count;
    // mulberry32
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    const choice = ((mixed ^ (mixed >>> 14)) >>> 0) % count;
    this.choices.push(choice);
    return choice;
  }
}

/** A property of the protocol does not hold. */
export class Violation extends Error {}

type Client = ReturnType<typeof createClient>;

export interface ModelTab {
  readonly id: number;
  client: Client;
  isFrozen: boolean;
  isDead: boolean;
  isStarted: boolean;
  session: ClientSession | null;
  /** Whether a frame found no user, or none that it may use, since this tab last sent a refresh token. */
  hasTriedFrame: boolean;
  receive?: (event: { data: unknown }) => void;
  catchUp?: () => void;
  /** Who signs in next in a popup of this tab. */
  popupUser: string;
}

interface WorldEvent {
  /** undefined: the event happens at the provider or in the browser. */
  readonly tab: ModelTab | undefined;
  readonly at: number;
  readonly what: string;
  run(): void;
}

/** A grant of the provider: one sign-in, by a popup or by a frame. */
interface Grant {
  readonly user: string;
  readonly createdAt: number;
  current: string;
  readonly spent: Set<string>;
  isRevoked: boolean;
  /** The app revoked it although no user had asked for a sign-out, while a tab had its current refresh token. */
  isWronglyRevoked: boolean;
}

/** A sign-in or sign-out that the user asked for. The numbers count the events of the run. */
export interface UserAction {
  readonly name: "sign_in" | "sign_out";
  readonly user: string;
  readonly begin: number;
  end: number;
  /** Whether it has ended without an error. */
  succeeded: boolean;
}

interface LockRequest {
  readonly tab: ModelTab;
  readonly begin: () => Promise<unknown>;
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: unknown) => void;
}

interface FakeSignal {
  aborted: boolean;
  onabort: (() => void) | undefined;
}

/** What may fail in a run. */
export interface Weather {
  /** The browser withholds the provider's cookies from frames. */
  readonly blocksFrames: boolean;
  readonly hasDiskFaults: boolean;
  readonly hasProviderFaults: boolean;
  readonly hasClockJumps: boolean;
}

/** What goes wrong in a world on purpose, to show that the model notices. */
export interface Sabotage {
  readonly forgetsLock?: boolean;
}

const START = 1_700_000_000_000;
/** Milliseconds for which an access token is valid. */
export const LIFE = 600_000;
const HTTP_TIMEOUT = 5_000;

export class World {
  readonly tabs: ModelTab[] = [];
  readonly actions: UserAction[] = [];
  readonly log: string[] = [];
  /** The tab whose code runs. */
  current: ModelTab | undefined;
  /** The number of events so far. */
  count = 0;
  isDiskIll = false;
  isProviderIll = false;
  isLogging = false;
  #events: WorldEvent[] = [];
  #time = 0;
  #clockOffset = START;
  #record: TabsRecord | undefined;
  #holder: LockRequest | undefined;
  readonly #waiting: LockRequest[] = [];
  #providerUser: string | undefined;
  readonly #grants = new Map<string, Grant>();
  #lastToken = 0;

  constructor(
    readonly tape: Tape,
    readonly weather: Weather,
    readonly sabotage: Sabotage = {},
  ) {}

  #lastFraction = 0;
  /** Two generations of one millisecond differ, in a random order. */
  readonly random = (): number => {
    this.#lastFraction += 1 / 4096;
    return this.tape.next(2) ? this.#lastFraction % 1 : 1 - (this.#lastFraction % 1);
  };

  readonly elapsed = (): number => this.#time;

  now = (): number => this.#time + this.#clockOffset;

  note(text: string): void {
    if (this.isLogging) this.log.push(`${String(this.#time).padStart(8)} ${text}`);
  }

  fail(message: string): never {
    this.note(`VIOLATION ${message}`);
    // The code may catch it.
    this.problem ??= new Violation(message);
    throw this.problem;
  }

  // Events

  post(tab: ModelTab | undefined, what: string, run: () => void, delay = 0): WorldEvent {
    const event = { tab, at: this.#time + delay, what, run };
    if (!tab?.isDead) this.#events.push(event);
    return event;
  }

  cancel(event: WorldEvent | undefined): void {
    const index = event ? this.#events.indexOf(event) : -1;
    if (index >= 0) this.#events.splice(index, 1);
  }

  /** Runs code of a tab, and everything that follows at once. */
  enter(tab: ModelTab | undefined, run: () => void): void {
    this.current = tab;
    run();
    runMicrotasks();
    this.current = undefined;
    if (this.problem) throw this.problem;
  }

  /** A violation found inside of a promise of the code. */
  problem: Violation | undefined;

  #ready(): WorldEvent[] {
    return this.#events.filter(({ tab, at }) => at <= this.#time && !tab?.isFrozen);
  }

  /** Runs one event that is ready. False if none is. */
  step(): boolean {
    const ready = this.#ready();
    const event = ready[ready.length > 1 ? this.tape.next(ready.length) : 0];
    if (!event) return false;
    this.cancel(event);
    this.count++;
    this.note(`${event.tab ? `tab ${event.tab.id}` : "world"}: ${event.what}`);
    this.enter(event.tab, event.run);
    return true;
  }

  /** Lets time go on to the next timer. False if none is set. */
  skipToTimer(): boolean {
    let next = Infinity;
    for (const { tab, at } of this.#events) if (at > this.#time && at < next && !tab?.isFrozen) next = at;
    if (next === Infinity) return false;
    this.#time = next;
    return true;
  }

  advance(milliseconds: number): void {
    this.#time += milliseconds;
  }

  jump(milliseconds: number): void {
    this.#clockOffset += milliseconds;
    this.note(`the clock jumps by ${milliseconds / 1000} s`);
  }

  /** Runs everything that is left. */
  drain(): void {
    for (let index = 0; index < 5_000; index++) if (!this.step() && !this.skipToTimer()) return;
    this.fail("the tabs do not come to rest");
  }

  // What a page has

  readonly setTimeout = (run: (...values: unknown[]) => void, delay = 0, ...values: unknown[]): WorldEvent =>
    this.post(this.current, `timer of ${delay} ms`, () => run(...values), Math.max(delay, 1));

  readonly clearTimeout = (timer: WorldEvent | undefined): void => this.cancel(timer);

  readonly timeoutSignal = (delay: number): FakeSignal => {
    const signal: FakeSignal = { aborted: false, onabort: undefined };
    this.post(
      this.current,
      `time limit of ${delay} ms`,
      () => {
        signal.aborted = true;
        signal.onabort?.();
      },
      delay,
    );
    return signal;
  };

  readonly locks = {
    request: (_name: string, { signal }: { signal: FakeSignal }, begin: () => Promise<unknown>): Promise<unknown> =>
      new Promise((resolve, reject) => {
        const request: LockRequest = { tab: this.#here(), begin, resolve, reject };
        this.#waiting.push(request);
        signal.onabort = () => {
          const index = this.#waiting.indexOf(request);
          if (index < 0) return;
          this.#waiting.splice(index, 1);
          reject(new Error("aborted"));
        };
        this.#grant();
      }),
  };

  #grant(): void {
    if (this.#holder && !this.sabotage.forgetsLock) return;
    const request = this.#waiting.shift();
    if (!request) return;
    this.#holder = request;
    const release = () => {
      if (this.#holder === request) this.#holder = undefined;
      this.#grant();
    };
    this.post(request.tab, "gets the lock", () => {
      request.begin().then(
        (result) => {
          release();
          request.resolve(result);
        },
        (error) => {
          release();
          request.reject(error);
        },
      );
    });
  }

  #here(): ModelTab {
    return this.current ?? this.fail("code runs outside of a tab");
  }

  openChannel() {
    const tab = this.#here();
    return {
      addEventListener: (_type: string, listener: (event: { data: unknown }) => void) => {
        tab.receive = listener;
      },
      postMessage: (data: unknown) => {
        for (const other of this.tabs) {
          if (other !== tab && !other.isDead && other.receive) {
            const { generation, newerThan } = data as { generation?: number; newerThan?: number };
            const what = generation === undefined ? `a request for newer than ${newerThan}` : `version ${generation}`;
            this.post(other, `receives ${what} from tab ${tab.id}`, () => other.receive?.({ data }));
          }
        }
      },
    };
  }

  /** One access to the record, in a transaction. It may fail, after or without the write. */
  access(
    next?: TabsRecord,
    mayReplace?: (current: TabsRecord | undefined) => boolean,
  ): Promise<TabsRecord | undefined> {
    const tab = this.#here();
    const fault = this.isDiskIll ? this.tape.next(3) : 0;
    return new Promise((resolve, reject) => {
      this.post(
        undefined,
        next ? `the record takes ${JSON.stringify(next)} of tab ${tab.id}` : "the record is read",
        () => {
          const before = this.#record;
          const mayWrite = next && mayReplace?.(before);
          if (mayWrite && fault !== 1) this.#record = next;
          this.post(tab, fault ? "an access to the record fails" : "has accessed the record", () =>
            fault ? reject(new Error("no disk")) : resolve(before),
          );
        },
      );
    });
  }

  // The provider

  #grantFor(user: string) {
    const refreshToken = `r${++this.#lastToken}`;
    const grant: Grant = {
      user,
      createdAt: this.count,
      current: refreshToken,
      spent: new Set(),
      isRevoked: false,
      isWronglyRevoked: false,
    };
    this.#grants.set(refreshToken, grant);
    return this.#response(grant, refreshToken);
  }

  #response({ user }: Grant, refreshToken: string) {
    return { accessToken: `${user} ${refreshToken}`, refreshToken, expiresIn: LIFE / 1000 };
  }

  grantOf = (refreshToken: string | undefined): Grant | undefined => this.#grants.get(`${refreshToken}`);

  /** Sends a request to the provider. `answer` makes the response there. */
  #exchange<T>(what: string, isHurt: boolean, timeout: number, answer: () => T): Promise<T> {
    const tab = this.#here();
    // 1: a 5xx of a gateway before the provider, 2: after it; 3: no response from the provider; 4: nothing reaches it; 5: a 4xx.
    const fault = isHurt && this.isProviderIll ? this.tape.next(6) : 0;
    return new Promise((resolve, reject) => {
      const timer = this.post(
        tab,
        `no response to ${what}`,
        () => reject(new ExchangeError("provider_unreachable")),
        timeout,
      );
      const respond = (act: () => void) =>
        this.post(tab, `response to ${what}${fault ? ` (fault ${fault})` : ""}`, () => {
          this.cancel(timer);
          act();
        });
      const status = fault === 5 ? 429 : 503;
      const refuse = () => respond(() => reject(new ExchangeError("provider_unreachable", { cause: { status } })));
      if (fault === 4) return;
      this.post(undefined, `the provider gets ${what} of tab ${tab.id}`, () => {
        if (fault === 1 || fault === 5) return refuse();
        try {
          const result = answer();
          if (fault === 2) refuse();
          else if (fault !== 3) respond(() => resolve(result));
        } catch (error) {
          if (error instanceof Violation) throw error;
          respond(() => reject(error));
        }
      });
    });
  }

  /** A sign-in by a popup or a frame. */
  async signIn(mode: string, subject: string | undefined) {
    const tab = this.#here();
    const requestedAt = this.now();
    const { popupUser: user } = tab;
    const isPopup = mode === "popup";
    try {
      const tokens = await this.#exchange(isPopup ? `a sign-in of ${user}` : "a frame", true, 15_000, () => {
        if (isPopup) this.#providerUser = user;
        const found = !isPopup && this.weather.blocksFrames ? undefined : this.#providerUser;
        if (found === undefined || (subject !== undefined && found !== subject))
          throw new ExchangeError("login_required");
        return { ...this.#grantFor(found), user: found };
      });
      return {
        claims: { iss: "https://provider.example", sub: tokens.user },
        userinfo: {},
        tokens: { ...tokens, requestedAt },
        transaction: { appState: { tokenRequest: {} } },
      };
    } catch (error) {
      if (!isPopup) tab.hasTriedFrame = true;
      throw error;
    }
  }

  readonly provider = {
    refresh: async ({ refreshToken, beforeSend }: RefreshRequest) => {
      const tab = this.#here();
      const requestedAt = this.now();
      // The request is made ready: another tab may be faster.
      await new Promise<void>((ready) => this.post(tab, "is ready to send its refresh token", ready));
      await beforeSend?.();
      this.#checkSender(tab, refreshToken);
      const isDoubtful = tab.session?.isDoubtful === true;
      tab.hasTriedFrame = false;
      const response = await this.#exchange(refreshToken, true, HTTP_TIMEOUT, () =>
        this.#spend(refreshToken, isDoubtful),
      );
      return { ...response, requestedAt, release() {} };
    },
    revoke: async (refreshToken: string) => {
      await this.#exchange(`the revocation of ${refreshToken}`, false, HTTP_TIMEOUT, () => {
        const grant = this.grantOf(refreshToken);
        if (!grant) return;
        grant.isRevoked = true;
        const isInUse = this.tabs.some(
          ({ isDead, session }) => !isDead && session && this.grantOf(session.tokens.refreshToken) === grant,
        );
        grant.isWronglyRevoked = isInUse && !this.wasSignOutAsked(grant.createdAt);
      });
    },
    endSessionUrl: async () => undefined,
  };

  /** A doubtful refresh token is the last resort. */
  #checkSender({ id, session, hasTriedFrame }: ModelTab, refreshToken: string): void {
    if (!session?.isDoubtful || session.tokens.refreshToken !== refreshToken) return;
    if (!hasTriedFrame) this.fail(`tab ${id} sends the doubtful ${refreshToken} before it tries a frame`);
  }

  #spend(refreshToken: string, isDoubtful: boolean) {
    const grant = this.grantOf(refreshToken);
    if (grant?.spent.has(refreshToken)) {
      if (!isDoubtful) this.fail(`${refreshToken} is sent twice, the second time without a doubt`);
      grant.isRevoked = true;
    }
    if (!grant || grant.isRevoked) throw new ExchangeError("grant_ended", { cause: { status: 400 } });
    const next = `r${++this.#lastToken}`;
    grant.spent.add(refreshToken);
    grant.current = next;
    this.#grants.set(next, grant);
    return this.#response(grant, next);
  }

  /** The provider ends all grants, and its own session. */
  revokeAll(): void {
    for (const grant of this.#grants.values()) grant.isRevoked = true;
    this.#providerUser = undefined;
    this.note("the provider ends all grants");
  }

  // Tabs

  /** Whether the session at the provider is of another user, for example by a sign-in whose page did not wait for it. */
  isProviderOf = (user: string): boolean => this.#providerUser === user;

  /** Whether a sign-out was asked for that ended after this event, or has not ended. */
  wasSignOutAsked = (since: number): boolean =>
    this.actions.some(({ name, end }) => name === "sign_out" && end >= since);

  /** The session of a tab has changed. */
  onSession(tab: ModelTab, next: ClientSession | null): void {
    const previous = tab.session;
    tab.session = next;
    this.note(
      `tab ${tab.id} has ${next ? `${next.user.sub} ${next.tokens.refreshToken}${next.isDoubtful ? " (doubtful)" : ""}` : "no session"}`,
    );
    try {
      if (next) this.#checkUser(tab, next);
      else if (previous) this.#checkEnd(tab, previous);
    } catch (error) {
      this.problem ??= error as Violation;
    }
  }

  #checkUser({ id }: ModelTab, { user, tokens }: ClientSession): void {
    const grant = this.grantOf(tokens.refreshToken);
    if (grant && grant.user !== user.sub) this.fail(`tab ${id} shows ${user.sub} with a token of ${grant.user}`);
    if (tokens.accessToken && !tokens.accessToken.startsWith(`${user.sub} `))
      this.fail(`tab ${id} shows ${user.sub} with the access token ${tokens.accessToken}`);
  }

  #checkEnd({ id }: ModelTab, { tokens: { refreshToken } }: ClientSession): void {
    const grant = this.grantOf(refreshToken);
    if (!grant || this.wasSignOutAsked(grant.createdAt)) return;
    if (grant.isWronglyRevoked) this.fail(`the app revoked ${refreshToken}, which was in use`);
    if (!grant.isRevoked && grant.current === refreshToken)
      this.fail(`tab ${id} is signed out, which nobody asked for, while ${refreshToken} is good`);
  }

  open(createTab: () => Client): ModelTab {
    const tab: ModelTab = {
      id: this.tabs.length,
      client: undefined as unknown as Client,
      isFrozen: false,
      isDead: false,
      isStarted: false,
      session: null,
      hasTriedFrame: false,
      popupUser: "alice",
    };
    this.tabs.push(tab);
    this.note(`tab ${tab.id} opens`);
    this.enter(tab, () => {
      tab.client = createTab();
      tab.client.getUser().then(
        () => {
          tab.isStarted = true;
        },
        () => {},
      );
    });
    return tab;
  }

  /** A tab dies: its code stops, its requests still reach the provider. */
  crash(tab: ModelTab): void {
    this.note(`tab ${tab.id} dies`);
    tab.isDead = true;
    this.#events = this.#events.filter((event) => event.tab !== tab);
    for (let index = this.#waiting.length - 1; index >= 0; index--)
      if (this.#waiting[index]?.tab === tab) this.#waiting.splice(index, 1);
    if (this.#holder?.tab === tab) {
      this.#holder = undefined;
      this.#grant();
    }
  }

  signInByPopup(tab: ModelTab, user: string): void {
    this.#act(tab, { name: "sign_in", user, begin: this.count, end: Infinity, succeeded: false }, () => {
      tab.popupUser = user;
      return tab.client.login({ popup: true });
    });
  }

  signOut(tab: ModelTab): void {
    this.#act(tab, { name: "sign_out", user: "", begin: this.count, end: Infinity, succeeded: false }, () =>
      tab.client.logout({ local: true }),
    );
  }

  #act(tab: ModelTab, action: UserAction, act: () => Promise<unknown>): void {
    this.note(`tab ${tab.id}: ${action.name} ${action.user}`);
    this.actions.push(action);
    const end = (succeeded: boolean) => {
      // The turn of a sign-out that took too long may still end the session.
      const end = succeeded || action.name === "sign_in" ? this.count : Infinity;
      Object.assign(action, { end, succeeded });
      this.note(`tab ${tab.id}: ${action.name} ${action.user} has ${succeeded ? "ended" : "failed"}`);
    };
    this.enter(
      tab,
      () =>
        void act().then(
          () => end(true),
          () => end(false),
        ),
    );
  }

  /** An app calls `getAccessToken`. */
  useToken(tab: ModelTab, refresh: boolean): void {
    // A call during the start is for the user whom the start finds.
    const user = tab.isStarted ? tab.session?.user.sub : undefined;
    this.note(`tab ${tab.id}: getAccessToken${refresh ? " with refresh" : ""}`);
    this.enter(tab, () => {
      tab.client.getAccessToken({ refresh }).then(
        (token) => {
          if (user !== undefined && !token.startsWith(`${user} `))
            this.problem ??= new Violation(`an app of ${user} gets the access token ${token}`);
        },
        () => {},
      );
    });
  }
}
