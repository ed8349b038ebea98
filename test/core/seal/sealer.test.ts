import hkdf from "@panva/hkdf";
import fc from "fast-check";
import { compactDecrypt } from "jose/jwe/compact/decrypt";
import { CompactEncrypt } from "jose/jwe/compact/encrypt";
import { describe, expect, test } from "vitest";
import { importKey } from "#aead";
import { type AppSealer, createAppSealer } from "../../../core/seal/app-sealer.js";
import { runs } from "../../support/runs.js";
import { createRawSealer as createSealer } from "./raw-sealer.js";

const SECRET = "a secret of at least thirty-two characters";
const NEWER = "the newer secret, thirty-two characters";
const DAY = 86_400_000;
const NOW = 20_260 * DAY + 12_345;

/** Whether a function throws a MisuseError for its configuration. */
function throwsMisuse(make: () => unknown): boolean {
  try {
    make();
    return false;
  } catch (error) {
    return (error as { code?: unknown }).code === "invalid_config";
  }
}

const sealer = createSealer({ secret: SECRET, purpose: "test" });
const segment = fc.uint8Array({ minLength: 1, maxLength: 60 }).map((bytes) => Buffer.from(bytes).toString("base64url"));
const header = fc
  .constantFrom({ alg: "RS256" }, { alg: "dir", enc: "A256GCM" })
  .map((value) => Buffer.from(JSON.stringify(value)).toString("base64url"));
const token = fc.tuple(header, segment, segment).map((parts) => parts.join("."));
/** Near-tokens: another alphabet, padding, a character more or less, an empty or a sixth part. */
const nearToken = fc
  .tuple(token, fc.nat(), fc.constantFrom("+", "/", "=", "", ".", "..", "é", "\u0000", "\u007f", "A", " "))
  .map(
    ([text, at, character]) =>
      text.slice(0, at % (text.length + 1)) + character + text.slice((at % (text.length + 1)) + (at % 2)),
  );
const text = fc.oneof(
  fc.string(),
  fc.string({ unit: "binary" }),
  token,
  nearToken,
  fc.constantFrom("eyJ", "eyJ.", "\u007f", '"eyJh.eyJz.c2ln"', "eyJh..eyJz"),
);
const json: fc.Arbitrary<unknown> = fc.letrec((tie) => ({
  value: fc.oneof(
    { depthSize: "small" },
    text,
    fc.double({ noNaN: true, noDefaultInfinity: true }),
    fc.boolean(),
    fc.constant(null),
    tie("list"),
    tie("object"),
  ),
  list: fc.array(tie("value"), { maxLength: 5 }),
  object: fc.dictionary(text, tie("value"), { maxKeys: 5 }),
})).value;

const reasonOf = async (one: AppSealer, sealed: string, now = NOW) => {
  const opened = await one.open(sealed, now);
  return opened.ok ? undefined : opened.reason;
};

describe("a sealed value opens to exactly the same value", () => {
  test("every JSON value, with tokens, near-tokens and opaque strings anywhere in it", async () => {
    await fc.assert(
      fc.asyncProperty(json, async (value) => {
        const opened = await sealer.open(await sealer.seal(value, NOW), NOW);
        expect(opened.ok && JSON.stringify(opened.payload)).toBe(JSON.stringify(value));
      }),
      runs(),
    );
  });

  test("tokens take three quarters of their characters", async () => {
    const jwt = [
      { alg: "RS256", kid: "k" },
      { iss: "https://op.example", sub: "alice", pad: "x".repeat(300) },
      "s".repeat(300),
    ]
      .map((part) => Buffer.from(JSON.stringify(part)).toString("base64url"))
      .join(".");
    const [packed, opaque] = [await sealer.seal([jwt], NOW), await sealer.seal([`!${jwt}`], NOW)];
    expect(packed.length).toBeLessThan(opaque.length * 0.8);
    expect((await sealer.open(packed, NOW)) as unknown).toMatchObject({ payload: [jwt] });
  });

  test.each([[undefined], [() => 1], [Symbol("x")], [10n]])("%p is not JSON, and is refused", (value) => {
    expect(() => sealer.seal(value, NOW)).toThrow(expect.objectContaining({ code: "not_json" }));
  });

  test("a Date and other values that JSON converts are sealed in their JSON form", async () => {
    const value = { at: new Date(0), own: { toJSON: () => "eyJ" }, gone: undefined, not: Number.NaN };
    const opened = await sealer.open(await sealer.seal(value, NOW), NOW);
    expect(opened).toMatchObject({ payload: { at: "1970-01-01T00:00:00.000Z", own: "eyJ", not: null } });
  });
});

