import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { CookieTooLargeError } from "../../../core/errors.js";
import type { SessionsOptions } from "../../../core/session/options.js";
import type { CreateStorage } from "../../../core/session/storage.js";
import { createMemoryPort } from "../../../core/store/memory.js";
import { sessionName } from "../../../core/store/sessions.js";
import { runs } from "../../support/runs.js";
import { createTestSessions, inMemory, SECRET } from "./app.js";

const START = 1_750_000_000_000;
const DAY = 86_400_000;

type Data = Record<string, unknown>;

/** An app with a clock, and a browser that stores the app's cookies. */
function createApp(options: Partial<SessionsOptions<Data>> & { storage?: CreateStorage } = {}) {
  const clock = { time: START, now: () => clock.time };
  const sessions = createTestSessions<Data, unknown>(options, clock.now);
  const cookies = new Map<string, string>();
  return {
    clock,
    cookies,
    sessions,
    header: () => [...cookies].map(([name, value]) => `${name}=${value}`).join("; "),
    open: (header?: string) =>
      sessions.open(header ?? [...cookies].map(([name, value]) => `${name}=${value}`).join("; ")),
    store(lines: readonly string[]) {
      for (const line of lines) {
        const [pair = ""] = line.split(";", 1);
        const name = pair.slice(0, pair.indexOf("="));
        if (line.includes("Max-Age=0")) cookies.delete(name);
        else cookies.set(name, pair.slice(name.length + 1));
      }
      return lines;
    },
    async begin(data: Data, tokens?: unknown) {
      const requestSession = await this.open();
      requestSession.begin(data, tokens);
      this.store(await requestSession.commit());
      return requestSession;
    },
  };
}

const jsonObject = fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 3 }), { maxKeys: 6 }).map((value) => {
  // JSON has no -0, so the values are those that JSON returns unchanged.
  return JSON.parse(JSON.stringify(value)) as Data;
});

describe("a session is read exactly as it was written", () => {
  test("every JSON value, with its tokens", async () => {
    await fc.assert(
      fc.asyncProperty(jsonObject, fc.jsonValue({ maxDepth: 2 }), async (data, tokens) => {
        const app = createApp({ maxCookieBytes: 16_000 });
        await app.begin(data, [tokens]);
        const requestSession = await app.open();
        expect(requestSession.session?.data).toEqual(data);
        expect(await requestSession.tokens()).toEqual(JSON.parse(JSON.stringify([tokens])));
      }),
      runs(),
    );
  });

  test("a large session is cut into several cookies, each small enough for browsers", async () => {
    const app = createApp({ maxCookieBytes: 16_000 });
    const data = { text: Array.from({ length: 900 }, (_, index) => `${index}`).join(" ") };
    const requestSession = await app.open();
    requestSession.begin(data);
    const lines = app.store(await requestSession.commit());
    expect(lines.length).toBeGreaterThan(1);
    for (const line of lines) expect(line.length).toBeLessThanOrEqual(4093);
    expect((await app.open()).session?.data).toEqual(data);
  });
});

