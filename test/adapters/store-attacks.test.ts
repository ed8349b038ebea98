import { inspect } from "node:util";
import { expect, test } from "vitest";
import { createMemoryStore, createStore, type StorePort } from "../../adapters/index.js";
import { createCookieJar } from "../../adapters/testing/index.js";
import type { FetchInit } from "../../core/ports.js";
import { createMemoryPort } from "../../core/store/memory.js";
import { createEdgeAuth, type EdgeAuth } from "../support/edge-auth.js";

const inStore = { session: { storage: "store" as const } };

test("a request that stays open neither refreshes after a sign-out everywhere, nor spends a token that another request has replaced", async () => {
  const store = createMemoryStore();
  const edge = await createEdgeAuth({ store, ...inStore });
  await edge.signIn();
  const handle = edge.auth.wrap(async (request, { getAccessToken }) => {
    await getAccessToken();
    await edge.send(
      edge.auth.wrap(async (_request, other) => new Response(await other.getAccessToken({ refresh: true }))),
    );
    edge.clock.advance(3_590);
    await getAccessToken();
    const before = edge.tokenRequests();
    await store.signOutEverywhere("alice");
    edge.clock.advance(3_601);
    const code = await getAccessToken().catch((error) => error.code);
    return Response.json([code, edge.tokenRequests() - before, request.url]);
  });
  const [code, refreshes] = (await (await handle(edge.request())).json()) as [string, number];
  expect([code, refreshes]).toEqual(["no_access_token", 0]);
});

test.each(["cookies", "store"] as const)(
  "a sign-in that is under way during a sign-out everywhere is refused, sessions in %s",
  async (storage) => {
    const store = createMemoryStore();
    const edge = await createEdgeAuth({ store, session: { storage } });
    await edge.signIn();
    const login = await edge.send(edge.auth.handler, "https://app.example/auth/login");
    edge.clock.advance(5);
    await store.signOutEverywhere("alice");
    edge.clock.advance(2);
    const { url } = await edge.provider.authorize(String(login.headers.get("location")), { user: { sub: "alice" } });
    const callback = await edge.send(edge.auth.handler, url);
    expect([callback.status, await callback.text()]).toEqual([400, expect.stringContaining("signed_out")]);
    await edge.signIn();
    expect(await (await edge.send(edge.auth.handler, "https://app.example/auth/me")).json()).toMatchObject({
      user: {},
    });
  },
);

test("the store of apps with several issuers wants to know which of them a user is of", async () => {
  const store = createMemoryStore();
  await createEdgeAuth({ store });
  await store.signOutEverywhere("alice");
  const other = await createEdgeAuth({ store, issuer: "https://other.example" });
  await expect(store.signOutEverywhere("alice")).rejects.toMatchObject({ code: "invalid_config" });
  await expect(store.sessionsOf("alice")).rejects.toMatchObject({ code: "invalid_config" });
  expect(await store.sessionsOf("alice", { issuer: other.options.issuer as string })).toEqual([]);
});

test("a value that was moved to the key of another session gives nobody that session", async () => {
  const values = new Map<string, string>();
  const memory = createMemoryPort(Date.now);
  let swap: ((key: string) => string) | undefined;
  const port: StorePort = {
    ...memory,
    async add(key, value, forMs) {
      if (key.startsWith("session:")) values.set(key, value);
      return memory.add(key, value, forMs);
    },
    replace: async (key, expected, value, forMs) => (swap ? swap(key) : memory.replace(key, expected, value, forMs)),
  };
  const edge = await createEdgeAuth({ store: createStore(port), ...inStore });
  await edge.signIn();
  const [alice] = [...values.keys()];
  const bob = createCookieJar();
  const login = await edge.auth.handler(new Request("https://app.example/auth/login"));
  bob.store(login, "https://app.example/");
  const { url } = await edge.provider.authorize(String(login.headers.get("location")), { user: { sub: "bob" } });
  await edge.auth.handler(new Request(url, { headers: { cookie: bob.header(url) } }));
  const bobs = [...values.entries()].find(([key]) => key !== alice)?.[1] as string;
  swap = (key) => (key === alice ? bobs : "");
  const update = edge.auth.wrap(async (_request, auth) => {
    const code = await auth.update({ cart: 1 }).then(
      () => "updated",
      (error) => error.code,
    );
    return Response.json({ code, user: auth.session?.user.sub });
  });
  expect(await (await update(edge.request())).json()).toEqual({ code: "store_conflict", user: "alice" });
});