describe("any other text opens to a reason: never to data, and without a throw", () => {
  test("any change of any character", async () => {
    const sealed = await sealer.seal({ user: "alice", token: "eyJh.eyJz.c2ln" }, NOW);
    await fc.assert(
      fc.asyncProperty(fc.nat({ max: sealed.length - 1 }), fc.integer({ min: 0, max: 0x2ff }), async (at, code) => {
        const character = String.fromCharCode(code);
        if (sealed[at] === character) return;
        expect(await reasonOf(sealer, sealed.slice(0, at) + character + sealed.slice(at + 1))).toMatch(
          /malformed|unknown_key|expired_key|tampered/,
        );
      }),
      runs(),
    );
  });

  test("another last character of a part, even one that decodes to the same bytes", async () => {
    const sealed = await sealer.seal({ a: 1 }, NOW);
    const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    const ends = [...sealed]
      .flatMap((character, index) => (character === "." ? [index - 1] : []))
      .concat(sealed.length - 1);
    for (const at of ends) {
      for (const character of alphabet) {
        if (character === sealed[at] || sealed[at] === ".") continue;
        expect(await reasonOf(sealer, sealed.slice(0, at) + character + sealed.slice(at + 1))).toBeDefined();
      }
    }
  });

  test("an additional character, a missing character, an additional part", async () => {
    const sealed = await sealer.seal({ a: 1 }, NOW);
    for (const changed of [
      `${sealed}A`,
      sealed.slice(1),
      sealed.slice(0, -1),
      `${sealed}.`,
      `.${sealed}`,
      `${sealed} `,
      sealed.replace("..", ".A."),
    ]) {
      expect(await reasonOf(sealer, changed)).toBeDefined();
    }
  });

  test("any text", async () => {
    const sealed = await sealer.seal({ a: 1 }, NOW);
    const part = fc.oneof(
      fc.string({ unit: "binary" }),
      fc.constantFrom(sealed.slice(0, 48), sealed.slice(0, 66), "..", ".", sealed.slice(66)),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(part, { maxLength: 6 }), async (parts) => {
        const whole = parts.join("");
        if (whole !== sealed) expect(await reasonOf(sealer, whole)).toBeDefined();
      }),
      runs(),
    );
  });

  test.each([
    undefined,
    null,
    true,
    0,
    Number.NaN,
    1n,
    Symbol("text"),
    {},
    { length: 200, startsWith: () => true, slice: () => "" },
    [],
    Array(200).fill("a"),
    new Uint8Array(200),
    new Date(0),
    () => "",
    new String("a".repeat(200)),
  ])("a value that is not text: %s", async (sealed) => {
    expect(await sealer.open(sealed, NOW)).toEqual({ ok: false, reason: "malformed" });
  });

  test("S33: a text that is too large is refused unread", async () => {
    const sealed = await sealer.seal("x", NOW);
    expect(await reasonOf(sealer, sealed + "A".repeat(16_384))).toBe("too_large");
  });

  test("a value that would be too large to open is not sealed", async () => {
    const seal = async (size: number) => sealer.seal("x".repeat(size), NOW);
    await expect(seal(13_000)).rejects.toMatchObject({ code: "value_too_large" });
    expect(await sealer.open(await seal(12_000), NOW)).toMatchObject({ ok: true });
  });

  test("S33, S34: a header that is not exactly one that latchkey writes is refused before any key is derived", async () => {
    const key = new Uint8Array(32);
    for (const more of [{ zip: "DEF" }, { typ: "JWT" }, { crit: ["x"], x: 1 }, { enc: "A128CBC-HS256" }]) {
      const kid = "AAAAAA0fms";
      const protectedHeader = { alg: "dir", enc: "A256GCM", kid, ...more };
      const compact = `${Buffer.from(JSON.stringify(protectedHeader)).toString("base64url")}..${"A".repeat(16)}.AAAA.${"A".repeat(22)}`;
      expect(await reasonOf(sealer, compact)).toBe("malformed");
      expect(key).toHaveLength(32);
    }
  });
});

