import { validateHeaderValue } from "node:http";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { readCookies } from "../../../core/cookie/header.js";
import { createJar } from "../../../core/cookie/jar.js";
import { runs } from "../../support/runs.js";

const PREFIX = "__Host-latchkey.";
const BASE = `${PREFIX}AbCdEf.id`;
const open = (header: string) => createJar(header, PREFIX, { secure: true, sameSite: "lax" });

/** Headers that resemble those with latchkey's cookies: any characters, pieces of the names, damaged chunks. */
const header = fc
  .array(
    fc.oneof(
      fc.string({ unit: "binary", maxLength: 8 }),
      fc.constantFrom(";", "; ", "=", " ", "\t", "\u00a0", ",", '"', "\0", "\r\n", "\u20ac", "$Version", "__proto__"),
      fc.constantFrom(PREFIX, `${BASE}.`, `${BASE}.0=`, `${BASE}.1=AbCdEf`, `${BASE}.0=2AbCdEfxyz`, "1", "9", "1e1"),
    ),
    { maxLength: 40 },
  )
  .map((parts) => parts.join(""));

/** A slow and simple reader of the Cookie header (RFC 6265bis 5.8.3), to compare with. */
function readSimply(text: string): Array<[string, string]> {
  const trim = (part: string) => part.replace(/^[ \t]+/, "").replace(/[ \t]+$/, "");
  return text.split(";").flatMap((pair): Array<[string, string]> => {
    const [name = "", ...rest] = pair.split("=");
    const isRead = trim(name).startsWith(PREFIX) && rest.length > 0 && !/[^!-~]|[()<>@,:\\"/[\]?{}]/.test(trim(name));
    return isRead ? [[trim(name), trim(rest.join("="))]] : [];
  });
}

function milliseconds(work: () => unknown): number {
  const started = performance.now();
  work();
  return performance.now() - started;
}

describe("a Cookie header of any characters", () => {
  test("gives exactly the cookies with latchkey's prefix that are in it", () => {
    fc.assert(
      fc.property(header, (text) => {
        expect(readCookies(text, PREFIX)).toEqual(readSimply(text));
      }),
      runs(),
    );
  });

  test("S35: makes Set-Cookie lines that any server can send, for names of any spelling", () => {
    fc.assert(
      fc.property(header, (text) => {
        const jar = open(text);
        jar.readChunks(BASE);
        jar.deleteChunks(BASE);
        for (const name of jar.names()) jar.delete(name);
        for (const line of [...jar.take().values()]) {
          validateHeaderValue("set-cookie", line);
          expect(line).toMatch(/^[!-:<>-~]+=; Path=\/; Max-Age=0; HttpOnly; SameSite=Lax; Secure$/);
        }
      }),
      runs(),
    );
  });

  test("gives chunks a value, or a reason why they have none: torn if none was sent", () => {
    fc.assert(
      fc.property(header, (text) => {
        const read = open(text).readChunks(BASE);
        expect(read.value === undefined).toBe(read.reason !== undefined);
        const wasSent = readSimply(text).some(([name]) => name.startsWith(`${BASE}.`));
        if (!wasSent) expect(read).toEqual({ reason: "torn" });
      }),
      runs(),
    );
  });

  test.each<[string, string]>([
    ["names without a value", `${PREFIX};`.repeat(200_000)],
    ["one name repeated in one value", `a=${PREFIX.repeat(60_000)}`],
    ["blanks around a name", `${" ".repeat(500_000)}${PREFIX}a=${" ".repeat(500_000)}`],
    ["blanks within a value", `${PREFIX}a=x${" ".repeat(900_000)}x`],
    ["duplicates", `${BASE}.0=1AbCdEf;`.repeat(40_000)],
  ])("S32: megabytes of %s take time in proportion to its length", (_what, text) => {
    expect(milliseconds(() => open(text).readChunks(BASE))).toBeLessThan(1000);
  });
});

describe("a value that could end an attribute", () => {
  test.each([";", "a; Domain=evil.example", "a\r\nSet-Cookie: b=c", "a,b", 'a"b', "a b", "\0", "\u20ac", "a=b"])(
    "S35: %j is refused, and nothing changes",
    (value) => {
      const jar = open(`${PREFIX}a=1`);
      expect(() => jar.set(`${PREFIX}a`, value, 60)).toThrow(TypeError);
      expect([jar.get(`${PREFIX}a`), [...jar.take().values()]]).toEqual(["1", []]);
    },
  );
});

describe("chunks of two writes", () => {
  const written = (value: string) => {
    const jar = open("");
    jar.writeChunks(BASE, value, 60);
    return [...jar.take().values()].map((line) => line.split("; ", 1)[0] as string);
  };
  const [before, after] = [written("b".repeat(11_000)), written("a".repeat(11_000))];

  test.each(before.map((_, index) => index))(
    "P10: count as absent if the one at index %i comes from the other write",
    (at) => {
      const mixed = after.map((pair, index) => (index === at ? before[at] : pair));
      expect(before.length).toBe(3);
      expect(open(mixed.join("; ")).readChunks(BASE)).toEqual({ reason: "torn" });
    },
  );
});

describe("chunks beside cookies with similar names", () => {
  const similar = [`${PREFIX}AbCdEf.id2.0=1AAAAAAx`, `${PREFIX}AbCdEf.i.0=1AAAAAAx`, `${PREFIX}xAbCdEf.id.0=1AAAAAAx`];

  test("are written and deleted without a change to those cookies", () => {
    const jar = open([...similar, `${BASE}.0=1AbCdEfoldAbCdEf`, `${BASE}.7=AbCdEfleft`].join("; "));
    jar.writeChunks(BASE, "new-value", 60);
    jar.deleteChunks(BASE);
    expect([...jar.take().values()].map((line) => line.split("=", 1)[0]).sort()).toEqual([`${BASE}.0`, `${BASE}.7`]);
    expect(jar.names()).toEqual(similar.map((pair) => pair.split("=", 1)[0]));
  });
});
