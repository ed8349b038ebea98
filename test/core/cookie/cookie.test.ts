import fc from "fast-check";
import { CookieJar } from "tough-cookie";
import { describe, expect, test } from "vitest";
import { type CookieAttributes, checkCookie, readCookies, setCookieLine } from "../../../core/cookie/header.js";
import { createJar } from "../../../core/cookie/jar.js";
import { BLANKS, isTrimmed, NO_BLANK } from "../../support/blanks.js";
import { runs } from "../../support/runs.js";

const PREFIX = "__Host-latchkey.";
const BASE = `${PREFIX}AbCdEf.id`;
const ATTRIBUTES: CookieAttributes = { secure: true, sameSite: "lax" };
const open = (header: string) => createJar(header, PREFIX, ATTRIBUTES);

/** The pairs of a Cookie header that a browser sends after these Set-Cookie lines. */
const pairsOf = (lines: readonly string[]) => lines.map((line) => line.split("; ", 1)[0] as string);

const sealedText = fc
  .uint8Array({ minLength: 1, maxLength: 15_000 })
  .map((bytes) => Buffer.from(bytes).toString("base64url").padEnd(8, "A"));

describe("the Cookie header", () => {
  test.each<[string, string, Array<[string, string]>]>([
    ["a cookie of latchkey", "__Host-latchkey.a=1", [["__Host-latchkey.a", "1"]]],
    ["a cookie of latchkey among others", "x=1; __Host-latchkey.a=1;y=2", [["__Host-latchkey.a", "1"]]],
    ["blanks around name and value", " \t__Host-latchkey.a \t= 1\t ; b=2", [["__Host-latchkey.a", "1"]]],
    ["an equals sign in the value", "__Host-latchkey.a=b=c", [["__Host-latchkey.a", "b=c"]]],
    [
      "a name twice",
      "__Host-latchkey.a=1; __Host-latchkey.a=2",
      [
        ["__Host-latchkey.a", "1"],
        ["__Host-latchkey.a", "2"],
      ],
    ],
    ["an empty value", "__Host-latchkey.a=", [["__Host-latchkey.a", ""]]],
    ["a name without a value", "__Host-latchkey.a", []],
    ["the prefix in the value of another cookie", "x=__Host-latchkey.a=1", []],
    ["the prefix inside another name", "x__Host-latchkey.a=1", []],
    ["S36: a no-break space before the name", "\u00a0__Host-latchkey.a=1", []],
    ["S36: another blank before the name", "\u2000__Host-latchkey.a=1", []],
    ["the prefix in lower case", "__host-latchkey.a=1", []],
    ["a blank in the name", "__Host-latchkey.a b=1", []],
    ["a control character in the name", "__Host-latchkey.\u0001=1", []],
    ["empty pairs before the name", ";;; ;__Host-latchkey.a=1;;", [["__Host-latchkey.a", "1"]]],
  ])("%s", (_what, header, pairs) => {
    expect(readCookies(header, PREFIX)).toEqual(pairs);
  });

  test.each([...BLANKS, ...NO_BLANK])(
    "S36: %j is part of a name or a value, unless it is a space or a tab",
    (blank) => {
      const name = `${PREFIX}a`;
      const trimmed = isTrimmed(blank);
      expect(readCookies(`x=1;${blank}${name}=1`, PREFIX)).toEqual(trimmed ? [[name, "1"]] : []);
      expect(readCookies(`${name}${blank}=1`, PREFIX)).toEqual(trimmed ? [[name, "1"]] : []);
      expect(readCookies(`${name}=${blank}1`, PREFIX)).toEqual([[name, trimmed ? "1" : `${blank}1`]]);
      expect(readCookies(`${name}=1${blank};x=1`, PREFIX)).toEqual([[name, trimmed ? "1" : `1${blank}`]]);
    },
  );

  test("an absent or empty header has no cookies", () => {
    expect([readCookies(null, PREFIX), readCookies(undefined, PREFIX), readCookies("", PREFIX)]).toEqual([[], [], []]);
  });

  test("reading any text gives only names with latchkey's prefix, and never throws", () => {
    const part = fc.oneof(fc.string({ unit: "binary" }), fc.constantFrom(PREFIX, ";", "=", " ", `${PREFIX}a=1`, "\t"));
    fc.assert(
      fc.property(fc.array(part, { maxLength: 40 }), (parts) => {
        for (const [name, value] of readCookies(parts.join(""), PREFIX)) {
          expect(name.startsWith(PREFIX)).toBe(true);
          expect(name + value).not.toContain(";");
        }
      }),
      runs(),
    );
  });

  test("S32: ten thousand cookies and a huge chunk index are read in milliseconds", () => {
    const many = Array.from({ length: 10_000 }, (_, index) => `${BASE}.${index}=9AAAAAA`).join("; ");
    const started = performance.now();
    const jar = open(`${many}; ${BASE}.999999999999=x`);
    expect(jar.readChunks(BASE).reason).toBeDefined();
    jar.deleteChunks(BASE);
    expect(performance.now() - started).toBeLessThan(1000);
  });
});

