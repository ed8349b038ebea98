import fc from "fast-check";
import { CookieJar } from "tough-cookie";
import { describe, expect, test } from "vitest";
import { type CookieAttributes, checkCookie, LONGEST_AGE } from "../../../core/cookie/header.js";
import { createJar } from "../../../core/cookie/jar.js";
import { runs } from "../../support/runs.js";

/** The page's host is below the domain, so that a deletion without Domain would delete another cookie. */
const DOMAIN = "example.com";
const HOST = `app.${DOMAIN}`;

/** Every combination of attributes that the start-up check accepts, with the prefix of its cookie names. */
const combinations = [undefined, DOMAIN].flatMap((domain) =>
  [true, false].flatMap((secure) =>
    (["lax", "strict", "none"] as const).flatMap((sameSite) =>
      [true, false].flatMap((partitioned) => {
        const attributes: CookieAttributes = { domain, secure, sameSite, partitioned };
        const prefix = `${secure ? (domain ? "__Secure-" : "__Host-") : ""}latchkey.`;
        const isRefused = !secure && (sameSite === "none" || partitioned);
        return isRefused ? [] : [{ prefix, attributes, url: `${secure ? "https" : "http"}://${HOST}/` }];
      }),
    ),
  ),
);

/** A cookie jar that refuses bad prefixes and cookies that are too large, as browsers do. */
function browserAt(url: string) {
  const jar = new CookieJar(undefined, { prefixSecurity: "strict" });
  return {
    header: () => jar.getCookieStringSync(url),
    receive(lines: readonly string[]) {
      for (const line of lines) {
        // RFC 6265bis 5.6 limits name and value. The strictest browser limits the whole line, to 4,093 bytes.
        expect(line.length).toBeLessThanOrEqual(4093);
        expect(jar.setCookieSync(line, url)).toBeDefined();
      }
    },
  };
}

const nameOf = (line: string) => line.slice(0, line.indexOf("="));
const sealed = (length: number) => `${"x".repeat(length - 6)}AbCdEf`;

describe.each(combinations)("in a browser, with $prefix and $attributes", ({ prefix, attributes, url }) => {
  const base = `${prefix}AbCdEf.id`;

  test("S47: the browser sends chunks and single cookies back unchanged, and none after their deletion", () => {
    checkCookie(prefix, attributes);
    const browser = browserAt(url);
    const first = createJar(browser.header(), prefix, attributes);
    first.writeChunks(base, sealed(9000), LONGEST_AGE);
    first.set(`${prefix}AbCdEf.seen`, "stamp", undefined);
    browser.receive([...first.take().values()]);

    const second = createJar(browser.header(), prefix, attributes);
    expect(second.readChunks(base)).toEqual({ value: sealed(9000) });
    expect(second.bytes()).toBe(browser.header().length);
    second.deleteChunks(base);
    second.delete(`${prefix}AbCdEf.seen`);
    browser.receive([...second.take().values()]);
    expect(browser.header()).toBe("");
  });

  test("P11: each chunk fills 4,093 bytes, with its attributes and the Expires that Next adds, before another chunk begins", () => {
    const jar = createJar("", prefix, attributes);
    const linesFor = (length: number) => {
      jar.writeChunks(base, sealed(length), LONGEST_AGE);
      return [...jar.take().values()].filter((line) => !line.includes("Max-Age=0"));
    };
    // The rest of a chunk's line has the same length for every value.
    const fits = 4054 - ((linesFor(100)[0] as string).length - 100);
    expect(linesFor(fits).map((line) => line.length)).toEqual([4054]);
    expect(linesFor(fits + 1)).toHaveLength(2);
    expect(linesFor(fits * 8)).toHaveLength(8);
    expect(jar.readChunks(base)).toEqual({ value: sealed(fits * 8) });
  });

  test("P10, S38: after any writes and deletions over several responses, the jar and the browser hold the same cookies", () => {
    const suffix = fc.constantFrom("AbCdEf.seen", "GhIjKl.seen", "tx.a", "since");
    const chunked = fc.constantFrom("AbCdEf.id", "AbCdEf.tok");
    const step = fc.oneof(
      fc.record({ do: fc.constant("set" as const), name: suffix, length: fc.integer({ min: 0, max: 50 }) }),
      fc.record({ do: fc.constant("delete" as const), name: suffix }),
      fc.record({ do: fc.constant("write" as const), name: chunked, length: fc.integer({ min: 6, max: 15_000 }) }),
      fc.record({ do: fc.constant("erase" as const), name: chunked }),
      fc.constant({ do: "discard" as const }),
      fc.constant({ do: "take" as const }),
    );
    fc.assert(
      fc.property(fc.array(fc.array(step, { maxLength: 8 }), { maxLength: 4 }), (requests) => {
        const browser = browserAt(url);
        for (const steps of requests) {
          const jar = createJar(browser.header(), prefix, attributes);
          const deliver = () => {
            const lines = [...jar.take().values()];
            expect(new Set(lines.map(nameOf)).size).toBe(lines.length);
            browser.receive(lines);
          };
          for (const step of steps) {
            if (step.do === "set") jar.set(prefix + step.name, "v".repeat(step.length), 60);
            else if (step.do === "delete") jar.delete(prefix + step.name);
            else if (step.do === "write") jar.writeChunks(prefix + step.name, sealed(step.length), 60);
            else if (step.do === "erase") jar.deleteChunks(prefix + step.name);
            else if (step.do === "discard") jar.discard();
            else deliver();
          }
          deliver();
          const sent = createJar(browser.header(), prefix, attributes);
          expect(jar.names().sort()).toEqual(sent.names().sort());
          for (const name of sent.names()) expect(jar.get(name)).toBe(sent.get(name));
          expect(jar.bytes()).toBe(browser.header().length);
        }
      }),
      runs(0.1),
    );
  });
});
