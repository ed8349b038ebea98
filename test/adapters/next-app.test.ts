import { beforeEach, describe, expect, test, vi } from "vitest";
import { createMemoryStore, createStore } from "../../adapters/index.js";
import { createAuth } from "../../adapters/next/index.js";
import { createTestProvider, mintSession, type TestProvider } from "../../adapters/testing/index.js";

// A fake of `next/headers` plays the App Router here; test/next has tests with real Next.

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

/** Begins a request with these cookies. Returns the browser's cookies, which the request can change. */
function beginRequest(cookie: string): Map<string, string> {
  const cookies = new Map(cookie.split("; ").map((pair) => pair.split(/=(.*)/).slice(0, 2) as [string, string]));
  current.headers = new Headers({ host: "127.0.0.1:3000" });
  current.store = {
    getAll: () => [...cookies].map(([name, value]) => ({ name, value })),
    set: ({ name, value }: Cookie) => cookies.set(name, value),
  };
  return cookies;
}

describe("in one request of the App Router", () => {
  test("requireSession throws if the store cannot give the session now, and sends no user to sign in", async () => {
    const memory = createMemoryStore();
    const away = createStore({ ...memory, get: () => Promise.reject(new Error("away")) });
    const session = { storage: "store" } as const;
    beginRequest(await mintSession({ ...options(), store: memory, session, user: { sub: "ada" } }));
    const auth = createAuth({ ...options(), store: away, session });
    await expect(auth.requireSession()).rejects.toMatchObject({ code: "store_unavailable" });
  });

  test("a sign-in of an action that fails leads to the login route, which shows the page of the failure", async () => {
    beginRequest("");
    const auth = createAuth({ ...options(), onEvent: () => {} });
    provider.misbehave("unreachable");
    await expect(auth.login({ returnTo: "/invoices" })).rejects.toMatchObject({
      digest: expect.stringContaining(`;${base}/auth/login?returnTo=%2Finvoices;`),
    });
  });

  test("concurrent updates are all stored", async () => {
    beginRequest(await cookieOf("ada"));
    const auth = createAuth(options());
    await Promise.all([auth.update({ a: 1 }), auth.update({ b: 2 })]);
    expect((await createAuth(options()).getSession())?.data).toEqual({ a: 1, b: 2 });
  });

  test("reading the session of another Request does not replace the session of the current one", async () => {
    beginRequest(await cookieOf("ada"));
    const auth = createAuth(options());
    const other = new Request(`${base}/x`, { headers: { cookie: await cookieOf("bob") } });
    expect((await auth.getSession(other))?.user.sub).toBe("bob");
    expect((await auth.getSession())?.user.sub).toBe("ada");
    await auth.update({ a: 1 });
    expect((await auth.getSession())?.data).toEqual({ a: 1 });
  });

  test("`update` with data that has a `headers` field treats it as data, not as a request", async () => {
    beginRequest(await cookieOf("ada"));
    const auth = createAuth(options());
    await auth.update({ headers: { accept: "x" } });
    expect((await auth.getSession())?.data).toEqual({ headers: { accept: "x" } });
  });

  test.each([401, 403, 404])(
    "an update is stored even if the handler then throws Next's error for %d",
    async (status) => {
      const cookie = await cookieOf("ada");
      beginRequest(cookie);
      const handler = createAuth(options()).wrap(async (_request, { update }) => {
        await update({ a: 1 });
        throw Object.assign(new Error("Next's"), { digest: `NEXT_HTTP_ERROR_FALLBACK;${status}` });
      });
      const response = await handler(new Request(`${base}/x`, { headers: { cookie } }));
      expect([response.status, response.headers.get("cache-control")]).toEqual([status, "private, no-store"]);
      expect(response.headers.getSetCookie().length).toBeGreaterThan(0);
    },
  );
});
