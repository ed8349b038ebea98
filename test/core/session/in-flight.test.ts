import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { runs } from "../../support/runs.js";
import { createTestSessions, type TestRequest } from "./app.js";

/**
 * A browser with requests in flight. Each request has the cookies of the moment when it was sent, and is served at once. Its
 * response, with all Set-Cookie lines, arrives at a later step of the schedule.
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
  /** The time when the session of this response began, if it began one. */
  readonly began?: number;
}

/** A browser and an app. */
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
    /** Sends a request. `serve` says whether the response begins a session, or ends the session of the request. */
    async request(serve: (requestSession: TestRequest<Data, Tokens>) => "began" | "ended" | undefined) {
      now += 1;
      const requestSession = await open();
      const before = requestSession.session?.id;
      const outcome = serve(requestSession);
      const lines = await requestSession.commit();
      inFlight.push({
        lines,
        ...(outcome === "began" && { began: requestSession.session?.beganAt ?? 0 }),
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
  /** The latest beginning of a session whose sign-in response has arrived. */
  let newestArrived = 0;
  let generation = 0;
  const generations = new Map<string, number>();
  let users = 0;

  async function checkSession() {
    const requestSession = await world.open();
    const { session } = requestSession;
    if (!session) return;
    expect(ended.has(session.id), "a session that was signed out is back").toBe(false);
    expect(session.beganAt, "an earlier user's session is back").toBeGreaterThanOrEqual(newestArrived);
    const tokens = await requestSession.tokens();
    expect(tokens, "the token set is lost").toBeDefined();
    const known = generations.get(session.id) ?? 0;
    expect(tokens?.generation, "a refresh was undone").toBeGreaterThanOrEqual(known);
  }

  async function arrive(pick: number) {
    const response = world.deliver(pick);
    if (response?.ended) ended.add(response.ended);
    if (response?.began) newestArrived = Math.max(newestArrived, response.began);
    await checkSession();
  }

  const serve: Record<Exclude<Action, "deliver" | "wait">, () => Promise<void>> = {
    sign_in: () =>
      world.request((requestSession) => {
        requestSession.begin({ user: `user ${++users}` }, { generation: ++generation });
        return "began";
      }),
    sign_out: () =>
      world.request((requestSession) => {
        requestSession.destroy();
        return "ended";
      }),
    roll: () => world.request(() => undefined),
    update: () =>
      world.request((requestSession) => {
        if (requestSession.session) requestSession.update({ note: ++generation });
        return undefined;
      }),
    refresh: () =>
      world.request((requestSession) => {
        if (requestSession.session) requestSession.setTokens({ generation: ++generation });
        return undefined;
      }),
  };

  for (const { action, pick } of schedule) {
    if (action === "deliver") await arrive(pick);
    else if (action === "wait") world.wait(pick * 10);
    else await serve[action]();
  }
  while (world.inFlight.length > 0) await arrive(0);
  // The next writes delete the remaining cookies, twenty names each: sixteen concurrent sign-ins leave up to 47.
  for (let write = 0; write < 3; write++) {
    await serve.update();
    await arrive(0);
  }
  expect(world.cookies.size, "names left behind").toBeLessThanOrEqual(4);
  return { world, ended };
}

describe("responses arrive in any order", () => {
  test("two responses that end one session, with the later one first", async () => {
    const schedule = "sign_in deliver sign_in sign_in sign_out deliver:1 deliver:1 refresh sign_in".split(" ");
    await play(
      schedule.map((step) => {
        const [action, pick = "0"] = step.split(":");
        return { action: action as Action, pick: Number(pick) };
      }),
    );
  });

  test("no ended session and no earlier user is restored, and no token set is lost", async () => {
    await fc.assert(
      fc.asyncProperty(actions, async (schedule) => void (await play(schedule))),
      runs(),
    );
  });

  test("the session of the last sign-in stays, with any other responses in flight, if no user signs out", async () => {
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