describe("chunks", () => {
  test("are read in any order, among cookies of other software", () => {
    fc.assert(
      fc.property(sealedText, fc.infiniteStream(fc.nat()), (value, order) => {
        const jar = open("");
        jar.writeChunks(BASE, value, 60);
        const pairs = [
          ...pairsOf([...jar.take().values()]),
          "theme=dark",
          "a=b=c",
          `${PREFIX}AbCdEg.id.0=1AAAAAAx`,
          `${PREFIX}AbCdEf.id2.0=1AAAAAAx`,
        ];
        const shuffled = pairs
          .map((pair) => ({ pair, at: order.next().value as number }))
          .sort((left, right) => left.at - right.at);
        expect(open(shuffled.map(({ pair }) => pair).join("; ")).readChunks(BASE)).toEqual({ value });
      }),
      runs(),
    );
  });

  test("that are torn, mixed, duplicated or surplus count as absent, with a reason, and the next write deletes them", () => {
    const damage = fc.constantFrom("torn", "mixed", "duplicated", "surplus");
    fc.assert(
      fc.property(sealedText, sealedText, damage, fc.nat(), (value, other, kind, pick) => {
        const [first, second] = [open(""), open("")];
        first.writeChunks(BASE, value, 60);
        second.writeChunks(BASE, other, 60);
        let pairs = pairsOf([...first.take().values()]);
        const otherPairs = pairsOf([...second.take().values()]);
        const at = pick % pairs.length;
        if (value.slice(-6) === other.slice(-6)) return;
        if (kind === "torn") {
          if (pairs.length === 1) return;
          pairs.splice(at, 1);
        } else if (kind === "mixed") {
          if (pairs.length === 1 || otherPairs[at] === undefined) return;
          pairs = pairs.map((pair, index) => (index === at ? (otherPairs[at] as string) : pair));
        } else if (kind === "duplicated") pairs.push(pairs[at] as string);
        else pairs.push(`${BASE}.${pairs.length}=${value.slice(-6)}x`);
        const jar = open(pairs.join("; "));
        expect(jar.readChunks(BASE).value).toBeUndefined();
        expect(jar.readChunks(BASE).reason).toMatch(/torn|duplicated|surplus/);
        jar.writeChunks(BASE, "fresh-value", 60);
        [...jar.take().values()];
        expect(jar.names()).toEqual([`${BASE}.0`]);
        expect(jar.readChunks(BASE)).toEqual({ value: "fresh-value" });
      }),
      runs(),
    );
  });

  test.each(["0", "9", "x", "", "-1", "1e1", "99999999999"])("S32: a count of %j is refused", (count) => {
    expect(open(`${BASE}.0=${count}AAAAAAvalueAAAAAA`).readChunks(BASE).value).toBeUndefined();
  });

  test.each(["00", "01", "+0", "0.", "1.0", "x"])("an index of %j is not one that latchkey writes", (index) => {
    const jar = open(`${BASE}.0=1AAAAAAvalueAAAAAA; ${BASE}.${index}=1AAAAAAvalueAAAAAA`);
    expect(jar.readChunks(BASE).reason).toBe("surplus");
  });

  test("each cookie fills 4,093 bytes, with its attributes and an Expires beside Max-Age", () => {
    for (const domain of [undefined, "a.very.long.domain.example"]) {
      for (const partitioned of [false, true]) {
        const jar = createJar("", PREFIX, { secure: true, sameSite: "none", partitioned, domain });
        jar.writeChunks(BASE, "x".repeat(9000), 34_560_000);
        const sizes = [...jar.take().values()].map((line) => line.length);
        expect(sizes).toHaveLength(3);
        expect(Math.max(...sizes)).toBe(4054);
      }
    }
  });
});

