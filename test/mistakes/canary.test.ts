import { afterEach, describe, expect, test } from "vitest";
import { checkSetup } from "../../adapters/check/index.js";
import type { AuthOptions } from "../../adapters/express.js";
import { expressApps } from "../support/express-app.js";
import { createCanary } from "./canary.js";
import { type Emitted, type Listening, navigate, record, startWorld, type World } from "./world.js";

const app = expressApps["Express 5"];
const listenings: readonly Listening[] = ["console", "hooks"];

let world: World | undefined;
afterEach(async () => {
  await world?.close();
  world = undefined;
});

/** Signs in, refreshes the access token, and signs out. */
async function live(browser: Parameters<typeof navigate>[0], world: World, emitted: Emitted): Promise<void> {
  await navigate(browser, world, emitted);
  await browser.get("/token?force");
  const headers = { "sec-fetch-site": "same-origin", "sec-fetch-mode": "navigate", accept: "text/html" };
  await browser.get("/auth/logout", { method: "POST", headers });
}

/** All that was emitted, except the request that `onFailure` gets, which is the app's own. */
const shownOf = ({ failures, ...rest }: Emitted) => [rest, failures.map(({ request: _, ...failure }) => failure)];

test("the canary finds a secret in every form, and a part of a long one", () => {
  const { leaksIn } = createCanary(["a secret/with+signs", "0123456789abcdefghijklmnopqrstuv"]);
  for (const text of [
    "a secret/with+signs",
    encodeURIComponent("a secret/with+signs"),
    Buffer.from("a secret/with+signs").toString("base64url"),
    "0123456789abcdefghij",
  ])
    expect(leaksIn([{ deep: { cause: new Error("x", { cause: { description: `said ${text}.` } }) } }])).toHaveLength(1);
  expect(leaksIn("nothing of that")).toEqual([]);
});

describe.each([
  ["with pushed requests", true],
  ["without pushed requests", false],
])("a sign-in, a refresh and a sign-out %s", (_name, pushedRequests) => {
  test("emit no secret, token, code, verifier, state, nonce or cookie", async () => {
    world = await startWorld({ pushedRequests });
    const options = { ...world.right, userinfo: true };
    for (const listening of listenings) {
      const emitted = await record(world, app, options, listening, live);
      if (listening === "console") expect(emitted.lines).toEqual([]);
      else
        expect(emitted.events.map(({ type }) => type)).toEqual(
          expect.arrayContaining(["signed_in", "session_opened", "refreshed", "signed_out"]),
        );
      expect(world.canary.leaksIn(shownOf(emitted))).toEqual([]);
    }
    const report = await checkSetup({ ...options, env: {} });
    expect(report.findings.length).toBeGreaterThan(5);
    expect(world.canary.leaksIn(report)).toEqual([]);
    // The canary saw secrets of every kind.
    expect(world.canary.secrets.size).toBeGreaterThan(40);
  });
});

/** A `fetch` to a provider that repeats in its error all that it gets at the endpoint, in every form. */
const repeatingAt =
  (path: string, grant: string, { right }: World): NonNullable<AuthOptions["fetch"]> =>
  async (input: string | URL | Request, init?: RequestInit) => {
    const body = `${init?.body ?? ""}`;
    const isIt = new URL(String(input)).pathname === path && body.includes(grant);
    const send = right.fetch as typeof globalThis.fetch;
    const response = await send(input, init);
    if (!isIt) return response;
    const authorization = new Headers(init?.headers).get("authorization") ?? "";
    const credentials = authorization.replace(/^\w+ /, "");
    const form = [...new URLSearchParams(body)].flat();
    // Descriptions are cut at 300 characters: each text must be near the beginning once.
    const texts = [authorization, Buffer.from(credentials, "base64").toString("latin1"), body, ...form, credentials];
    const at = repeated++ % texts.length;
    const description = [...texts.slice(at), ...texts.slice(0, at)].join(" ");
    return Response.json({ error: "invalid_request", error_description: description }, { status: 400 });
  };
let repeated = 0;

describe("a provider that repeats in its error all that it was sent", () => {
  const endpoints: ReadonlyArray<readonly [name: string, path: string, grant: string]> = [
    ["a pushed request", "/request", "code_challenge"],
    ["a code", "/token", "grant_type=authorization_code"],
    ["a refresh", "/token", "grant_type=refresh_token"],
    ["a revocation", "/token/revocation", "token="],
    ["userinfo", "/me", ""],
  ];
  test.each(endpoints)("at %s", async (_name, path, grant) => {
    for (const clientAuthentication of ["client_secret_basic", "client_secret_post"] as const) {
      world = await startWorld({ pushedRequests: path === "/request", revocation: true });
      const fetch = repeatingAt(path, grant, world);
      const options = { ...world.right, userinfo: true, clientAuthentication, fetch };
      // Once for each text that may come first.
      for (let turn = 0; turn < 12; turn++) {
        const before = repeated;
        const emitted = await record(world, app, options, listenings[turn % 2] as Listening, live);
        expect(repeated).toBeGreaterThan(before);
        expect(
          [...emitted.lines, ...emitted.events.map((event) => ("error" in event ? event.error.message : ""))].join(),
        ).toContain("***");
        expect(world.canary.leaksIn(shownOf(emitted))).toEqual([]);
      }
      await world.close();
      world = undefined;
    }
  });
});
