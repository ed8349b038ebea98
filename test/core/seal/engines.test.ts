import fc from "fast-check";
import { compactDecrypt } from "jose/jwe/compact/decrypt";
import { CompactEncrypt } from "jose/jwe/compact/encrypt";
import { describe, expect, test, vi } from "vitest";
import type { EngineKey } from "../../../core/seal/aead.js";
import * as node from "../../../core/seal/aead.node.js";
import * as web from "../../../core/seal/aead.web.js";
import { runs } from "../../support/runs.js";

const HEADER = Buffer.from('{"alg":"dir","enc":"A256GCM","kid":"abcdef0fms"}').toString("base64url");
const RAW = Uint8Array.from({ length: 32 }, (_, index) => index);
type Engine = typeof import("../../../core/seal/aead.js");
const engines = [node, web] as unknown as Engine[];
const plaintext = fc.uint8Array({ maxLength: 3000 });
const iv = fc.uint8Array({ minLength: 12, maxLength: 12 });
const plain = (bytes: Uint8Array | undefined) => bytes && Buffer.from(bytes).toString("hex");

/** The results of `call` with each engine. */
const onEach = <T>(call: (engine: Engine, key: EngineKey) => T) =>
  Promise.all(engines.map(async (engine) => call(engine, await engine.importKey(RAW, HEADER))));

describe("the engines are interchangeable", () => {
  test("they make the same bytes with the same IV, and each opens the other's", async () => {
    await fc.assert(
      fc.asyncProperty(plaintext, iv, async (bytes, once) => {
        const [left, right] = await onEach((engine, key) => engine.encrypt(key, bytes, once));
        expect(left).toBe(right);
        for (const opened of await onEach((engine, key) => engine.decrypt(key, left as string))) {
          expect(plain(opened)).toBe(plain(bytes));
        }
      }),
      runs(0.3),
    );
  });

  test("they refuse the same changes", async () => {
    const sealed = (await onEach((engine, key) => engine.encrypt(key, Buffer.from("secret"))))[0] as string;
    const change = fc.tuple(
      fc.integer({ min: 66, max: sealed.length }),
      fc.nat({ max: 2 }),
      fc.string({ unit: "binary", maxLength: 2 }),
    );
    await fc.assert(
      fc.asyncProperty(change, async ([at, removed, inserted]) => {
        const changed = sealed.slice(0, at) + inserted + sealed.slice(at + removed);
        if (changed === sealed) return;
        expect(await onEach((engine, key) => engine.decrypt(key, changed))).toEqual([undefined, undefined]);
      }),
      runs(),
    );
  });

  test("they accept the same texts as base64url, and join them in the same way", async () => {
    const canonical = fc.uint8Array({ maxLength: 60 }).map((bytes) => Buffer.from(bytes).toString("base64url"));
    const wrong = fc.tuple(
      canonical,
      fc.nat(),
      fc.constantFrom("+", "/", "=", ".", " ", "\n", "é", "\u0141", "\u0000", "🔑"),
    );
    const characters = fc
      .oneof(
        canonical,
        fc.string({ unit: "binary" }),
        wrong.map(([text, at, other]) => text.slice(0, at % 64) + other + text.slice((at % 64) + 1)),
      )
      .map((text) => text.slice(0, text.length & ~3));
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.nat({ max: 255 })),
        characters,
        fc.string({ unit: "binary" }),
        async (head, text, rest) => {
          const [left, right] = await onEach((engine) => plain(engine.join(head, text, rest)));
          expect(left).toBe(right);
          const isBase64url = /^[\w-]*$/.test(text);
          const expected = Buffer.concat([Buffer.from(head), Buffer.from(text, "base64url"), Buffer.from(rest)]);
          expect(left).toBe(isBase64url ? plain(expected) : undefined);
        },
      ),
      runs(),
    );
  });

  test("they convert bytes in the same way: to UTF-8 text, with a byte order mark, and to base64url", async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 20_000, size: "max" }), fc.nat({ max: 40 }), async (bytes, start) => {
        const from = Math.min(start, bytes.length);
        expect(new Set(await onEach((engine) => engine.toText(bytes, from))).size).toBe(1);
        const [left, right] = await onEach((engine) => engine.toBase64url(bytes, from, bytes.length));
        expect([left, right]).toEqual([Buffer.from(bytes.slice(from)).toString("base64url"), left]);
      }),
      runs(0.1),
    );
    expect(await onEach((engine) => engine.toText(Buffer.from("\ufeff{}"), 0))).toEqual(["\ufeff{}", "\ufeff{}"]);
  });
});

test("to convert more bytes looks up no more globals: an edge sandbox takes a tenth of a microsecond for each", () => {
  const lookups = (size: number): number => {
    let count = 0;
    const names = Object.getOwnPropertyNames(globalThis);
    const globals = names.map((name) => [name, Object.getOwnPropertyDescriptor(globalThis, name)] as const);
    for (const [name, descriptor] of globals) {
      if (!descriptor?.configurable || typeof descriptor.value !== "function") continue;
      const get = () => {
        count++;
        return descriptor.value;
      };
      Object.defineProperty(globalThis, name, { get, configurable: true });
    }
    try {
      const text = web.toBase64url(new Uint8Array(size));
      web.join([], text, text);
    } finally {
      for (const [name, descriptor] of globals) {
        if (descriptor?.configurable) Object.defineProperty(globalThis, name, descriptor);
      }
    }
    return count;
  };
  expect(lookups(30)).toBeGreaterThan(0);
  expect(lookups(3000)).toBe(lookups(30));
});

describe("jose and each engine open what the other sealed", () => {
  test("any bytes", async () => {
    await fc.assert(
      fc.asyncProperty(plaintext, async (bytes) => {
        for (const sealed of await onEach((engine, key) => engine.encrypt(key, bytes))) {
          expect(plain((await compactDecrypt(sealed, RAW)).plaintext)).toBe(plain(bytes));
        }
        const encrypting = new CompactEncrypt(bytes).setProtectedHeader({
          alg: "dir",
          enc: "A256GCM",
          kid: "abcdef0fms",
        });
        const sealed = await encrypting.encrypt(RAW);
        for (const opened of await onEach((engine, key) => engine.decrypt(key, sealed))) {
          expect(plain(opened)).toBe(plain(bytes));
        }
      }),
      runs(0.1),
    );
  });
});

test("on a Node whose Buffer lacks the undocumented conversions, the documented ones give the same results", async () => {
  vi.resetModules();
  vi.doMock("node:buffer", () => ({
    Buffer: new Proxy(Buffer, {
      get: (target, name) => (name === "prototype" ? Object.create(null) : Reflect.get(target, name)),
    }),
  }));
  try {
    const engine = await import("../../../core/seal/aead.node.js");
    expect(engine.encrypt).not.toBe(node.encrypt);
    const key = await engine.importKey(RAW, HEADER);
    const bytes = engine.join([1], "AAEC", "é") as Uint8Array;
    expect(plain(bytes)).toBe("01000102c3a9");
    const sealed = await engine.encrypt(key, bytes);
    const opened = (await engine.decrypt(key, sealed)) as Uint8Array;
    expect([engine.toText(opened, 4), engine.toBase64url(opened, 1, 4)]).toEqual(["é", "AAEC"]);
    expect(plain(await web.decrypt(await web.importKey(RAW, HEADER), sealed))).toBe("01000102c3a9");
    expect(await engine.decrypt(key, sealed.replace(/.$/, "+"))).toBeUndefined();
  } finally {
    vi.doUnmock("node:buffer");
  }
});
