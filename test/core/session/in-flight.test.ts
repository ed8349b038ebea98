import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { runs } from "../../support/runs.js";
import { createTestSessions, type TestRequest } from "./app.js";

/**
 * A browser with requests in flight: each carries the cookies of the moment it was sent, is served at once, and its
 * response arrives whenever the schedule says, with all its Set-Cookie lines.
 */

type Data = { user: string; note?: number };
type Tokens = { generation: number };
type Action = "sign_in" | "sign_out" | "roll" | "update" | "refresh" | "deliver" | "wait";

const actions = fc.array(
  fc.record({
    action: fc.constantFrom<Action>(
      "sign_in",
      "sign_in",
      "sign_out",
      "roll",
      "update",
      "refresh",
      "deliver",
      "deliver",
      "deliver",
      "wait",
    ),
    pick: fc.nat({ max: 20 }),
  }),
  { minLength: 4, maxLength: 16 },
);

interface Response {
  readonly lines: readonly string[];
  /** The session that this response ended, if it ended one. */
  readonly ended?: string;
  /** When the session that this response began was begun. */
  readonly began?: number;
}

/** One browser, one app. */
function createWorld() {
  let now = 1_750_000_000_000;
  let draws = 0;
  const random = (bytes: number) => {
    const id = new Uint8Array(bytes);
    new DataView(id.buffer).setUint32(0, Math.imul(++draws, 0x9e3779b1) >>> 0);
    new DataView(id.buffer).setUint32(4, draws);
    return id;
  };
  const options = { inactivityDuration: 3600, absoluteDuration: 7200, rollAfter: 60 };
  const sessions = createTestSessions<Data, Tokens>(options, () => now, random);
  const cookies = new Map<string, string>();
  const inFlight: Response[] = [];
  const header = () => [...cookies].map(([name, value]) => `${name}=${value}`).join("; ");
  const open = () => sessions.open(header());

  return {
    cookies,
    inFlight,
    open,
    wait: (seconds: number) => {
      now += seconds * 1000;
    },
    /** `ends`: whether the response ends the session that the request came with. */
    async request(serve: (scope: TestRequest<Data, Tokens>) => "began" | "ended" | undefined) {
      now += 1;
      const scope = await open();
      const before = scope.session?.id;
      const outcome = serve(scope);
      const lines = await scope.commit();
      inFlight.push({
        lines,
        ...(outcome === "began" && { began: scope.session?.beganAt ?? 0 }),
        ...(outcome === "ended" && before !== undefined && { ended: before }),
      });
    },
    deliver(index: number): Response | undefined {
      const [response] = inFlight.splice(index % Math.max(1, inFlight.length), 1);
      for (const line of response?.lines ?? []) {
        const [pair = "", ...attributes] = line.split("; ");
        const name = pair.slice(0, pair.indexOf("="));
        if (attributes.includes("Max-Age=0")) cookies.delete(name);
        else cookies.set(name, pair.slice(name.length + 1));
      }
      return response;
    },
  };
}

async function play(schedule: ReadonlyArray<{ action: Action; pick: number }>) {
  const world = createWorld();
  const ended = new Set<string>();
  /** Sessions whose sign-in response has arrived, and the newest of them. */
  let newestArrived = 0;
  let generation = 0;
  const generations = new Map<string, number>();
  let users = 0;

  async function look() {
    const scope = await world.open();
    const { session } = scope;
    if (!session) return;
    expect(ended.has(session.id), "a session that was signed out is back").toBe(false);
    expect(session.beganAt, "an earlier user's session is back").toBeGreaterThanOrEqual(newestArrived);
    const tokens = await scope.tokens();
    expect(tokens, "the token set is lost").toBeDefined();
    const known = generations.get(session.id) ?? 0;
    expect(tokens?.generation, "a refresh was undone").toBeGreaterThanOrEqual(known);
  }

  async function arrive(pick: number) {
    const response = world.deliver(pick);
    if (response?.ended) ended.add(response.ended);
    if (response?.began) newestArrived = Math.max(newestArrived, response.began);
    await look();
  }

  const serve: Record<Exclude<Action, "deliver" | "wait">, () => Promise<void>> = {
    sign_in: () =>
      world.request((scope) => {
        scope.begin({ user: `user ${++users}` }, { generation: ++generation });
        return "began";
      }),
    sign_out: () =>
      world.request((scope) => {
        scope.destroy();
        return "ended";
      }),
    roll: () => world.request(() => undefined),
    update: () =>
      world.request((scope) => {
        if (scope.session) scope.update({ note: ++generation });
        return undefined;
      }),
    refresh: () =>
      world.request((scope) => {
        if (scope.session) scope.setTokens({ generation: ++generation });
        return undefined;
      }),
  };

  for (const { action, pick } of schedule) {
    if (action === "deliver") await arrive(pick);
    else if (action === "wait") world.wait(pick * 10);
    else await serve[action]();
  }
  while (world.inFlight.length > 0) await arrive(0);
  // Whatever was left behind goes with the next writes, twenty names each: sixteen sign-ins at once leave up to 47.
  for (let write = 0; write < 3; write++) {
    await serve.update();
    await arrive(0);
  }
  expect(world.cookies.size, "names left behind").toBeLessThanOrEqual(4);
  return { world, ended };
}

describe("responses arrive in any order", () => {
  test("two responses that ended the same session, the later one first", async () => {
    const schedule = "sign_in deliver sign_in sign_in sign_out deliver:1 deliver:1 refresh sign_in".split(" ");
    await play(
      schedule.map((step) => {
        const [action, pick = "0"] = step.split(":");
        return { action: action as Action, pick: Number(pick) };
      }),
    );
  });

  test("no ended session, no earlier user comes back; no token set is lost", async () => {
    await fc.assert(
      fc.asyncProperty(actions, async (schedule) => void (await play(schedule))),
      runs(),
    );
  });

  test("the last sign-in survives whatever else is in flight, unless it was signed out", async () => {
    const quiet = actions.map((schedule) => schedule.filter(({ action }) => action !== "sign_out"));
    await fc.assert(
      fc.asyncProperty(quiet, async (schedule) => {
        const { world } = await play(schedule);
        const signedIn = schedule.filter(({ action }) => action === "sign_in").length;
        const { session } = await world.open();
        expect(session?.data.user).toBe(signedIn === 0 ? undefined : `user ${signedIn}`);
      }),
      runs(),
    );
  });
});
