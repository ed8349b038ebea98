import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { ClientOptions } from "../../../adapters/browser/index.js";
import { settingsOf } from "../../../adapters/browser/settings.js";
import { findTransaction, storeTransaction } from "../../../adapters/browser/transactions.js";
import type { Transaction } from "../../../core/exchange/types.js";
import { runs } from "../../support/runs.js";

/** Web Storage as the standard has it: its keys are its own properties. Browsers are driven in test/e2e/browser-client. */
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
function begun(options = base, startedAt = 1): Transaction {
  const { issuer, redirectUri } = options;
  const state = `g.${count++}`;
  const rest = { nonce: "n", codeVerifier: `verifier of ${state}`, returnTo: "/", issRequired: false };
  return { state, issuer, redirectUri, startedAt, ...rest };
}
function keep(options = base, startedAt = 1): Transaction {
  const transaction = begun(options, startedAt);
  storeTransaction(transaction, keyOf(options));
  return transaction;
}
const find = ({ state }: Transaction, options: ClientOptions) => findTransaction(state, keyOf(options))?.codeVerifier;

/** Two clients that may share the page of one redirect URI. */
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

describe("a sign-in in progress is found by the client that began it", () => {
  test.each(others)("and not to one with another %s, which leaves it where it is", (_what, change) => {
    const other = { ...base, ...change };
    const [first, second] = [keep(base), keep(other)];
    const before = JSON.stringify(storage);
    expect([find(first, other), find(second, base)]).toEqual([undefined, undefined]);
    expect(JSON.stringify(storage)).toBe(before);
    expect([find(first, base), find(second, other)]).toEqual([first.codeVerifier, second.codeVerifier]);
  });

  test("of several audiences the first is the default: another order is another client", () => {
    const [a, b] = ["https://a.example", "https://b.example"];
    const client = { ...base, audience: [a, b], resourceIndicators: true };
    const transaction = keep(client);
    expect(find(transaction, { ...client, audience: [b, a] })).toBeUndefined();
    expect(find(transaction, { ...client })).toBe(transaction.codeVerifier);
  });

  test("and by another instance of that client: made anew, with its defaults written out, or with options that name no other client", () => {
    const transaction = keep();
    for (const same of [
      { ...base },
      { ...base, audience: ["https://api.example"], scope: "openid profile email", resourceIndicators: false },
      { ...base, scope: "email openid profile" },
      { ...base, silentRedirectUri: "https://app.example/silent.html", httpTimeout: 1, allowRedirect: true },
    ])
      expect(find(transaction, same)).toBe(transaction.codeVerifier);
  });

  test("whichever clients of a page look for it, in whichever order", () => {
    const client = fc.record({
      issuer: fc.constantFrom("https://op.example", "https://op.example/", "https://b.example"),
      clientId: fc.constantFrom("a", "b", '","'),
      redirectUri: fc.constantFrom("https://app.example/cb/", "https://app.example/cb", "https://app.example/cb?b"),
      audience: fc.constantFrom(undefined, "a", "b", '","'),
      resourceIndicators: fc.boolean(),
      scope: fc.constantFrom("openid", "openid a"),
    });
    /** Client by number: it begins a sign-in, or asks for that with this number. */
    const call = fc.tuple(fc.nat(3), fc.option(fc.nat(15), { nil: undefined }));
    fc.assert(
      fc.property(fc.array(client, { minLength: 2, maxLength: 4 }), fc.array(call, { maxLength: 30 }), (all, calls) => {
        vi.stubGlobal("sessionStorage", new Storage());
        const kept: Array<[ClientOptions, Transaction]> = [];
        for (const [who, which] of calls) {
          const options = all[who % all.length] as ClientOptions;
          if (which === undefined) {
            // So few that none is abandoned.
            if (kept.length < 8) kept.push([options, keep(options)]);
            continue;
          }
          const [owner, transaction] = kept[which] ?? [];
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
    // As another version of this package wrote it, which did not say for whom.
    JSON.stringify({ ...begun(), state: "g.x" }),
    JSON.stringify({ ...begun(), state: "g.x", clientKey: null }),
    JSON.stringify({ ...begun(), state: "g.x", clientKey: "" }),
    // Of this client, under a state that is not its own.
    JSON.stringify({ ...begun(), state: "g.y", clientKey: keyOf(base) }),
  ])("are not taken for a sign-in, stay, and stop no sign-in: %s", (text) => {
    storage.setItem("latchkey.tx.g.x", text);
    expect(findTransaction("g.x", keyOf(base))).toBeUndefined();
    const transaction = keep();
    expect(find(transaction, base)).toBe(transaction.codeVerifier);
    expect(storage.getItem("latchkey.tx.g.x")).toBe(text);
  });

  test("of the app itself stay", () => {
    storage.setItem("cart", "1");
    storage.setItem("latchkey", "1");
    for (let at = 0; at < 40; at++) keep(base, at);
    expect([storage.getItem("cart"), storage.getItem("latchkey")]).toEqual(["1", "1"]);
  });

  test("that cannot be read mean that no sign-in is found", () => {
    vi.stubGlobal("sessionStorage", undefined);
    expect(findTransaction("g.x", keyOf(base))).toBeUndefined();
    expect(() => keep()).toThrow();
  });
});

describe("sign-ins that are never completed", () => {
  test("of one client replace its own oldest, and none of another client", () => {
    const other = keep({ ...base, clientId: "other" }, 0);
    const all = Array.from({ length: 30 }, (_, at) => keep(base, at + 1));
    const isKept = all.map((transaction) => find(transaction, base) !== undefined);
    expect(isKept).toEqual([...Array(22).fill(false), ...Array(8).fill(true)]);
    expect(find(other, { ...base, clientId: "other" })).toBe(other.codeVerifier);
  });

  test("of ever more clients, and malformed records, replace the oldest of all", () => {
    for (let at = 0; at < 50; at++) storage.setItem(`latchkey.tx.g.junk${at}`, "null");
    const options = (at: number) => ({ ...base, clientId: `client ${at}` });
    const all = Array.from({ length: 50 }, (_, at) => keep(options(at), at + 1));
    expect(Object.keys(storage)).toHaveLength(32);
    expect(all.filter((transaction, at) => find(transaction, options(at)))).toEqual(all.slice(18));
  });
});
