import { beforeEach, describe, expect, test, vi } from "vitest";
import { createAuth } from "../../adapters/next/index.js";
import { createTestProvider, mintSession, type TestProvider } from "../../adapters/testing/index.js";

// The App Router's request, as `next/headers` would give it in a route handler; on the real thing: test/next.

interface Cookie {
  readonly name: string;
  readonly value: string;
}
const current = vi.hoisted(() => ({ store: undefined as unknown, headers: undefined as unknown }));
vi.mock("next/headers.js", () => ({ cookies: async () => current.store, headers: async () => current.headers }));

const base = "http://127.0.0.1:3000";
let provider: TestProvider;
beforeEach(async () => {
  provider = await createTestProvider();
});
const options = () => ({
  issuer: provider.issuer,
  clientId: provider.clientId,
  clientSecret: provider.clientSecret,
  secret: "a secret for tests of at least thirty-two characters",
  baseUrl: base,
  fetch: provider.fetch,
});
const cookieOf = (sub: string) => mintSession({ ...options(), user: { sub } });

/** What the browser holds once this request is answered. */
function request(cookie: string): Map<string, string> {
  const held = new Map(cookie.split("; ").map((pair) => pair.split(/=(.*)/).slice(0, 2) as [string, string]));
  current.headers = new Headers({ host: "127.0.0.1:3000" });
  current.store = {
    getAll: () => [...held].map(([name, value]) => ({ name, value })),
    set: ({ name, value }: Cookie) => held.set(name, value),
  };
  return held;
}

describe("in one request of the App Router", () => {
  test("writes side by side are all kept", async () => {
    request(await cookieOf("ada"));
    const auth = createAuth(options());
    await Promise.all([auth.update({ a: 1 }), auth.update({ b: 2 })]);
    expect((await createAuth(options()).getSession())?.data).toEqual({ a: 1, b: 2 });
  });

  test("a request that was only looked at takes the place of nobody", async () => {
    request(await cookieOf("ada"));
    const auth = createAuth(options());
    const other = new Request(`${base}/x`, { headers: { cookie: await cookieOf("bob") } });
    expect((await auth.getSession(other))?.user.sub).toBe("bob");
    expect((await auth.getSession())?.user.sub).toBe("ada");
    await auth.update({ a: 1 });
    expect((await auth.getSession())?.data).toEqual({ a: 1 });
  });

  test("data that is shaped like a request is data", async () => {
    request(await cookieOf("ada"));
    const auth = createAuth(options());
    await auth.update({ headers: { accept: "x" } });
    expect((await auth.getSession())?.data).toEqual({ headers: { accept: "x" } });
  });

  test.each([401, 403, 404])("a handler that leaves with Next's %d loses nothing that it wrote", async (status) => {
    const cookie = await cookieOf("ada");
    request(cookie);
    const handler = createAuth(options()).wrap(async (_request, { update }) => {
      await update({ a: 1 });
      throw Object.assign(new Error("Next's"), { digest: `NEXT_HTTP_ERROR_FALLBACK;${status}` });
    });
    const answer = await handler(new Request(`${base}/x`, { headers: { cookie } }));
    expect([answer.status, answer.headers.get("cache-control")]).toEqual([status, "private, no-store"]);
    expect(answer.headers.getSetCookie().length).toBeGreaterThan(0);
  });
});