describe("a cookie that latchkey did not seal is no session", () => {
  test("any change of any byte of any cookie", async () => {
    const app = createApp({ maxCookieBytes: 16_000 });
    await app.begin({ user: "alice", text: "x".repeat(5000) }, { token: "secret" });
    app.clock.time += 3 * 3_600_000;
    app.store(await (await app.open()).commit());
    const names = [...app.cookies.keys()];
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...names),
        fc.nat(),
        fc.integer({ min: 33, max: 126 }),
        async (name, at, code) => {
          const value = app.cookies.get(name) as string;
          const index = at % value.length;
          const character = String.fromCharCode(code);
          if (value[index] === character || character === ";") return;
          const changed = value.slice(0, index) + character + value.slice(index + 1);
          const header = app.header().replace(`${name}=${value}`, `${name}=${changed}`);
          const requestSession = await app.open(header);
          if (name.includes(".id."))
            expect([requestSession.session, typeof requestSession.reason]).toEqual([null, "string"]);
          if (name.includes(".tok.")) expect(await requestSession.tokens()).toBeUndefined();
          // An activity stamp that does not open is ignored, so the session was last active when it began.
          if (name.endsWith(".seen")) expect(requestSession.session?.lastSeenAt).toBe(START);
        },
      ),
      runs(),
    );
  });

  test("any bytes as a Cookie header", async () => {
    const app = createApp();
    const noise = fc.array(
      fc.oneof(
        fc.string({ unit: "binary" }),
        fc.constantFrom(
          "; ",
          "=",
          "__Host-latchkey.",
          "AAAAAA.id.0=",
          "end.999999999999999=1",
          "AAAAAA.tok.1=",
          "999999999",
          "\u00a0",
        ),
      ),
      { maxLength: 30 },
    );
    await fc.assert(
      fc.asyncProperty(noise, async (parts) => {
        const requestSession = await app.open(parts.join(""));
        expect(requestSession.session).toBeNull();
        await requestSession.commit();
      }),
      runs(),
    );
  });

  test("S24: the parts of a session do not open in each other's place", async () => {
    const app = createApp();
    await app.begin({ user: "alice" }, { token: "t" });
    const [id, tok] = [".id.0", ".tok.0"].map(
      (end) => [...app.cookies.keys()].find((name) => name.endsWith(end)) as string,
    );
    const [idValue, tokValue] = [app.cookies.get(id as string), app.cookies.get(tok as string)];
    const requestSession = await app.open(`${id}=${tokValue}; ${tok}=${idValue}`);
    expect([requestSession.session, requestSession.reason]).toEqual([null, "tampered"]);
  });

  test("tokens of another session count as absent", async () => {
    const [first, second] = [createApp(), createApp()];
    await first.begin({ user: "alice" }, { token: "of alice" });
    await second.begin({ user: "bob" }, { token: "of bob" });
    const tokenOfBob = [...second.cookies].find(([name]) => name.endsWith(".tok.0"))?.[1];
    const header = first.header().replace(/(\.tok\.0=)[^;]+/, `$1${tokenOfBob}`);
    expect(await (await first.open(header)).tokens()).toBeUndefined();
  });
});

describe("sessions end", () => {
  test("at both limits, for any order of activity and changes of the clock", async () => {
    const moves = fc.array(
      fc.record({
        wait: fc.integer({ min: -3_600_000, max: 2 * DAY }),
        act: fc.constantFrom("read", "update", "nothing"),
      }),
      { maxLength: 12 },
    );
    await fc.assert(
      fc.asyncProperty(moves, async (steps) => {
        const app = createApp();
        await app.begin({ user: "alice" });
        let lastSeen = START;
        for (const { wait, act } of steps) {
          app.clock.time += wait;
          const now = app.clock.time;
          const requestSession = await app.open();
          const { session } = requestSession;
          if (session) {
            expect(now).toBeLessThan(START + 7 * DAY);
            expect(now).toBeLessThan(lastSeen + DAY);
            expect(session.endsAt).toBe(START + 7 * DAY);
          }
          if (act === "nothing") continue;
          if (act === "update" && session) requestSession.update({ at: now });
          if (session) lastSeen = Math.max(lastSeen, now);
          app.store(await requestSession.commit());
        }
      }),
      runs(),
    );
  });

  test("S1: exactly at the limit, even if the browser still sends the cookies", async () => {
    const app = createApp();
    await app.begin({ user: "alice" });
    const header = app.header();
    app.clock.time = START + DAY - 1;
    expect((await app.open(header)).session).not.toBeNull();
    app.clock.time = START + DAY;
    expect((await app.open(header)).reason).toBe("inactive");
    app.clock.time = START + 7 * DAY;
    expect((await app.open(header)).reason).toBe("expired");
  });

  test.each<[string, Partial<SessionsOptions<Data>>, number]>([
    ["inactivity", {}, START + DAY],
    ["the absolute limit, where it is earlier", { inactivityDuration: 9 * 86_400 }, START + 7 * DAY],
    ["the absolute limit, where sessions do not roll", { rolling: false }, START + 7 * DAY],
  ])("at expiresAt without further activity: %s", async (_limit, options, end) => {
    const app = createApp(options);
    const begun = await app.begin({ user: "alice" });
    expect([begun.session?.expiresAt, (await app.open()).session?.expiresAt]).toEqual([end, end]);
    app.clock.time = end - 1;
    expect((await app.open()).session?.data).toEqual({ user: "alice" });
    app.clock.time = end;
    expect((await app.open()).session).toBeNull();
  });

  test("activity moves expiresAt", async () => {
    const app = createApp();
    await app.begin({ user: "alice" });
    app.clock.time = START + DAY / 2;
    app.store(await (await app.open()).commit());
    expect((await app.open()).session?.expiresAt).toBe(START + DAY / 2 + DAY);
  });

  test("at a shorter limit that was configured after they began", async () => {
    const app = createApp({ rolling: false });
    await app.begin({ user: "alice" });
    const strict = createApp({ rolling: false, absoluteDuration: 3600 });
    strict.clock.time = START + 3_600_000;
    expect((await strict.open(app.header())).reason).toBe("expired");
  });

  test("J2: without rolling, at the absolute limit alone, which no write moves", async () => {
    const app = createApp({ rolling: false });
    await app.begin({ user: "alice" });
    for (let day = 1; day < 7; day++) {
      app.clock.time = START + day * DAY;
      const requestSession = await app.open();
      requestSession.update({ day });
      app.store(await requestSession.commit());
      expect(requestSession.session?.endsAt).toBe(START + 7 * DAY);
    }
    app.clock.time = START + 7 * DAY;
    expect((await app.open()).session).toBeNull();
  });
});