test("an error of a client, which may hold the password of the database, is passed on without its command", async () => {
  const causes: string[] = [];
  const failing = Object.assign(new Error("WRONGPASS"), { command: { name: "hello", args: ["AUTH", "the password"] } });
  const port = { ...createMemoryPort(Date.now), get: () => Promise.reject(failing) };
  const edge = await createEdgeAuth({
    store: createStore(port),
    ...inStore,
    onEvent: (event) => void causes.push(inspect(event, { depth: 10 })),
  });
  await edge.signIn().catch(() => {});
  await edge.send(edge.auth.handler, "https://app.example/auth/me");
  expect(causes.join()).toContain("WRONGPASS");
  expect(causes.join()).not.toContain("the password");
});

test("a refresh whose session is signed out everywhere meanwhile brings no token, and its refresh token is revoked", async () => {
  const store = createMemoryStore();
  const revoked: string[] = [];
  let isSignedIn = false;
  const edge: EdgeAuth = await createEdgeAuth({
    store,
    ...inStore,
    fetch: async (url: string, init?: FetchInit) => {
      const response = await edge.provider.fetch(url, init as RequestInit);
      if (url.endsWith("/revoke")) revoked.push(String(init?.body));
      if (isSignedIn && url.endsWith("/token")) await store.signOutEverywhere("alice");
      return response;
    },
  });
  await edge.signIn();
  isSignedIn = true;
  const ask = edge.auth.wrap(async (_request, auth) =>
    auth.getAccessToken({ refresh: true }).then(
      () => new Response("token"),
      (error) => new Response(error.code),
    ),
  );
  expect(await (await ask(edge.request())).text()).toBe("no_session");
  expect(revoked).toHaveLength(1);
});

test("a store that answers wrongly makes no endless loop", async () => {
  const port: StorePort = { ...createMemoryPort(Date.now), add: async () => "junk", replace: async () => "junk" };
  const edge = await createEdgeAuth({ store: createStore(port) });
  await expect(edge.options.store?.signOutEverywhere("alice")).rejects.toMatchObject({ code: "store_conflict" });
});

test.each([[undefined], ["text"], [{ message: "away" }]])(
  "a client that rejects with %j is a store that is away",
  async (thrown) => {
    const port: StorePort = { ...createMemoryPort(Date.now), addMember: () => Promise.reject(thrown) };
    const edge = await createEdgeAuth({ store: createStore(port) });
    const login = await edge.send(edge.auth.handler, "https://app.example/auth/login");
    const { url } = await edge.provider.authorize(String(login.headers.get("location")));
    expect((await edge.send(edge.auth.handler, url)).status).toBe(503);
  },
);

test.each(["1", "NaN", "99999999999999"])(
  "a planted cookie %j that says that newer tokens are on their way keeps no ended session alive",
  async (value) => {
    const edge = await createEdgeAuth();
    await edge.signIn();
    edge.provider.misbehave("invalid_grant", { endpoint: "token" });
    let planted = "";
    const ask = async () => {
      const request = edge.request();
      const headers = { cookie: `${edge.cookieHeader()}${planted}` };
      const handle = edge.auth.wrap(async (_request, { getAccessToken }) =>
        getAccessToken({ refresh: true }).then(
          () => new Response(),
          (error) => new Response(error.code),
        ),
      );
      const response = await handle(new Request(request.url, { headers }));
      edge.store(response);
      return response.text();
    };
    expect(await ask()).toBe("refresh_conflict");
    const name = edge.cookieHeader().match(/[^ ;]+\.wait(?==)/)?.[0];
    expect(name).toBeDefined();
    edge.clock.advance(11);
    expect(edge.cookieHeader()).not.toContain(".wait=");
    planted = `; ${name}=${value}`;
    expect(await ask()).toBe("grant_ended");
  },
);
