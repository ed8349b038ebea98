import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { CookieTooLargeError } from "../../../core/errors.js";
import { inStore } from "../../../core/session/in-store.js";
import type { SessionsOptions } from "../../../core/session/options.js";
import { createMemoryStore } from "../../../core/session/store.js";
import { runs } from "../../support/runs.js";
import { createTestSessions, SECRET } from "./app.js";

const START = 1_750_000_000_000;
const DAY = 86_400_000;

type Data = Record<string, unknown>;

/** One app with a clock, and a browser that keeps what it is sent. */
function createApp(options: Partial<SessionsOptions<Data>> = {}) {
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
    keep(lines: readonly string[]) {
      for (const line of lines) {
        const [pair = ""] = line.split(";", 1);
        const name = pair.slice(0, pair.indexOf("="));
        if (line.includes("Max-Age=0")) cookies.delete(name);
        else cookies.set(name, pair.slice(name.length + 1));
      }
      return lines;
    },
    async begin(data: Data, tokens?: unknown) {
      const scope = await this.open();
      scope.begin(data, tokens);
      this.keep(await scope.commit());
      return scope;
    },
  };
}

const jsonObject = fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 3 }), { maxKeys: 6 }).map((value) => {
  // JSON has no -0: what goes in is what JSON would give back.
  return JSON.parse(JSON.stringify(value)) as Data;
});

describe("a session comes back exactly as it was kept", () => {
  test("every JSON value, with its tokens", async () => {
    await fc.assert(
      fc.asyncProperty(jsonObject, fc.jsonValue({ maxDepth: 2 }), async (data, tokens) => {
        const app = createApp({ maxCookieBytes: 16_000 });
        await app.begin(data, [tokens]);
        const scope = await app.open();
        expect(scope.session?.data).toEqual(data);
        expect(await scope.tokens()).toEqual(JSON.parse(JSON.stringify([tokens])));
      }),
      runs(),
    );
  });

  test("large ones are cut into several cookies, each within what browsers keep", async () => {
    const app = createApp({ maxCookieBytes: 16_000 });
    const data = { text: Array.from({ length: 900 }, (_, index) => `${index}`).join(" ") };
    const scope = await app.open();
    scope.begin(data);
    const lines = app.keep(await scope.commit());
    expect(lines.length).toBeGreaterThan(1);
    for (const line of lines) expect(line.length).toBeLessThanOrEqual(4093);
    expect((await app.open()).session?.data).toEqual(data);
  });
});

