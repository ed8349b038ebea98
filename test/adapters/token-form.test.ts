import { describe, expect, test } from "vitest";
import { createAuth } from "../../adapters/edge.js";
import { createClock, createCookieJar, createTestProvider } from "../../adapters/testing/index.js";
import type { LatchkeyEvent } from "../../core/events.js";

type Body = Record<string, unknown>;

/** An app on two machines, a browser, and a provider whose next token response a test can alter. */
async function start() {
  const clock = createClock();
  const provider = await createTestProvider({ clock });
  const { issuer, clientId, clientSecret } = provider;
  let alter: ((body: Body) => Body) | undefined;
  const events: LatchkeyEvent[] = [];
  /** Machines share nothing: the process keeps the results of refreshes for each `fetch`. */
  const machine = () =>
    createAuth({
      issuer,
      clientId,
      clientSecret,
      secret: "a secret of at least thirty-two characters",
      baseUrl: "https://app.example",
      scope: "openid offline_access",
      now: clock.now,
      onEvent: (event) => void events.push(event),
      async fetch(input: string, init?: object) {
        const response = await provider.fetch(input, init);
        if (!alter || !input.endsWith("/token")) return response;
        const body = alter(await response.json());
        alter = undefined;
        return Response.json(body);
      },
    });
  const machines = [machine(), machine()] as const;
  const jar = createCookieJar();
  const send = async (at: 0 | 1, url: string) => {
    const response = await machines[at].handler(new Request(url, { headers: { cookie: jar.header(url) } }));
    jar.store(response, url);
    return response;
  };
  return {
    clock,
    events,
    failures: () => events.flatMap((event) => (event.type === "failed" ? [event.error.cause] : [])),
    alterNext(change: (body: Body) => Body) {
      alter = change;
    },
    async signIn() {
      const login = await send(0, "https://app.example/auth/login");
      const { url } = await provider.authorize(login.headers.get("location") ?? "");
      return (await send(0, url)).status;
    },
    /** The access token for a page, or the code of the error. */
    async token(at: 0 | 1): Promise<string> {
      const url = "https://app.example/page";
      const request = new Request(url, { headers: { cookie: jar.header(url) } });
      let said = "";
      const response = await machines[at].wrap(async (_request, auth) => {
        said = await auth.getAccessToken().catch((error: { code: string }) => `error ${error.code}`);
        return new Response();
      })(request);
      jar.store(response, url);
      return said;
    },
  };
}

const ODD: readonly unknown[] = [null, "", " ", 7, "7", true, {}, [], ["x"], [7], [null], "x y"];

describe.each(["expires_in", "scope", "id_token", "token_type", "access_token", "another_member"])(
  "a token response with an odd %s",
  (member) => {
    test.each(ODD.map((value) => [value]))(
      "as %j loses no rotated refresh token: the next machine refreshes with it",
      async (value) => {
        const app = await start();
        expect(await app.signIn()).toBe(302);
        app.clock.advance(3_600);
        app.alterNext((body) => ({ ...body, [member]: value }));
        const first = await app.token(0);
        const isUnusable = first.startsWith("error ");
        if (isUnusable) expect(first).toMatch(/^error (provider|id_token)_invalid$/);
        app.clock.advance(isUnusable ? 60 : 3_600);
        expect(await app.token(1)).not.toMatch(/^error/);
        expect(app.failures().length > 0 || !isUnusable).toBe(true);
      },
    );
  },
);

describe("a sign-in with an odd optional member", () => {
  test.each([
    ["expires_in", "soon"],
    ["scope", { of: "words" }],
    ["refresh_token", true],
  ])("%s begins the session, and the member is reported afterwards", async (member, value) => {
    const app = await start();
    app.alterNext((body) => ({ ...body, [member]: value }));
    expect(await app.signIn()).toBe(302);
    expect(await app.token(0)).not.toMatch(/^error/);
    expect(app.failures()).toEqual([{ member }]);
    const types = app.events.map(({ type }) => type);
    expect(types.indexOf("failed")).toBeGreaterThan(types.indexOf("signed_in"));
  });

  test("and with a scope that is a list, as Twitch sends it, no word is said", async () => {
    const app = await start();
    app.alterNext((body) => ({ ...body, scope: ["openid", "user:read:email"], expires_in: "3600", id_hint: null }));
    expect(await app.signIn()).toBe(302);
    expect(app.failures()).toEqual([]);
  });
});