describe("only what changed is written", () => {
  test("reading writes nothing", async () => {
    const app = createApp();
    await app.begin({ user: "alice" });
    const requestSession = await app.open();
    expect(requestSession.session?.data).toEqual({ user: "alice" });
    expect(await requestSession.commit()).toEqual([]);
  });

  test("activity writes one small cookie, and only after rollAfter", async () => {
    const app = createApp();
    await app.begin({ user: "alice", bulk: "x".repeat(2000) });
    app.clock.time += DAY / 10 - 1;
    expect(await (await app.open()).commit()).toEqual([]);
    app.clock.time += 1;
    const lines = app.store(await (await app.open()).commit());
    expect(lines).toHaveLength(1);
    expect(lines[0]?.length).toBeLessThan(330);
    expect(await (await app.open()).commit()).toEqual([]);
  });

  test("a write of the data does not write the tokens, and the reverse", async () => {
    const app = createApp();
    await app.begin({ user: "alice" }, { token: 1 });
    const requestSession = await app.open();
    requestSession.update({ note: 1 });
    expect((await requestSession.commit()).map((line) => line.split("=", 1)[0]?.slice(-5))).toEqual([".id.0"]);
    requestSession.setTokens({ token: 2 });
    expect((await requestSession.commit()).map((line) => line.split("=", 1)[0]?.slice(-6))).toEqual([".tok.0"]);
  });

  test("a session that gets smaller deletes the chunks that it no longer needs (J1)", async () => {
    const app = createApp({ maxCookieBytes: 16_000 });
    await app.begin({ bulk: "x".repeat(10_000) });
    const requestSession = await app.open();
    expect([...app.cookies.keys()].filter((name) => name.includes(".id."))).toHaveLength(4);
    requestSession.update({ bulk: "" });
    app.store(await requestSession.commit());
    expect(requestSession.session?.beganAt).toBe((await app.open()).session?.beganAt);
    expect([...app.cookies.keys()].filter((name) => name.includes(".id."))).toHaveLength(1);
  });

  test("a hundred planted cookies do not make a hundred Set-Cookie lines", async () => {
    const app = createApp();
    const planted = Array.from(
      { length: 100 },
      (_, index) => `__Host-latchkey.${String(index).padStart(6, "0")}.tok.0=x`,
    );
    const requestSession = await app.open(planted.join("; "));
    requestSession.begin({ user: "alice" });
    expect((await requestSession.commit()).length).toBeLessThan(30);
  });

  test("a header with eight times as many tags takes about eight times as long, not sixty-four", async () => {
    const { open } = createApp();
    const tagged = (count: number) =>
      Array.from({ length: count }, (_, index) => `__Host-latchkey.${String(index).padStart(6, "0")}.id.0=`).join(";");
    const timeOf = async (header: string) => {
      const started = performance.now();
      const requestSession = await open(header);
      requestSession.isWriteDue();
      await requestSession.commit();
      return performance.now() - started;
    };
    const [few, many] = [tagged(250), tagged(2000)];
    let [quickestFew, quickestMany] = [Infinity, Infinity];
    // The two are measured in turns, and the quickest turn of each counts: another process may slow down some turns, but not all.
    for (let round = 0; round < 20; round++) {
      quickestFew = Math.min(quickestFew, await timeOf(few));
      quickestMany = Math.min(quickestMany, await timeOf(many));
    }
    expect(quickestMany / quickestFew).toBeLessThan(28);
  });

  test("an older secret still opens a session, and the next write uses the newest", async () => {
    const old = createApp();
    await old.begin({ user: "alice" });
    const both = createApp({ secret: ["the newest secret of thirty-two characters", SECRET] });
    const requestSession = await both.open(old.header());
    expect(requestSession.session?.data).toEqual({ user: "alice" });
    requestSession.update({ again: true });
    both.store(await requestSession.commit());
    const newest = createApp({ secret: "the newest secret of thirty-two characters" });
    expect((await newest.open(both.header())).session?.data).toEqual({ user: "alice", again: true });
  });
});

