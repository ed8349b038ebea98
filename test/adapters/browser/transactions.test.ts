import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { ClientOptions } from "../../../adapters/browser/index.js";
import { settingsOf } from "../../../adapters/browser/settings.js";
import { findTransaction, storeTransaction } from "../../../adapters/browser/transactions.js";
import type { Transaction } from "../../../core/exchange/types.js";
import { runs } from "../../support/runs.js";

/** Web Storage, whose keys are its own properties, as in the standard. test/e2e/browser-client has tests with real browsers. */
class Storage {
  getItem(key: string): string | null {
    return Object.hasOwn(this, key) ? ((this as unknown as Record<string, string>)[key] as string) : null;
  }
  setItem(key: string, value: string): void {
    Object.assign(this, { [key]: `${value}` });
  }
  removeItem(key: string): void {
    delete (this as unknown as Record<string, string>)[key];
  }
}

let storage: Storage;
beforeEach(() => {
  storage = new Storage();
  vi.stubGlobal("sessionStorage", storage);
});
afterEach(() => vi.unstubAllGlobals());

const base: ClientOptions = {
  issuer: "https://op.example",
  clientId: "spa",
  redirectUri: "https://app.example/callback/",
  audience: "https://api.example",
};
const keyOf = (options: ClientOptions) => settingsOf(options).clientKey;

let count = 0;
function createTransaction(options = base, startedAt = 1): Transaction {
  const { issuer, redirectUri } = options;
  const state = `g.${count++}`;
  const rest = { nonce: "n", codeVerifier: `verifier of ${state}`, returnTo: "/", issRequired: false };
  return { state, issuer, redirectUri, startedAt, ...rest };
}
function store(options = base, startedAt = 1): Transaction {
  const transaction = createTransaction(options, startedAt);
  storeTransaction(transaction, keyOf(options));
  return transaction;
}
const find = ({ state }: Transaction, options: ClientOptions) => findTransaction(state, keyOf(options))?.codeVerifier;

/** The options in which two clients on the page of one redirect URI can differ. */
const others: Array<[string, Partial<ClientOptions>]> = [
  ["issuer", { issuer: "https://other.example" }],
  ["issuer, by a slash at its end", { issuer: "https://op.example/" }],
  ["client id", { clientId: "other" }],
  ["redirect URI, by a slash at its end", { redirectUri: "https://app.example/callback" }],
  ["redirect URI, by its query", { redirectUri: "https://app.example/callback/?other" }],
  ["audience", { audience: "https://other.example" }],
  ["audience, which only one has", { audience: undefined }],
  ["resource indicators", { resourceIndicators: true }],
  ["scope", { scope: "openid" }],
];

