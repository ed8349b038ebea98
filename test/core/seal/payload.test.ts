import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { pack, unpack } from "../../../core/seal/payload.js";
import { runs } from "../../support/runs.js";
import { jsonValue, jwe, jwt, nearToken, token, tokenValue } from "./arbitraries.js";

const bytesOf = (payload: unknown) => pack(payload) as Uint8Array;
const back = (payload: unknown) => JSON.stringify(unpack(bytesOf(payload)));
const sizeOf = (payload: unknown) => Buffer.byteLength(JSON.stringify(payload));

describe("unpacking gives exactly the packed value", () => {
  test("any JSON value", () => {
    fc.assert(
      fc.property(jsonValue, (value) => {
        expect(back(value)).toBe(JSON.stringify(value));
      }),
      runs(),
    );
  });

  test("any value with tokens, almost tokens and marks in it", () => {
    fc.assert(
      fc.property(tokenValue, (value) => {
        expect(back(value)).toBe(JSON.stringify(value));
      }),
      runs(),
    );
  });

  test("a near-token, alone and beside a real token", () => {
    fc.assert(
      fc.property(nearToken, token, (near, real) => {
        expect(back({ near })).toBe(JSON.stringify({ near }));
        expect(back({ near, real })).toBe(JSON.stringify({ near, real }));
      }),
      runs(),
    );
  });

  test("megabytes", () => {
    const value = { text: "é".repeat(2_000_000), token: `eyJ${"A".repeat(100_000)}.${"B".repeat(100_000)}` };
    expect(back(value)).toBe(JSON.stringify(value));
  });

  const long = `eyJ${"A".repeat(100)}.${"b".repeat(99)}.${"_-".repeat(100)}`;
  class Account {
    constructor(readonly accessToken: string) {}
  }
  test.each([
    ["a token as a key", { [long]: long }],
    ["a token that ends with a dot", { token: `${long}.` }],
    ["a token of six segments", { token: `${long}.x.y.z` }],
    ["a token that is too long for the length fields", { token: `eyJ${"A".repeat(70_000)}` }],
    ["the same object twice", ((one) => ({ one, other: one }))({ token: long })],
    ["members that are not JSON beside a token", { token: long, left: undefined, out: () => 0, [Symbol("s")]: long }],
    ["a hole in an array", { list: Object.assign(new Array(3), { 0: long, 2: long }) }],
    ["an array with a member that JSON leaves out", Object.assign([long], { token: long })],
    ["a Date beside a token", { token: long, at: new Date(0) }],
    ["an object with a toJSON method", { token: long, toJSON: () => ({ other: "eyJ" }) }],
    ["an instance", new Account(long)],
    ["inherited tokens", Object.create({ token: long })],
    ["an own __proto__", JSON.parse(`{"__proto__":"${long}","a":{"__proto__":{"b":"${long}"}}}`)],
    ["numbers as keys", { b: long, 2: `${long}B`, 1: `${long}C` }],
    ["the mark of packing as a value", { token: long, text: "\u007f" }],
    ["the mark of packing as a key", { token: long, "\u007f": 1 }],
    ["a token deeper than packing searches", { a: { b: { c: { d: { e: { f: long } } } } } }],
  ])("%s", (_, value) => expect(back(value)).toBe(JSON.stringify(value)));

  test("packing does not change the value", () => {
    const value = { token: long, inner: { list: [long] } };
    const copy = structuredClone(value);
    pack(value);
    expect(value).toEqual(copy);
  });
});

describe("packing makes tokens shorter", () => {
  test("signed and encrypted tokens take about three quarters of their characters", () => {
    fc.assert(
      fc.property(
        fc.oneof(jwt, jwe).filter((text) => text.length > 200),
        (text) => {
          const saved = sizeOf({ text }) - bytesOf({ text }).length;
          expect(saved).toBeGreaterThan(text.length / 4 - 20);
        },
      ),
      runs(0.2),
    );
  });

  test("no value gets longer", () => {
    fc.assert(
      fc.property(tokenValue, (value) => {
        expect(bytesOf(value).length).toBeLessThanOrEqual(sizeOf(value));
      }),
      runs(),
    );
  });

  test("a near-token does not prevent the packing of other tokens", () => {
    const real = `eyJ${"A".repeat(400)}`;
    const alone = sizeOf({ real }) - bytesOf({ real }).length;
    const beside = { real, near: `${real}=`, opaque: "v1.Mfoo" };
    expect(sizeOf(beside) - bytesOf(beside).length).toBe(alone);
  });

  test("a list with members beside its items, which JSON leaves out", () => {
    const list = `eyJ${"A".repeat(80)}`.match(/A/);
    for (const beside of ["\u007f", `eyJ${"B".repeat(80)}`]) {
      const value = [list, beside];
      expect(back(value)).toBe(JSON.stringify(value));
    }
  });

  test("a value without tokens is packed as its JSON text", () => {
    expect(Buffer.from(bytesOf({ name: "Zoë" })).toString()).toBe('{"name":"Zoë"}');
  });
});

test("a value for which JSON has no text is refused", () => {
  expect(() => pack(undefined)).toThrow(TypeError);
  expect(() => pack(() => 0)).toThrow(TypeError);
});

test("unpacking throws on bytes that packing did not make: damaged layouts, unknown layouts, no JSON", () => {
  const packed = bytesOf({ token: `eyJ${"A".repeat(300)}.${"B".repeat(99)}` });
  const anyBytes = fc.oneof(
    fc.uint8Array({ maxLength: 64 }),
    fc.uint8Array({ maxLength: 64 }).map((rest) => Uint8Array.of(1, ...rest)),
    fc.nat({ max: packed.length - 1 }).map((length) => packed.slice(0, length)),
    fc.tuple(fc.nat({ max: 6 }), fc.integer({ min: 1, max: 255 })).map(([at, by]) => {
      const damaged = packed.slice();
      damaged[at]! += by;
      return damaged;
    }),
  );
  fc.assert(
    fc.property(anyBytes, (bytes) => {
      let payload: unknown;
      try {
        payload = unpack(bytes);
      } catch (error) {
        expect(error).toBeInstanceOf(Error);
        return;
      }
      // Random bytes can be JSON by chance; then the result is a JSON value.
      expect(JSON.stringify(payload)).toBeTypeOf("string");
    }),
    runs(),
  );
  expect(() => unpack(Uint8Array.of(2, 123, 125))).toThrow();
  expect(() => unpack(packed.slice(0, -9))).toThrow();
  expect(() => unpack(new Uint8Array())).toThrow();
});
