import fc from "fast-check";
import { CookieJar as ToughCookieJar } from "tough-cookie";
import { describe, expect, test } from "vitest";
import { createClock, createCookieJar } from "../../../adapters/testing/index.js";
import { BLANKS, isTrimmed, NO_BLANK } from "../../support/blanks.js";
import { runs } from "../../support/runs.js";

const SITE = "https://app.example/";

/** The Cookie header of the request to `to` that follows a response with this Set-Cookie line. */
const sent = (line: string, url = SITE, to = url) => {
  const jar = createCookieJar();
  jar.store([line], url);
  return jar.header(to);
};

describe("cookies of a response", () => {
  test("are stored from a Response, from Headers, and from a list of Set-Cookie lines", () => {
    const headers = new Headers([
      ["set-cookie", "a=1; Expires=Wed, 01 Jan 2200 00:00:00 GMT"],
      ["set-cookie", "b=2"],
    ]);
    for (const from of [new Response(null, { headers }), headers, headers.getSetCookie()]) {
      const jar = createCookieJar();
      jar.store(from, SITE);
      expect(jar.header(SITE)).toBe("a=1; b=2");
    }
  });

  test("may have 4,096 bytes in name and value together, counted as bytes and not as characters", () => {
    expect(sent(`ab=${"x".repeat(4094)}; Path=/; Max-Age=60`)).toHaveLength(4097);
    expect(sent(`ab=${"x".repeat(4095)}`)).toBe("");
    expect(sent(`ab=${"é".repeat(2047)}`)).toHaveLength(2050);
    expect(sent(`ab=${"é".repeat(2048)}`)).toBe("");
  });

  // RFC 6265bis 5.6. A browser ignores a line with control characters, such as line ends, so these are left out.
  test.each([...BLANKS, ...NO_BLANK].filter((blank) => !/[\n\v\f\r]/.test(blank)))(
    "%j is part of names, values and attributes, unless it is a space or a tab",
    (blank) => {
      const trimmed = isTrimmed(blank);
      expect(sent(`${blank}a${blank}=${blank}1${blank}; Path=/`)).toBe(
        trimmed ? "a=1" : `${blank}a${blank}=${blank}1${blank}`,
      );
      // The name of such a cookie begins with the blank, so that the rules of the prefix do not apply to it.
      expect(sent(`${blank}__Host-a=1; Path=/; Domain=app.example`) === "").toBe(trimmed);
      expect(sent(`a=1;${blank}Max-Age=0`) === "").toBe(trimmed);
      expect(sent(`a=1; Path=${blank}/elsewhere`) === "").toBe(trimmed);
    },
  );

  test.each([
    ["__Host-a=1; Secure; Path=/", true],
    ["__Host-a=1; Path=/", false],
    ["__Host-a=1; Secure", true],
    ["__Host-a=1; Secure; Path=/x", false],
    ["__Host-a=1; Secure; Path=/; Domain=app.example", false],
    ["__HOST-a=1; Path=/", false],
    ["__Secure-a=1; Secure; Domain=app.example", true],
    ["__Secure-a=1", false],
    ["__secure-a=1", false],
    ["__Http-a=1; Secure; HttpOnly", true],
    ["__Http-a=1; Secure", false],
    ["__Host-Http-a=1; Secure; HttpOnly; Path=/", true],
    ["__Host-Http-a=1; Secure; Path=/", false],
    ["=__Host-a=1; Secure; Path=/", false],
    ["__Host-a; Secure; Path=/", false],
    ["a=1; SameSite=None; Secure", true],
    ["a=1; SameSite=None", false],
    ["a=1\u0000", false],
    ["a=1; Path=/\r\nset-cookie: b=2", false],
    ["=; Path=/", false],
    ["a=", true],
    ["a", true],
  ])("%j are stored: %s", (line, isStored) => {
    expect(sent(line) !== "").toBe(isStored);
  });

  test.each([
    ["http://app.example/", false],
    ["http://localhost:3000/", true],
    ["http://app.localhost/", true],
    ["http://127.0.0.1:3000/", true],
    ["http://[::1]:3000/", true],
    ["http://localhost.example/", false],
    ["http://127.0.0.1.example/", false],
  ])("that are Secure are stored at %s: %s", (url, isStored) => {
    expect(sent("a=1; Secure", url) !== "").toBe(isStored);
    expect(sent("a=1", url)).toBe("a=1");
  });

  test("may have attributes of 1,024 bytes; longer ones are ignored", () => {
    expect(sent(`a=1; Path=/${"x".repeat(1023)}`)).toBe("");
    expect(sent(`a=1; Path=/${"x".repeat(1024)}`)).toBe("a=1");
  });

  test("over http do not replace a Secure cookie, and do not hide it with a longer path or a closer domain", () => {
    const jar = createCookieJar();
    jar.store(["a=safe; Secure; Path=/; Domain=example.com"], "https://app.example.com/");
    for (const line of ["a=evil; Path=/; Domain=example.com", "a=evil; Path=/", "a=evil; Path=/x"])
      jar.store([line], "http://app.example.com/");
    expect(jar.header("https://app.example.com/x")).toBe("a=safe");
    jar.store(["b=other; Path=/"], "http://app.example.com/");
    expect(jar.header("https://app.example.com/x")).toBe("a=safe; b=other");
  });
});