describe("a session that does not fit", () => {
  test("is refused with a list of its largest fields, and the session stays as it was", async () => {
    const app = createApp();
    await app.begin({ user: { name: "alice" } });
    const requestSession = await app.open();
    requestSession.update({ user: { name: "alice", groups: "g".repeat(9000) }, theme: "dark" });
    const error = await requestSession.commit().catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(CookieTooLargeError);
    expect(error).toMatchObject({ limit: 7600, largest: [{ field: "data.user.groups", bytes: 9002 }, {}, {}] });
    expect(requestSession.session?.data).toEqual({ user: { name: "alice" } });
    expect(await requestSession.commit()).toEqual([]);
  });

  test("is refused also if it has a megabyte", async () => {
    const app = createApp({ maxCookieBytes: 16_384 });
    await app.begin({ user: "alice" });
    const requestSession = await app.open();
    requestSession.update({ bulk: "x".repeat(1_000_000) });
    await expect(requestSession.commit()).rejects.toBeInstanceOf(CookieTooLargeError);
    expect((await app.open()).session?.data).toEqual({ user: "alice" });
  });

  test("is refused only above maxCookieBytes: every smaller session opens again", async () => {
    const app = createApp({ maxCookieBytes: 16_384 });
    for (let bulk = 11_000; ; bulk += 50) {
      const requestSession = await app.open();
      requestSession.update({ bulk: "x".repeat(bulk) });
      try {
        app.store(await requestSession.commit());
      } catch (error) {
        expect(error).toBeInstanceOf(CookieTooLargeError);
        break;
      }
      expect((await app.open()).session?.data["bulk"]).toHaveLength(bulk);
    }
  });

  test("is one whose cookies together are too large", async () => {
    const app = createApp({ maxCookieBytes: 3000 });
    await app.begin({ bulk: "x".repeat(1000) });
    const requestSession = await app.open();
    requestSession.setTokens({ bulk: "y".repeat(1500) });
    await expect(requestSession.commit()).rejects.toMatchObject({ code: "cookie_too_large" });
  });
});

describe("a schema", () => {
  const schema = {
    "~standard": {
      version: 1 as const,
      vendor: "test",
      validate: async (value: unknown) =>
        typeof (value as Data)["count"] === "number" ? { value: value as Data } : { issues: [{ message: "count" }] },
    },
  };

  test("is checked whenever a session is opened; data that it refuses is no session, and its cookie is not deleted", async () => {
    const lax = createApp();
    await lax.begin({ count: "one" });
    const strict = createApp({ schema });
    const requestSession = await strict.open(lax.header());
    expect([requestSession.session, requestSession.reason]).toEqual([null, "invalid_content"]);
    expect(await requestSession.commit()).toEqual([]);
  });
});