describe("a sign-in in progress is found by the client that started it", () => {
  test.each(others)("and not by a client with another %s, which does not change it", (_what, change) => {
    const other = { ...base, ...change };
    const [first, second] = [store(base), store(other)];
    const before = JSON.stringify(storage);
    expect([find(first, other), find(second, base)]).toEqual([undefined, undefined]);
    expect(JSON.stringify(storage)).toBe(before);
    expect([find(first, base), find(second, other)]).toEqual([first.codeVerifier, second.codeVerifier]);
  });

  test("and not by a client whose audiences have another order, because the first is the default", () => {
    const [a, b] = ["https://a.example", "https://b.example"];
    const client = { ...base, audience: [a, b], resourceIndicators: true };
    const transaction = store(client);
    expect(find(transaction, { ...client, audience: [b, a] })).toBeUndefined();
    expect(find(transaction, { ...client })).toBe(transaction.codeVerifier);
  });

  test("and by another instance of that client, even if it sets the defaults, or options that do not distinguish clients", () => {
    const transaction = store();
    for (const same of [
      { ...base },
      { ...base, audience: ["https://api.example"], scope: "openid profile email", resourceIndicators: false },
      { ...base, scope: "email openid profile" },
      { ...base, silentRedirectUri: "https://app.example/silent.html", httpTimeout: 1, allowRedirect: true },
    ])
      expect(find(transaction, same)).toBe(transaction.codeVerifier);
  });

  test("and by no other client, for any clients of a page and any order of their calls", () => {
    const client = fc.record({
      issuer: fc.constantFrom("https://op.example", "https://op.example/", "https://b.example"),
      clientId: fc.constantFrom("a", "b", 'a","b'),
      redirectUri: fc.constantFrom("https://app.example/cb/", "https://app.example/cb", "https://app.example/cb?b"),
      audience: fc.constantFrom(undefined, "a", "b", '","'),
      resourceIndicators: fc.boolean(),
      scope: fc.constantFrom("openid", "openid a"),
    });
    /** The number of a client, and the number of a sign-in that it looks for; undefined if it starts one. */
    const call = fc.tuple(fc.nat(3), fc.option(fc.nat(15), { nil: undefined }));
    fc.assert(
      fc.property(fc.array(client, { minLength: 2, maxLength: 4 }), fc.array(call, { maxLength: 30 }), (all, calls) => {
        vi.stubGlobal("sessionStorage", new Storage());
        const stored: Array<[ClientOptions, Transaction]> = [];
        for (const [client, signIn] of calls) {
          const options = all[client % all.length] as ClientOptions;
          if (signIn === undefined) {
            // The storage holds eight sign-ins of a client, so none is deleted.
            if (stored.length < 8) stored.push([options, store(options)]);
            continue;
          }
          const [owner, transaction] = stored[signIn] ?? [];
          if (!owner || !transaction) continue;
          const isOwner = JSON.stringify(options) === JSON.stringify(owner);
          expect(find(transaction, options)).toBe(isOwner ? transaction.codeVerifier : undefined);
        }
      }),
      runs(),
    );
  });
});

describe("other records in the storage", () => {
  test.each([
    "",
    "{",
    "null",
    "1",
    "[]",
    '"text"',
    "{}",
    // Records of an older version of this package, which had no clientKey.
    JSON.stringify({ ...createTransaction(), state: "g.x" }),
    JSON.stringify({ ...createTransaction(), state: "g.x", clientKey: null }),
    JSON.stringify({ ...createTransaction(), state: "g.x", clientKey: "" }),
    // A record of this client under another state.
    JSON.stringify({ ...createTransaction(), state: "g.y", clientKey: keyOf(base) }),
  ])("are not read as a sign-in, are not deleted, and do not prevent a sign-in: %s", (text) => {
    storage.setItem("latchkey.tx.g.x", text);
    expect(findTransaction("g.x", keyOf(base))).toBeUndefined();
    const transaction = store();
    expect(find(transaction, base)).toBe(transaction.codeVerifier);
    expect(storage.getItem("latchkey.tx.g.x")).toBe(text);
  });

  test("of the app itself are not deleted", () => {
    storage.setItem("cart", "1");
    storage.setItem("latchkey", "1");
    for (let at = 0; at < 40; at++) store(base, at);
    expect([storage.getItem("cart"), storage.getItem("latchkey")]).toEqual(["1", "1"]);
  });

  test("that cannot be read mean that no sign-in is found", () => {
    vi.stubGlobal("sessionStorage", undefined);
    expect(findTransaction("g.x", keyOf(base))).toBeUndefined();
    expect(() => store()).toThrow();
  });
});

describe("sign-ins that are never completed", () => {
  test("of one client replace its own oldest, and none of another client", () => {
    const other = store({ ...base, clientId: "other" }, 0);
    const all = Array.from({ length: 30 }, (_, at) => store(base, at + 1));
    const isFound = all.map((transaction) => find(transaction, base) !== undefined);
    expect(isFound).toEqual([...Array(22).fill(false), ...Array(8).fill(true)]);
    expect(find(other, { ...base, clientId: "other" })).toBe(other.codeVerifier);
  });

  test("of many clients, and malformed records, replace the oldest of all", () => {
    for (let at = 0; at < 50; at++) storage.setItem(`latchkey.tx.g.junk${at}`, "null");
    const options = (at: number) => ({ ...base, clientId: `client ${at}` });
    const all = Array.from({ length: 50 }, (_, at) => store(options(at), at + 1));
    expect(Object.keys(storage)).toHaveLength(32);
    expect(all.filter((transaction, at) => find(transaction, options(at)))).toEqual(all.slice(18));
  });
});