describe("the requests that a cookie is sent with", () => {
  test.each([
    ["a=1", "https://app.example/", "https://app.example/x", true],
    ["a=1", "https://app.example/", "https://www.app.example/", false],
    ["a=1", "https://app.example/", "https://app.example:8443/", true],
    ["a=1; Domain=app.example", "https://app.example/", "https://www.app.example/", true],
    ["a=1; Domain=.APP.example", "https://app.example/", "https://www.app.example/", true],
    ["a=1; Domain=app.example", "https://app.example/", "https://evilapp.example/", false],
    ["a=1; Domain=www.app.example", "https://app.example/", "https://www.app.example/", false],
    ["a=1; Domain=other.example", "https://app.example/", "https://other.example/", false],
    ["a=1; Domain=example", "https://app.example/", "https://other.example/", false],
    ["a=1; Domain=0.0.1", "http://127.0.0.1/", "http://127.0.0.1/", false],
    ["a=1; Domain=127.0.0.1", "http://127.0.0.1/", "http://127.0.0.1/", true],
    ["a=1; Domain=localhost", "http://localhost/", "http://localhost/", true],
    ["a=1; Path=/auth", "https://app.example/", "https://app.example/auth", true],
    ["a=1; Path=/auth", "https://app.example/", "https://app.example/auth/me", true],
    ["a=1; Path=/auth", "https://app.example/", "https://app.example/authority", false],
    ["a=1; Path=relative", "https://app.example/x/y", "https://app.example/x/z", true],
    ["a=1", "https://app.example/x/y", "https://app.example/z", false],
    ["a=1; Secure", "https://app.example/", "http://app.example/", false],
    ["a=1", "https://app.example/", "http://app.example/", true],
  ])("%s, set by %s, to %s: %s", (line, from, to, isSent) => {
    expect(sent(line, from, to)).toBe(isSent ? "a=1" : "");
  });

  test.each([
    ["Strict", "GET", false],
    ["Strict", "POST", false],
    ["Lax", "GET", true],
    ["Lax", "POST", false],
    ["None", "GET", true],
    ["None", "POST", true],
    ["", "POST", false],
    ["", "GET", true],
  ])("SameSite=%s with a %s from another site: %s", (sameSite, method, isSent) => {
    const jar = createCookieJar();
    jar.store([`a=1; Secure; SameSite=${sameSite}`], SITE);
    expect(jar.header(SITE, { crossSite: true, method })).toBe(isSent ? "a=1" : "");
    expect(jar.header(SITE, { method })).toBe("a=1");
  });

  test("longer paths come first, then older cookies; a new value keeps the place of the old", () => {
    const jar = createCookieJar();
    jar.store(["a=1; Path=/", "b=1; Path=/", "a=1; Path=/x", "a=2; Path=/"], SITE);
    expect(jar.header("https://app.example/x")).toBe("a=1; a=2; b=1");
  });
});