describe("keys", () => {
  test("S24: one purpose does not open another's", async () => {
    const other = createSealer({ secret: SECRET, purpose: "other" });
    expect(await reasonOf(other, await sealer.seal(1, NOW))).toBe("tampered");
  });

  test("P19: the newest secret seals, older ones open and say so, a removed one is unknown", async () => {
    const both = createSealer({ secret: [NEWER, SECRET], purpose: "test" });
    const newest = createSealer({ secret: NEWER, purpose: "test" });
    const old = await sealer.seal("old", NOW);
    expect(await both.open(old, NOW)).toEqual({ ok: true, payload: "old", stale: true });
    const fresh = await both.seal("new", NOW);
    expect(await newest.open(fresh, NOW)).toEqual({ ok: true, payload: "new", stale: false });
    expect(await reasonOf(newest, old)).toBe("unknown_key");
    expect(await reasonOf(sealer, fresh)).toBe("unknown_key");
  });

  test("a day's key opens from the day before until maxAge has passed", async () => {
    const week = createSealer({ secret: SECRET, purpose: "test", maxAge: 7 * 86_400 });
    const sealed = await week.seal("x", NOW);
    expect(await reasonOf(week, sealed, NOW - DAY)).toBeUndefined();
    expect(await reasonOf(week, sealed, NOW - 2 * DAY)).toBeDefined();
    expect(await reasonOf(week, sealed, NOW + 7 * DAY)).toBeUndefined();
    expect(await reasonOf(week, sealed, NOW + 8 * DAY)).toBe("expired_key");
    const withoutKeys = createSealer({ secret: SECRET, purpose: "test", maxAge: 7 * 86_400 });
    expect(await reasonOf(withoutKeys, sealed, NOW + 8 * DAY)).toBe("expired_key");
  });

  test("no IV is used twice with one key", async () => {
    const seen = new Set<string>();
    const count = Math.max(10_000, runs().numRuns);
    for (let index = 0; index < count; index++) seen.add((await sealer.seal(0, NOW)).slice(48, 82));
    expect(seen.size).toBe(count);
  });

  test("when a day's key is in memory, Node seals and opens without a promise", async () => {
    const isNode = importKey(new Uint8Array(32), "") instanceof Promise === false;
    const sealed = await sealer.seal("x", NOW);
    expect([sealer.seal("x", NOW), sealer.open(sealed, NOW)].some((value) => value instanceof Promise)).toBe(!isNode);
  });

  test.each([["short"], [""], [[]], [[SECRET, "short"]], [undefined]])("a secret of %j fails at start-up", (secret) => {
    expect(() => createSealer({ secret: secret as string, purpose: "test" })).toThrow(
      expect.objectContaining({ code: "invalid_config" }),
    );
  });

  test("a maxAge of more than 317 years, or of no time, fails at start-up", () => {
    const make = (maxAge: number) => () => createAppSealer({ secret: SECRET, purpose: "test", maxAge }, Date.now);
    for (const maxAge of [0, -1, Number.NaN, 1e10, Number.MAX_SAFE_INTEGER, Number.POSITIVE_INFINITY])
      expect([maxAge, make(maxAge)]).toEqual([maxAge, expect.toSatisfy(throwsMisuse)]);
    for (const maxAge of [0.1, 1, 1e10 - 1]) expect(make(maxAge)).not.toThrow();
  });

  test("a call without a time seals and opens at the time of the clock", async () => {
    let time = Date.UTC(2026, 0, 1);
    const dated = createAppSealer({ secret: SECRET, purpose: "test", maxAge: 60 }, () => time);
    const sealedNow = await dated.seal({ a: 1 });
    expect(await dated.open(sealedNow)).toEqual({ ok: true, payload: { a: 1 }, stale: false });
    time += 3 * 86_400_000;
    expect(await dated.open(sealedNow)).toEqual({ ok: false, reason: "expired_key" });
    expect(await dated.open(sealedNow, time - 3 * 86_400_000)).toMatchObject({ ok: true });
  });

  test("a sealer without a purpose fails at start-up", () => {
    expect(() => createAppSealer({ secret: SECRET, purpose: "" }, Date.now)).toThrow(
      expect.objectContaining({ code: "invalid_config" }),
    );
  });
});

describe("any JOSE library can open and make sealed values", () => {
  /** The key of a purpose and day, as the docs describe it. */
  const keyOf = (day: number) => hkdf("sha256", SECRET, "", `latchkey/1/key/test/${day}`, 32);

  test("jose opens a value that latchkey sealed", async () => {
    const sealed = await sealer.seal({ user: "alice" }, NOW);
    const { plaintext, protectedHeader } = await compactDecrypt(sealed, await keyOf(20_260));
    expect(JSON.parse(new TextDecoder().decode(plaintext))).toEqual({ user: "alice" });
    expect(protectedHeader).toEqual({ alg: "dir", enc: "A256GCM", kid: expect.stringMatching(/^[\w-]{6}0fms$/) });
  });

  test("latchkey opens a value that jose sealed", async () => {
    const { protectedHeader } = await compactDecrypt(await sealer.seal(1, NOW), await keyOf(20_260));
    const jwe = (payload: string) =>
      new CompactEncrypt(new TextEncoder().encode(payload)).setProtectedHeader({
        alg: "dir",
        enc: "A256GCM",
        kid: protectedHeader.kid as string,
      });
    expect(await sealer.open(await jwe('{"user":"alice"}').encrypt(await keyOf(20_260)), NOW)).toMatchObject({
      payload: { user: "alice" },
    });
    // An authentic text that is not JSON, or not in a layout of latchkey, opens to a reason, without a throw.
    for (const payload of [
      "not json",
      "",
      "\u0001",
      "\u0001\u0005",
      '\u0001\u0001\u0000\u0005\u0000AAA"\u007f"',
      "\u0002{}",
    ]) {
      expect(await reasonOf(sealer, await jwe(payload).encrypt(await keyOf(20_260)))).toBe("malformed");
    }
  });
});