describe("what was not sealed by us is no session", () => {
  test("any change of any byte of any cookie", async () => {
    const app = createApp({ maxCookieBytes: 16_000 });
    await app.begin({ user: "alice", text: "x".repeat(5000) }, { token: "secret" });
    app.clock.time += 3 * 3_600_000;
    app.keep(await (await app.open()).commit());
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
          const scope = await app.open(header);
          if (name.includes(".id.")) expect([scope.session, typeof scope.reason]).toEqual([null, "string"]);
          if (name.includes(".tok.")) expect(await scope.tokens()).toBeUndefined();
          // A stamp that does not open is none: the identity's own time serves.
          if (name.endsWith(".seen")) expect(scope.session?.lastSeenAt).toBe(START);
        },
      ),
      runs(),
    );
  });

  test("any bytes at all as a Cookie header", async () => {
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
        const scope = await app.open(parts.join(""));
        expect(scope.session).toBeNull();
        await scope.commit();
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
    const scope = await app.open(`${id}=${tokValue}; ${tok}=${idValue}`);
    expect([scope.session, scope.reason]).toEqual([null, "tampered"]);
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
  test("no interleaving of activity and clock moves outlives either limit", async () => {
    const moves = fc.array(
      fc.record({
        wait: fc.integer({ min: -3_600_000, max: 2 * DAY }),
        act: fc.constantFrom("look", "update", "nothing"),
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
          const scope = await app.open();
          const { session } = scope;
          if (session) {
            expect(now).toBeLessThan(START + 7 * DAY);
            expect(now).toBeLessThan(lastSeen + DAY);
            expect(session.endsAt).toBe(START + 7 * DAY);
          }
          if (act === "nothing") continue;
          if (act === "update" && session) scope.update({ at: now });
          if (session) lastSeen = Math.max(lastSeen, now);
          app.keep(await scope.commit());
        }
      }),
      runs(),
    );
  });

  test("S1: exactly at the limit, whatever the browser still sends", async () => {
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

  test("a policy made shorter holds for sessions that began before it", async () => {
    const app = createApp({ rolling: false });
    await app.begin({ user: "alice" });
    const strict = createApp({ rolling: false, absoluteDuration: 3600 });
    strict.clock.time = START + 3_600_000;
    expect((await strict.open(app.header())).reason).toBe("expired");
  });

  test("J2: without rolling, no write moves the absolute limit, and there is no other", async () => {
    const app = createApp({ rolling: false });
    await app.begin({ user: "alice" });
    for (let day = 1; day < 7; day++) {
      app.clock.time = START + day * DAY;
      const scope = await app.open();
      scope.update({ day });
      app.keep(await scope.commit());
      expect(scope.session?.endsAt).toBe(START + 7 * DAY);
    }
    app.clock.time = START + 7 * DAY;
    expect((await app.open()).session).toBeNull();
  });
});

describe("only what changed is written", () => {
  test("reading writes nothing", async () => {
    const app = createApp();
    await app.begin({ user: "alice" });
    const scope = await app.open();
    expect(scope.session?.data).toEqual({ user: "alice" });
    expect(await scope.commit()).toEqual([]);
  });

  test("activity writes one small cookie, and only past rollAfter", async () => {
    const app = createApp();
    await app.begin({ user: "alice", bulk: "x".repeat(2000) });
    app.clock.time += DAY / 10 - 1;
    expect(await (await app.open()).commit()).toEqual([]);
    app.clock.time += 1;
    const lines = app.keep(await (await app.open()).commit());
    expect(lines).toHaveLength(1);
    expect(lines[0]?.length).toBeLessThan(330);
    expect(await (await app.open()).commit()).toEqual([]);
  });

  test("a write of the data leaves the tokens alone, and the other way round", async () => {
    const app = createApp();
    await app.begin({ user: "alice" }, { token: 1 });
    const scope = await app.open();
    scope.update({ note: 1 });
    expect((await scope.commit()).map((line) => line.split("=", 1)[0]?.slice(-5))).toEqual([".id.0"]);
    scope.setTokens({ token: 2 });
    expect((await scope.commit()).map((line) => line.split("=", 1)[0]?.slice(-6))).toEqual([".tok.0"]);
  });

  test("a session that grows smaller leaves no chunk behind (J1)", async () => {
    const app = createApp({ maxCookieBytes: 16_000 });
    await app.begin({ bulk: "x".repeat(10_000) });
    const scope = await app.open();
    expect([...app.cookies.keys()].filter((name) => name.includes(".id."))).toHaveLength(4);
    scope.update({ bulk: "" });
    app.keep(await scope.commit());
    expect(scope.session?.beganAt).toBe((await app.open()).session?.beganAt);
    expect([...app.cookies.keys()].filter((name) => name.includes(".id."))).toHaveLength(1);
  });

  test("a hundred tossed cookies do not become a hundred lines", async () => {
    const app = createApp();
    const tossed = Array.from(
      { length: 100 },
      (_, index) => `__Host-latchkey.${String(index).padStart(6, "0")}.tok.0=x`,
    );
    const scope = await app.open(tossed.join("; "));
    scope.begin({ user: "alice" });
    expect((await scope.commit()).length).toBeLessThan(30);
  });

  test("eight times the tags take eight times as long, not sixty-four", async () => {
    const { open } = createApp();
    const tagged = (count: number) =>
      Array.from({ length: count }, (_, index) => `__Host-latchkey.${String(index).padStart(6, "0")}.id.0=`).join(";");
    const timeOf = async (header: string) => {
      const started = performance.now();
      const scope = await open(header);
      scope.isWriteDue();
      await scope.commit();
      return performance.now() - started;
    };
    const [few, many] = [tagged(250), tagged(2000)];
    let [quickestFew, quickestMany] = [Infinity, Infinity];
    // In turns, and the quickest turn of each: another process may slow down some turns, but not all of them.
    for (let round = 0; round < 20; round++) {
      quickestFew = Math.min(quickestFew, await timeOf(few));
      quickestMany = Math.min(quickestMany, await timeOf(many));
    }
    expect(quickestMany / quickestFew).toBeLessThan(28);
  });

  test("a secret that is no longer the newest still opens, and the next write is under the newest", async () => {
    const old = createApp();
    await old.begin({ user: "alice" });
    const both = createApp({ secret: ["the newest secret of thirty-two characters", SECRET] });
    const scope = await both.open(old.header());
    expect(scope.session?.data).toEqual({ user: "alice" });
    scope.update({ again: true });
    both.keep(await scope.commit());
    const newest = createApp({ secret: "the newest secret of thirty-two characters" });
    expect((await newest.open(both.header())).session?.data).toEqual({ user: "alice", again: true });
  });
});

describe("a session that does not fit", () => {
  test("is refused with what is large, and nothing is written or lost", async () => {
    const app = createApp();
    await app.begin({ user: { name: "alice" } });
    const scope = await app.open();
    scope.update({ user: { name: "alice", groups: "g".repeat(9000) }, theme: "dark" });
    const error = await scope.commit().catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(CookieTooLargeError);
    expect(error).toMatchObject({ limit: 7600, largest: [{ field: "data.user.groups", bytes: 9002 }, {}, {}] });
    expect(scope.session?.data).toEqual({ user: { name: "alice" } });
    expect(await scope.commit()).toEqual([]);
  });

  test("of a megabyte too", async () => {
    const app = createApp({ maxCookieBytes: 16_384 });
    await app.begin({ user: "alice" });
    const scope = await app.open();
    scope.update({ bulk: "x".repeat(1_000_000) });
    await expect(scope.commit()).rejects.toBeInstanceOf(CookieTooLargeError);
    expect((await app.open()).session?.data).toEqual({ user: "alice" });
  });

  test("whatever budget is allowed, what fits it opens again", async () => {
    const app = createApp({ maxCookieBytes: 16_384 });
    for (let bulk = 11_000; ; bulk += 50) {
      const scope = await app.open();
      scope.update({ bulk: "x".repeat(bulk) });
      try {
        app.keep(await scope.commit());
      } catch (error) {
        expect(error).toBeInstanceOf(CookieTooLargeError);
        break;
      }
      expect((await app.open()).session?.data["bulk"]).toHaveLength(bulk);
    }
  });

  test("counts all our cookies together", async () => {
    const app = createApp({ maxCookieBytes: 3000 });
    await app.begin({ bulk: "x".repeat(1000) });
    const scope = await app.open();
    scope.setTokens({ bulk: "y".repeat(1500) });
    await expect(scope.commit()).rejects.toMatchObject({ code: "cookie_too_large" });
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

  test("is checked whenever a session is opened; what it refuses is no session, and stays", async () => {
    const lax = createApp();
    await lax.begin({ count: "one" });
    const strict = createApp({ schema });
    const scope = await strict.open(lax.header());
    expect([scope.session, scope.reason]).toEqual([null, "invalid_content"]);
    expect(await scope.commit()).toEqual([]);
  });
});

describe("sessions in a store", () => {
  const inMemory = () => {
    const clock = { now: () => START };
    const store = createMemoryStore(clock);
    return { store, app: createApp({ storage: inStore(store) }) };
  };

  test("the cookie holds no data; the store does", async () => {
    const { app } = inMemory();
    await app.begin({ user: "alice", bulk: "x".repeat(5000) }, { token: "t" });
    expect(app.header().length).toBeLessThan(450);
    const scope = await app.open();
    expect(scope.session?.data["user"]).toBe("alice");
    expect(await scope.tokens()).toEqual({ token: "t" });
  });

  test("S2: ending a session ends every copy of its cookie", async () => {
    const { app } = inMemory();
    await app.begin({ user: "alice" });
    const stolen = app.header();
    const scope = await app.open();
    scope.destroy();
    app.keep(await scope.commit());
    expect((await app.open(stolen)).reason).toBe("revoked");
  });

  test("P5: two updates at the same time are both kept", async () => {
    const { app } = inMemory();
    await app.begin({ count: 0 });
    const [first, second] = [await app.open(), await app.open()];
    first.update((data) => ({ ...data, count: (data["count"] as number) + 1 }));
    second.update((data) => ({ ...data, count: (data["count"] as number) + 1 }));
    await Promise.all([first.commit(), second.commit()]);
    expect((await app.open()).session?.data).toEqual({ count: 2 });
  });

  test("an update that meets another one and then a sign-out is applied to nothing, and is no error", async () => {
    const { app } = inMemory();
    await app.begin({ items: ["book"] });
    const [late, other, out] = [await app.open(), await app.open(), await app.open()];
    other.update((data) => ({ ...data, items: [] }));
    await other.commit();
    out.destroy();
    await out.commit();
    const given: unknown[] = [];
    late.update((data) => {
      given.push(structuredClone(data));
      return { items: [...(data["items"] as string[]), "pen"] };
    });
    const lines = await late.commit();
    expect(lines.filter((line) => !line.includes("Max-Age=0;"))).toEqual([]);
    expect([late.session, given]).toEqual([null, [{ items: ["book"] }]]);
  });

  test("P4: a late update does not bring back what was ended", async () => {
    const { app } = inMemory();
    await app.begin({ user: "alice" });
    const [late, out] = [await app.open(), await app.open()];
    out.destroy();
    app.keep(await out.commit());
    late.update({ note: 1 });
    app.keep(await late.commit());
    expect((await app.open()).session).toBeNull();
  });

  test("S30: a new session has a new id, and the old one is gone", async () => {
    const { app, store } = inMemory();
    const before = (await app.begin({ user: "alice" })).session?.id as string;
    const after = (await app.begin({ user: "bob" })).session?.id as string;
    expect(after).not.toBe(before);
    expect(await store.read(before)).toBeUndefined();
    expect((await store.read(after))?.content).toEqual({ user: "bob" });
  });

  test("S3: a record that the store should have forgotten is refused all the same", async () => {
    const { app } = inMemory();
    await app.begin({ user: "alice" });
    app.clock.time = START + 7 * DAY;
    expect((await app.open()).reason).toBe("expired");
  });
});

describe("the store port, in memory", () => {
  test("what is past its time is forgotten, and touching moves only the time", async () => {
    const clock = { time: START, now: () => clock.time };
    const store = createMemoryStore(clock);
    await store.create("id", { content: 1, writtenAt: START }, START + 1000);
    expect(await store.touch("id", START + 2000)).toBe(true);
    clock.time += 1500;
    expect(await store.read("id")).toMatchObject({ content: 1, version: 1 });
    clock.time += 500;
    expect(await store.read("id")).toBeUndefined();
    expect(await store.touch("id", START + 9000)).toBe(false);
    expect(await store.update("id", { content: 2, writtenAt: START }, 1, START + 9000)).toBe("missing");
  });
});

describe("wrong options fail at once", () => {
  test.each<[string, Partial<SessionsOptions<Data>>]>([
    ["a short secret", { secret: "short" }],
    ["no secret", { secret: [] }],
    ["a negative duration", { inactivityDuration: -1 }],
    ["a duration that is none", { absoluteDuration: Number.NaN }],
    ["rollAfter past the inactivity limit", { inactivityDuration: 60, rollAfter: 60 }],
    ["a budget that is none", { maxCookieBytes: -1 }],
    ["a budget that no server takes", { maxCookieBytes: 16_385 }],
    ["a name with a semicolon", { cookie: { name: "a;b" } }],
    ["a domain with an attribute in it", { cookie: { domain: "a.example; Path=/x" } }],
    ["SameSite=None without Secure", { cookie: { sameSite: "none", secure: false } }],
    ["Partitioned without Secure", { cookie: { partitioned: true, secure: false } }],
    ["an unknown SameSite", { cookie: { sameSite: "loose" as never } }],
  ])("%s", (_what, options) => {
    expect(() => createApp(options)).toThrow(expect.objectContaining({ code: "invalid_config" }));
  });
});
