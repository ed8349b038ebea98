import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startApp, type TestApp } from "../support/app.js";
import { edgeApp } from "../support/edge-app.js";
import { expressApps } from "../support/express-app.js";
import { runtimes } from "../support/runtimes.js";

/** Every adapter, by what it runs on. */
const frameworks = { ...expressApps, "Edge, on Node": edgeApp, ...runtimes };

/** What a Set-Cookie line names. */
const nameOf = (line: string) => line.slice(0, line.indexOf("="));

describe.each(Object.entries(frameworks))("%s", (_name, framework) => {
  let app: TestApp;
  beforeAll(async () => {
    app = await startApp({
      framework,
      options: { apiOrigins: ["https://op.example"], session: { inactivityDuration: 3600, rollAfter: 360 } },
    });
  });
  afterAll(() => app.close());

  test("someone signs in, comes back to where they wanted to go, and is known", async () => {
    const browser = app.browser();
    const callback = await browser.signIn(
      { sub: "alice", name: "Alice" },
      "/auth/login?returnTo=%2Finvoices%3Fpage%3D2",
    );
    expect(callback.status).toBe(302);
    expect(callback.headers.location).toBe(`${app.url}/invoices?page=2`);
    const { session } = JSON.parse((await browser.navigate("/")).body);
    expect(session.user).toEqual({ sub: "alice", name: "Alice" });
    expect(session.data).toEqual({});
  });

  test("the routes say who is signed in, and that no one is", async () => {
    const browser = app.browser();
    expect(JSON.parse((await browser.fetch("/auth/me")).body)).toEqual({ user: null });
    await browser.signIn({ sub: "bob" });
    const me = await browser.fetch("/auth/me");
    expect(me.headers["cache-control"]).toBe("private, no-store");
    expect(JSON.parse(me.body)).toEqual({ user: { sub: "bob" }, expiresAt: app.clock.now() + 3_600_000 });
  });

  test("a page that needs a session sends a navigation to sign in and back", async () => {
    const browser = app.browser();
    const refused = await browser.navigate("/private?x=1&scope=admin");
    expect(refused.status).toBe(302);
    expect(refused.headers.location).toBe(`${app.url}/auth/login?returnTo=%2Fprivate%3Fx%3D1%26scope%3Dadmin`);
    const callback = await browser.signIn({ sub: "alice" }, refused.headers.location);
    expect(callback.headers.location).toBe(`${app.url}/private?x=1&scope=admin`);
    expect((await browser.navigate("/private")).body).toBe('{"sub":"alice"}');
  });

  test.each([
    ["a script", {}],
    ["a prefetch", { "sec-fetch-mode": "navigate", "sec-purpose": "prefetch" }],
    ["a router's data request", { rsc: "1" }],
  ])("%s that needs a session gets 401 and no redirect", async (_what, headers) => {
    const refused = await app.browser().fetch("/private", { headers });
    expect(refused.status).toBe(401);
    expect(refused.headers.location).toBeUndefined();
    expect(JSON.parse(refused.body).error).toBe("not_authenticated");
    expect(refused.headers["cache-control"]).toBe("private, no-store");
  });

  test("reading a session within rollAfter writes nothing", async () => {
    const browser = app.browser();
    await browser.signIn();
    app.clock.advance(359);
    const answer = await browser.navigate("/");
    expect(answer.setCookies).toEqual([]);
    expect(answer.headers["cache-control"]).toBe("private");
    expect(answer.headers.vary).toMatch(/\bCookie\b/);
  });

  test("past rollAfter one small cookie is written, and the session lives on", async () => {
    const browser = app.browser();
    await browser.signIn();
    app.clock.advance(3000);
    const answer = await browser.navigate("/untouched");
    expect(answer.setCookies.map(nameOf)).toEqual([expect.stringMatching(/^latchkey\.[\w-]{6}\.seen$/)]);
    expect(answer.setCookies[0]?.length).toBeLessThan(330);
    app.clock.advance(3000);
    expect((await browser.fetch("/private")).status).toBe(200);
  });

  test("without activity the session ends, and the app learns why", async () => {
    const browser = app.browser();
    await browser.signIn();
    const cookie = browser.jar.header(`${app.url}/`);
    app.clock.advance(3600);
    const answer = await app.browser().navigate("/", { headers: { cookie } });
    expect(JSON.parse(answer.body)).toEqual({ session: null, reason: "inactive" });
  });

  test("the app's own data is kept, merged and shown in the same request", async () => {
    const browser = app.browser();
    await browser.signIn();
    expect((await browser.fetch("/update?color=blue")).body).toBe('{"data":{"color":"blue"}}');
    expect((await browser.fetch("/update?size=m")).body).toBe('{"data":{"color":"blue","size":"m"}}');
    await browser.signIn({ sub: "alice", name: "Alice" });
    expect(JSON.parse((await browser.fetch("/")).body).session.data).toEqual({ color: "blue", size: "m" });
  });

  test("S30: another user's sign-in leaves nothing of the first, and the session id changes", async () => {
    const browser = app.browser();
    await browser.signIn({ sub: "alice" });
    await browser.fetch("/update?secret=of-alice");
    const before = JSON.parse((await browser.fetch("/")).body).session.id;
    await browser.signIn({ sub: "bob" });
    const { session } = JSON.parse((await browser.fetch("/")).body);
    expect(session.user.sub).toBe("bob");
    expect(session.data).toEqual({});
    expect(session.id).not.toBe(before);
    const left = browser.jar.names().filter((name) => name.includes(before.slice(0, 6)));
    expect(left).toEqual([`latchkey.${before.slice(0, 6)}.end`]);
  });

  test("signing out clears the browser and tells the provider who is leaving", async () => {
    const browser = app.browser();
    await browser.signIn();
    const answer = await browser.navigate("/auth/logout", {
      method: "POST",
      headers: { origin: app.url, "sec-fetch-site": "same-origin" },
    });
    expect(answer.status).toBe(303);
    const target = new URL(String(answer.headers.location));
    expect(target.origin).toBe("https://op.example");
    expect(target.searchParams.get("post_logout_redirect_uri")).toBe(`${app.url}/`);
    expect(target.searchParams.get("client_id")).toBe(app.provider.clientId);
    expect(target.searchParams.get("id_token_hint")).toMatch(/^ey/);
    expect(browser.jar.names()).toEqual([expect.stringMatching(/^latchkey\.[\w-]{6}\.end$/)]);
    expect((await browser.fetch("/private")).status).toBe(401);
  });

  test.each([
    ["another site's form", "POST", { "sec-fetch-site": "cross-site" }, 403],
    ["another site's form, in an old browser", "POST", { "sec-fetch-site": "", origin: "https://evil.example" }, 403],
    ["a link on another site", "GET", { "sec-fetch-site": "cross-site" }, 405],
    ["a typed address", "GET", { "sec-fetch-site": "none" }, 405],
    ["a prefetch", "GET", { "sec-fetch-site": "same-origin", "sec-purpose": "prefetch" }, 503],
    ["a router's prefetch", "GET", { "sec-fetch-site": "same-origin", rsc: "1" }, 204],
  ])("%s signs no one out", async (_what, method, extra, status) => {
    const browser = app.browser();
    await browser.signIn();
    const answer = await browser.navigate("/auth/logout", { method, headers: extra });
    expect(answer.status).toBe(status);
    expect(answer.setCookies).toEqual([]);
    expect((await browser.fetch("/private")).status).toBe(200);
  });

  test("a link on the app's own page may sign out", async () => {
    const browser = app.browser();
    await browser.signIn();
    expect((await browser.navigate("/auth/logout", { headers: { "sec-fetch-site": "same-origin" } })).status).toBe(302);
    expect((await browser.fetch("/private")).status).toBe(401);
  });

  test.each([
    ["a prefetch", { "sec-purpose": "prefetch" }, 503],
    ["a script", { "sec-fetch-mode": "cors" }, 204],
    ["a router's data request", { "x-nextjs-data": "1" }, 204],
  ])("%s starts no sign-in", async (_what, headers, status) => {
    const answer = await app.browser().navigate("/auth/login", { headers });
    expect(answer.status).toBe(status);
    expect(answer.setCookies).toEqual([]);
  });

  test("the access token is the one of the session, refreshed when it is due and when asked", async () => {
    const browser = app.browser();
    await browser.signIn();
    const token = async (path: string) => JSON.parse((await browser.fetch(path)).body).token;
    const first = await token("/token");
    expect(await token("/token")).toBe(first);
    const forced = await token("/token?force");
    expect(forced).not.toBe(first);
    expect(await token("/token")).toBe(forced);
    app.clock.advance(3550);
    await browser.navigate("/");
    expect(await token("/token")).not.toBe(forced);
  });

  test("answers that write cookies keep the app's own and are stored by no cache (S4)", async () => {
    const browser = app.browser();
    await browser.signIn();
    app.clock.advance(400);
    const answer = await browser.navigate("/untouched");
    expect(answer.setCookies).toHaveLength(1);
    expect(answer.headers["cache-control"]).toBe("private, no-store");
  });

  test("answers that read no session keep the app's caching", async () => {
    const browser = app.browser();
    await browser.signIn();
    const answer = await browser.navigate("/untouched");
    expect(answer.headers["cache-control"]).toBe("public, s-maxage=31536000");
  });
});

test("requireSession without auth() in front of it says so", async () => {
  const { default: express } = await import("express");
  const { requireSession } = await import("../../adapters/express.js");
  const app = express();
  app.get("/", requireSession(), (_req, res) => void res.send("never"));
  app.use(
    (
      error: { code?: string },
      _req: unknown,
      res: { status(code: number): { send(text: string): void } },
      _next: unknown,
    ) => res.status(500).send(String(error.code)),
  );
  const server = app.listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const { port } = server.address() as { port: number };
  const answer = await fetch(`http://127.0.0.1:${port}/`);
  expect([answer.status, await answer.text()]).toEqual([500, "ERR_CONFIG"]);
  server.close();
});