describe("the jar of one request", () => {
  test("reads see earlier writes", () => {
    const jar = open(`${PREFIX}a=1; ${PREFIX}b=2`);
    jar.set(`${PREFIX}c`, "3", 60);
    jar.delete(`${PREFIX}a`);
    expect(jar.names()).toEqual([`${PREFIX}b`, `${PREFIX}c`]);
    expect([jar.get(`${PREFIX}a`), jar.get(`${PREFIX}c`)]).toEqual([undefined, "3"]);
    expect(jar.bytes()).toBe(`${PREFIX}b=2; ${PREFIX}c=3`.length);
  });

  test("S38: a name has one line, however often it changes, and none if the changes cancel each other", () => {
    const jar = open(`${PREFIX}a=1`);
    jar.delete(`${PREFIX}a`);
    jar.set(`${PREFIX}a`, "2", 60);
    jar.set(`${PREFIX}a`, "3", 60);
    jar.set(`${PREFIX}new`, "x", 60);
    jar.delete(`${PREFIX}new`);
    jar.delete(`${PREFIX}never`);
    expect(pairsOf([...jar.take().values()])).toEqual([`${PREFIX}a=3`]);
    expect([...jar.take().values()]).toEqual([]);
  });

  test("discard undoes all writes since the last take", () => {
    const jar = open(`${PREFIX}a=1`);
    jar.set(`${PREFIX}a`, "2", 60);
    jar.set(`${PREFIX}b`, "2", 60);
    jar.discard();
    expect([jar.names(), jar.get(`${PREFIX}a`), [...jar.take().values()]]).toEqual([[`${PREFIX}a`], "1", []]);
  });

  test("a name that was sent twice has no value until a write gives it one", () => {
    const jar = open(`${PREFIX}a=1; ${PREFIX}a=2`);
    expect(jar.get(`${PREFIX}a`)).toBeUndefined();
    jar.set(`${PREFIX}a`, "3", 60);
    expect(jar.get(`${PREFIX}a`)).toBe("3");
  });
});

describe("Set-Cookie", () => {
  const all = [undefined, "app.example"].flatMap((domain) =>
    (["lax", "strict", "none"] as const).flatMap((sameSite) =>
      [false, true].map((partitioned): CookieAttributes => ({ secure: true, domain, sameSite, partitioned })),
    ),
  );

  test.each(all)("S47: a deletion with the same attributes removes the cookie: %j", (attributes) => {
    const url = "https://app.example/";
    const jar = new CookieJar(undefined, { prefixSecurity: "strict" });
    const name = attributes.domain ? "__Secure-latchkey.a" : "__Host-latchkey.a";
    checkCookie(name, attributes);
    jar.setCookieSync(setCookieLine(name, "value", attributes, 60), url);
    expect(jar.getCookieStringSync(url)).toBe(`${name}=value`);
    jar.setCookieSync(setCookieLine(name, "", attributes, 0), url);
    expect(jar.getCookiesSync(url)).toEqual([]);
  });

  test("always has HttpOnly and Path=/, and a Max-Age of at most 400 days", () => {
    expect(setCookieLine("a", "b", { secure: false, sameSite: "lax" }, 1e12)).toBe(
      "a=b; Path=/; Max-Age=34560000; HttpOnly; SameSite=Lax",
    );
    expect(
      setCookieLine("a", "b", { secure: true, sameSite: "none", partitioned: true, domain: "x.example" }, undefined),
    ).toBe("a=b; Path=/; Domain=x.example; HttpOnly; SameSite=None; Secure; Partitioned");
  });

  test.each<[what: string, name: string, attributes: Partial<CookieAttributes>, message: RegExp]>([
    ["a name with a semicolon", "a;b", {}, /name must be a token/],
    ["a name with an equals sign", "a=b", {}, /name must be a token/],
    ["a name with a blank", "a b", {}, /name must be a token/],
    ["no name", "", {}, /name must be a token/],
    ["a domain with a semicolon", "a", { domain: "x; Path=/y" }, /domain must be a host/],
    ["a domain with a line break", "a", { domain: "x\r\ny" }, /domain must be a host/],
    ["no domain", "a", { domain: "" }, /domain must be a host/],
    ["an unknown SameSite", "a", { sameSite: "toString" as never }, /sameSite must be/],
    ["None without Secure", "a", { secure: false, sameSite: "none" }, /need secure/],
    ["Partitioned without Secure", "a", { secure: false, partitioned: true }, /need secure/],
    ["__Host- without Secure", "__Host-a", { secure: false }, /need secure/],
    ["__Secure- without Secure, in any case", "__sEcure-a", { secure: false }, /need secure/],
  ])("S35: %s fails at start-up", (_what, name, attributes, message) => {
    const check = () => checkCookie(name, { ...ATTRIBUTES, ...attributes });
    expect(check).toThrow(expect.objectContaining({ code: "invalid_config", message: expect.stringMatching(message) }));
  });
});
