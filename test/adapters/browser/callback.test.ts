import fc from "fast-check";
import { afterEach, expect, test, vi } from "vitest";
import { callbackTransaction } from "../../../adapters/browser/callback.js";
import { onRelayedCallback } from "../../../adapters/browser/callback-listener.js";
import { hasMode, modePrefixes, popupChannel } from "../../../adapters/browser/callback-relay.js";
import type { ClientOptions } from "../../../adapters/browser/index.js";
import { type Settings, settingsOf } from "../../../adapters/browser/settings.js";
import { removeTransaction, storeTransaction } from "../../../adapters/browser/transactions.js";
import { runs } from "../../support/runs.js";

const ORIGIN = "https://app.example";
afterEach(() => vi.unstubAllGlobals());

/** Web Storage, whose keys are its own properties, as in the standard. */
class Storage {
  getItem(key: string): string | null {
    return (this as unknown as Record<string, string>)[key] ?? null;
  }
  setItem(key: string, value: string): void {
    Object.assign(this, { [key]: value });
  }
  removeItem(key: string): void {
    delete (this as unknown as Record<string, string>)[key];
  }
}

/** A BroadcastChannel that delivers at once. */
class Channel extends EventTarget {
  static readonly all = new Set<Channel>();
  constructor() {
    super();
    Channel.all.add(this);
  }
  postMessage(data: unknown): void {
    for (const other of Channel.all) {
      if (other !== this) other.dispatchEvent(new MessageEvent("message", { data, origin: ORIGIN }));
    }
  }
  close(): void {
    Channel.all.delete(this);
  }
}

/** Two clients may be the same client, created twice. */
const clients = fc.array(
  fc.record({
    issuer: fc.constantFrom("https://op.example", "https://b.example"),
    clientId: fc.constantFrom("a", "b"),
    redirectUri: fc.constantFrom(`${ORIGIN}/cb/`, `${ORIGIN}/cb`, `${ORIGIN}/other/`),
    audience: fc.constantFrom(undefined, "x", "y"),
  }),
  { minLength: 2, maxLength: 4 },
);
const steps = fc.array(
  fc.record({
    /** A sign-in begins, or the browser comes back from one. */
    isReturn: fc.boolean(),
    mode: fc.constantFrom("page", "silent", "popup"),
    tab: fc.nat(2),
    client: fc.nat(3),
    /** Which of the sign-ins in progress comes back, and whether to another tab than it began in. */
    signIn: fc.nat(9),
    isElsewhere: fc.boolean(),
    /** The client that looks at the callback first. */
    first: fc.nat(3),
  }),
  { maxLength: 30 },
);

interface SignIn {
  readonly state: string;
  readonly tab: number;
  readonly options: ClientOptions;
  /** The callbacks that the opener of a popup received. */
  readonly received: string[];
}

/** The clients that find the transaction of a callback, in the order in which they look; the first of them completes it. */
function findersOf(url: string, state: string, all: readonly Settings[]): Settings[] {
  return all.filter((settings) => {
    const transaction = callbackTransaction(settings, url);
    if (transaction) removeTransaction(state);
    return transaction;
  });
}

test("a callback reaches the client that began the sign-in, once, whatever clients, tabs and popups there are and whichever runs first", () => {
  vi.stubGlobal("location", { origin: ORIGIN });
  vi.stubGlobal("addEventListener", () => {});
  vi.stubGlobal("BroadcastChannel", Channel);
  fc.assert(
    fc.property(clients, steps, (all, list) => {
      Channel.all.clear();
      const tabs = [new Storage(), new Storage(), new Storage()];
      const inProgress: SignIn[] = [];
      const settings = all.map(settingsOf);
      list.forEach(({ isReturn, mode, tab, client, signIn, isElsewhere, first }, step) => {
        const index = client % all.length;
        if (!isReturn) {
          // A tab stores eight sign-ins of a client.
          if (Object.keys(tabs[tab] as Storage).length === 8) return;
          const options = all[index] as ClientOptions;
          const { issuer, redirectUri } = options;
          const state = `${modePrefixes[mode as "page"]}.${step}`;
          const rest = { nonce: "n", codeVerifier: "v", returnTo: "/", issRequired: false, startedAt: step };
          const received: string[] = [];
          vi.stubGlobal("sessionStorage", tabs[tab]);
          if (mode === "popup") onRelayedCallback(state, (url) => received.push(url));
          else storeTransaction({ state, issuer, redirectUri, ...rest }, (settings[index] as Settings).clientKey);
          inProgress.push({ state, tab, options, received });
          return;
        }
        const [returned] = inProgress.splice(signIn % (inProgress.length || 1), 1);
        if (!returned) return;
        const { state, options, received } = returned;
        const url = `${options.redirectUri}?code=c&state=${state}`;
        const order = [...settings.slice(first % all.length), ...settings.slice(0, first % all.length)];
        const others = inProgress.map((other) => [...other.received]);
        if (hasMode(state, "popup")) {
          // A browser copies the storage of the opener into the popup.
          vi.stubGlobal("sessionStorage", Object.assign(new Storage(), tabs[returned.tab]));
          expect(findersOf(url, state, order)).toEqual([]);
          popupChannel()?.postMessage({ latchkey: "callback", url });
          expect(received).toEqual([url]);
        } else {
          const at = isElsewhere ? (returned.tab + 1) % tabs.length : returned.tab;
          vi.stubGlobal("sessionStorage", tabs[at]);
          const finders = findersOf(url, state, order);
          expect(finders.map(({ clientKey }) => clientKey)).toEqual(isElsewhere ? [] : [settingsOf(options).clientKey]);
        }
        expect(inProgress.map((other) => other.received)).toEqual(others);
      });
    }),
    runs(),
  );
});