describe("the lifetime of a cookie", () => {
  test.each([
    ["a=1; Max-Age=60", 60],
    ["a=1; Max-Age=60; Expires=Wed, 01 Jan 2200 00:00:00 GMT", 60],
    ["a=1; Max-Age=soon; Expires=Thu, 01 Jan 1970 00:01:40 GMT", 100],
    ["a=1; Expires=Wed, 01 Jan 2200 00:00:00 GMT", 34_560_000],
    ["a=1; Max-Age=99999999999", 34_560_000],
  ])("%s: %i seconds by the clock", (line, seconds) => {
    const clock = createClock(0);
    const jar = createCookieJar({ clock });
    jar.store([line], SITE);
    clock.set(seconds * 1000 - 1);
    expect(jar.get("a")).toBe("1");
    clock.set(seconds * 1000);
    expect([jar.get("a"), jar.names(), jar.header(SITE)]).toEqual([undefined, [], ""]);
  });

  test.each(["Max-Age=0", "Max-Age=-1", "Expires=Thu, 01 Jan 1970 00:00:00 GMT"])(
    "%s deletes only the cookie of the same path and domain",
    (attribute) => {
      const jar = createCookieJar();
      jar.store(["a=1; Path=/", "a=2; Path=/x", "a=3; Path=/; Domain=app.example"], SITE);
      jar.store([`a=; Path=/; ${attribute}`], SITE);
      expect(jar.header("https://app.example/x")).toBe("a=2; a=3");
    },
  );

  test("without Max-Age and Expires a cookie stays until the browser is closed", () => {
    const clock = createClock();
    const jar = createCookieJar({ clock });
    jar.store(["a=1"], SITE);
    clock.advance(1e9);
    expect(jar.names()).toEqual(["a"]);
    jar.clear();
    expect(jar.names()).toEqual([]);
  });
});

test("a clone and its original change independently", () => {
  const jar = createCookieJar();
  jar.store(["a=1"], SITE);
  const copy = jar.clone();
  copy.store(["a=2", "b=1"], SITE);
  jar.store(["c=1"], SITE);
  expect([jar.header(SITE), copy.header(SITE)]).toEqual(["a=1; c=1", "a=2; b=1"]);
});

/** The line with Expires instead of Max-Age, which tough-cookie counts by the real clock, from the last use of the cookie. */
const withExpires = (line: string, now: number) =>
  line.replace(/Max-Age=(\d+)/g, (_all, seconds) => `Expires=${new Date(now + Number(seconds) * 1000).toUTCString()}`);

test("on https sites the jar and tough-cookie send the same cookies, after any changes and times", () => {
  const host = fc.constantFrom("app.example.com", "www.app.example.com", "example.com");
  const path = fc.constantFrom("/", "/a", "/a/", "/a/b", "/ab");
  const url = fc.record({ host, path }).map((at) => `https://${at.host}${at.path}`);
  const attribute = fc.constantFrom(
    "Secure",
    "HttpOnly",
    "Path=/",
    "Path=/a",
    "Max-Age=0",
    "Max-Age=60",
    "Max-Age=600",
    "SameSite=Lax",
  );
  const name = fc.constantFrom("a", "b", "__Host-a", "__Secure-a");
  const domain = fc.option(fc.constantFrom("example.com", "app.example.com", "www.app.example.com"));
  const line = fc
    .tuple(name, fc.stringMatching(/^[a-z0-9]{0,4}$/), domain, fc.uniqueArray(attribute, { maxLength: 4 }))
    .map(([key, value, at, attributes]) =>
      // A host-only cookie and one for the domain are two cookies in browsers, and one in tough-cookie, so they get two names.
      (at === null ? [`${key}=${value}`] : [`${key}.${at}=${value}`, `Domain=${at}`]).concat(attributes).join("; "),
    );
  const step = fc.record({ line, url, target: url, wait: fc.integer({ min: 0, max: 200 }) });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 12 }), (steps) => {
      const clock = createClock(1_700_000_000_000);
      const jar = createCookieJar({ clock });
      const tough = new ToughCookieJar(undefined, { prefixSecurity: "strict", rejectPublicSuffixes: false });
      for (const { line, url, target, wait } of steps) {
        jar.store([line], url);
        tough.setCookieSync(withExpires(line, clock.now()), url, { ignoreError: true });
        clock.advance(wait);
        const expected = tough
          .getCookiesSync(target, { expire: false })
          .filter((cookie) => cookie.expiryTime() === undefined || Number(cookie.expiryTime()) > clock.now());
        const pairs = jar.header(target).split("; ").filter(Boolean);
        expect(pairs.sort()).toEqual(expected.map((cookie) => cookie.cookieString()).sort());
      }
    }),
    runs(),
  );
});