describe("sessions in a store", () => {
  const inStore = () => {
    const clock = { now: () => START };
    const port = createMemoryPort(clock.now);
    return { port, app: createApp({ storage: inMemory(clock, port) }) };
  };

  test("have their data in the store, and none in the cookie", async () => {
    const { app } = inStore();
    await app.begin({ user: "alice", bulk: "x".repeat(5000) }, { token: "t" });
    expect(app.header().length).toBeLessThan(450);
    const requestSession = await app.open();
    expect(requestSession.session?.data["user"]).toBe("alice");
    expect(await requestSession.tokens()).toEqual({ token: "t" });
  });

  test("S2: that end are over for every copy of their cookie", async () => {
    const { app } = inStore();
    await app.begin({ user: "alice" });
    const stolen = app.header();
    const requestSession = await app.open();
    requestSession.destroy();
    app.store(await requestSession.commit());
    expect((await app.open(stolen)).reason).toBe("revoked");
  });

  test("P5: keep both of two concurrent updates", async () => {
    const { app } = inStore();
    await app.begin({ count: 0 });
    const [first, second] = [await app.open(), await app.open()];
    first.update((data) => ({ ...data, count: (data["count"] as number) + 1 }));
    second.update((data) => ({ ...data, count: (data["count"] as number) + 1 }));
    await Promise.all([first.commit(), second.commit()]);
    expect((await app.open()).session?.data).toEqual({ count: 2 });
  });

  test("reject an update that comes after another update and a sign-out", async () => {
    const { app } = inStore();
    await app.begin({ items: ["book"] });
    const [late, other, out] = [await app.open(), await app.open(), await app.open()];
    other.update((data) => ({ ...data, items: [] }));
    await other.commit();
    out.destroy();
    await out.commit();
    const updated: unknown[] = [];
    late.update((data) => {
      updated.push(structuredClone(data));
      return { items: [...(data["items"] as string[]), "pen"] };
    });
    await expect(late.commit()).rejects.toMatchObject({ code: "no_session" });
    expect([late.session, updated]).toEqual([null, [{ items: ["book"] }]]);
  });

  test("P4: that have ended are not restored by a late update", async () => {
    const { app } = inStore();
    await app.begin({ user: "alice" });
    const [late, out] = [await app.open(), await app.open()];
    out.destroy();
    app.store(await out.commit());
    late.update({ note: 1 });
    await expect(late.commit()).rejects.toMatchObject({ code: "no_session" });
    expect((await app.open()).session).toBeNull();
  });

  test("S30: have a new id after another sign-in, and the old record is deleted", async () => {
    const { app, port } = inStore();
    const before = (await app.begin({ user: "alice" })).session?.id as string;
    const after = (await app.begin({ user: "bob" })).session?.id as string;
    expect(after).not.toBe(before);
    const stored = async (id: string) => port.get(`session:${await sessionName(id)}`);
    expect(await stored(before)).toBeUndefined();
    expect(await stored(after)).toBeDefined();
    expect((await app.open()).session?.data).toEqual({ user: "bob" });
  });

  test("S3: that have expired are refused even if the store still has the record", async () => {
    const { app } = inStore();
    await app.begin({ user: "alice" });
    app.clock.time = START + 7 * DAY;
    expect((await app.open()).reason).toBe("expired");
  });
});

describe("wrong options fail at once", () => {
  test.each<[string, Partial<SessionsOptions<Data>>]>([
    ["a short secret", { secret: "short" }],
    ["no secret", { secret: [] }],
    ["a negative duration", { inactivityDuration: -1 }],
    ["a duration that is not a number", { absoluteDuration: Number.NaN }],
    ["rollAfter past the inactivity limit", { inactivityDuration: 60, rollAfter: 60 }],
    ["a negative maxCookieBytes", { maxCookieBytes: -1 }],
    ["a maxCookieBytes above the limit of servers", { maxCookieBytes: 16_385 }],
    ["a name with a semicolon", { cookie: { name: "a;b" } }],
    ["a domain with an attribute in it", { cookie: { domain: "a.example; Path=/x" } }],
    ["SameSite=None without Secure", { cookie: { sameSite: "none", secure: false } }],
    ["Partitioned without Secure", { cookie: { partitioned: true, secure: false } }],
    ["an unknown SameSite", { cookie: { sameSite: "loose" as never } }],
  ])("%s", (_what, options) => {
    expect(() => createApp(options)).toThrow(expect.objectContaining({ code: "invalid_config" }));
  });
});
