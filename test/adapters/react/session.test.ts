// @vitest-environment jsdom
import { createElement, type ReactNode } from "react";
import { renderToString } from "react-dom/server";
import { describe, expect, test, vi } from "vitest";
import {
  type LoginOptions,
  SessionProvider,
  type SessionProviderProps,
  useAuth,
  useSession,
  withLoginRequired,
} from "../../../adapters/react/index.js";
import { doing, hydrate, probe, settle, show, strictly, underReact } from "../../support/react.js";

underReact();

const alice = { sub: "alice", name: "Alice" };
const HOUR = 3_600_000;

/** The body of a response, or its status, or an error of the network, or text that is not JSON. */
type Answer = { user: object | null; expiresAt?: number } | number | Error | string;

/** A server that answers `/auth/me`. While `isHolding` is true, its responses wait for `release`. */
function createServer(answer: Answer) {
  const requests: Array<{ url: string; init: RequestInit }> = [];
  const waiting: Array<() => void> = [];
  const server = {
    answer,
    isHolding: false,
    requests,
    /** Sends the oldest response that waits. */
    release: () => doing(() => waiting.shift()?.()),
    fetch: (async (url: string, init: RequestInit) => {
      requests.push({ url, init });
      const { answer } = server;
      if (server.isHolding) await new Promise<void>((resolve) => waiting.push(resolve));
      if (answer instanceof Error) throw answer;
      if (typeof answer === "number") return new Response("no", { status: answer });
      return new Response(typeof answer === "string" ? answer : JSON.stringify(answer));
    }) as unknown as typeof fetch,
  };
  return server;
}

/** A tab with a component that shows the session. */
async function open(
  server: ReturnType<typeof createServer>,
  props: Omit<SessionProviderProps, "children"> = {},
  ...others: ReactNode[]
) {
  const { Probe, ...seen } = probe(useSession);
  const element = (more: SessionProviderProps = {}) =>
    createElement(SessionProvider, { fetch: server.fetch, ...props, ...more }, createElement(Probe), ...others);
  const place = await show(element());
  return { ...place, ...seen, give: (more: SessionProviderProps) => place.again(element(more)) };
}

const focus = () => doing(() => window.dispatchEvent(new Event("focus")));
const showAgain = () => doing(() => window.dispatchEvent(new PageTransitionEvent("pageshow", { persisted: true })));

describe("the first render", () => {
  test("shows the user whom the server passed, without a request", async () => {
    const server = createServer({ user: null });
    const { renders } = await open(server, { session: { user: alice } });
    expect(renders[0]).toMatchObject({ user: alice, isAuthenticated: true, isLoading: false, error: null });
    expect(server.requests).toEqual([]);
  });

  test("accepts the result of auth.getSession(), and takes the earlier of its two times of expiry", async () => {
    const session = { id: "x", user: alice, data: {}, beganAt: 0, writtenAt: 0, lastSeenAt: 0 };
    const end = Date.now() + HOUR;
    const { last } = await open(createServer({ user: null }), {
      session: { ...session, inactiveAt: end, endsAt: end + HOUR } as never,
    });
    expect(last().expiresAt).toBe(end);
  });

  test("shows that no user is signed in, if the server passed null", async () => {
    const server = createServer({ user: alice });
    const { renders } = await open(server, { session: null });
    expect(renders[0]).toMatchObject({ user: null, isAuthenticated: false, isLoading: false });
    expect(server.requests).toEqual([]);
  });

  test("is loading if the server passed nothing, and then asks the server", async () => {
    const server = createServer({ user: alice, expiresAt: Date.now() + HOUR });
    const { renders, last } = await open(server);
    expect(renders[0]).toMatchObject({ user: null, isAuthenticated: false, isLoading: true });
    expect(last()).toMatchObject({ user: alice, isAuthenticated: true, isLoading: false });
    expect(server.requests).toHaveLength(1);
    expect(server.requests[0]).toMatchObject({
      url: "/auth/me",
      init: { cache: "no-store", credentials: "same-origin" },
    });
  });

  test.each([
    ["a user", { user: alice }],
    ["no user", null],
    ["no session passed", undefined],
  ])("is what the server rendered: %s", async (_what, session) => {
    const server = createServer({ user: alice });
    const { Probe, last } = probe(useSession);
    const element = () =>
      strictly(createElement(SessionProvider, { fetch: server.fetch, session }, createElement(Probe)));
    const html = renderToString(element());
    const { text } = await hydrate(html, element());
    expect(last().isLoading).toBe(false);
    expect(text()).toContain(session === null ? '"user":null' : "Alice");
  });
});

describe("the page sends a request to the server", () => {
  test("once for ten components", async () => {
    const server = createServer({ user: alice });
    const many = Array.from({ length: 9 }, (_, key) => createElement(probe(useSession).Probe, { key }));
    const { text } = await open(server, {}, ...many);
    expect(text().match(/Alice/g)).toHaveLength(10);
    expect(server.requests).toHaveLength(1);
  });

  test("once for concurrent refreshes, and again for a later one", async () => {
    const server = createServer({ user: alice });
    const { last } = await open(server, { session: null });
    await doing(() => Promise.all([last().refresh(), last().refresh(), last().refresh()]));
    expect(server.requests).toHaveLength(1);
    expect(last().user).toEqual(alice);
    await doing(() => last().refresh());
    expect(server.requests).toHaveLength(2);
  });

  test("at the path where the routes are mounted", async () => {
    const server = createServer({ user: null });
    await open(server, { mount: "/docs/api/auth" });
    expect(server.requests[0]?.url).toBe("/docs/api/auth/me");
  });

  test("when the user returns to the page, at most every five seconds", async () => {
    vi.useFakeTimers();
    const server = createServer({ user: alice });
    await open(server);
    await focus();
    expect(server.requests).toHaveLength(1);
    await settle(5000);
    await focus();
    await focus();
    await doing(() => document.dispatchEvent(new Event("visibilitychange")));
    expect(server.requests).toHaveLength(2);
    await settle(5000);
    await doing(() => document.dispatchEvent(new Event("visibilitychange")));
    await settle(5000);
    await doing(() => window.dispatchEvent(new Event("online")));
    expect(server.requests).toHaveLength(4);
  });

  test("not when the page becomes hidden", async () => {
    vi.useFakeTimers();
    const server = createServer({ user: alice });
    await open(server);
    await settle(5000);
    vi.spyOn(document, "visibilityState", "get").mockReturnValue("hidden");
    await doing(() => document.dispatchEvent(new Event("visibilitychange")));
    expect(server.requests).toHaveLength(1);
  });

  test("when the browser restores the page", async () => {
    const server = createServer({ user: null });
    const { last } = await open(server, { session: { user: alice } });
    await doing(() => window.dispatchEvent(new PageTransitionEvent("pagehide", { persisted: true })));
    await showAgain();
    expect(last().user).toBeNull();
  });
});

describe("the end of the session", () => {
  test("makes the page send a request just after it", async () => {
    vi.useFakeTimers();
    const server = createServer({ user: null });
    const { last } = await open(server, { session: { user: alice, expiresAt: Date.now() + 60_000 } });
    await settle(60_000);
    expect(server.requests).toHaveLength(0);
    await settle(1000);
    expect(last()).toMatchObject({ user: null, isAuthenticated: false, error: null });
  });

  test("moves with activity in other pages", async () => {
    vi.useFakeTimers();
    const end = Date.now() + 60_000;
    const server = createServer({ user: alice, expiresAt: end + HOUR });
    const { last } = await open(server, { session: { user: alice, expiresAt: end } });
    await settle(61_000);
    expect(last()).toMatchObject({ user: alice, expiresAt: end + HOUR });
    await settle(HOUR - 2000);
    expect(server.requests).toHaveLength(1);
    await settle(2000);
    expect(server.requests).toHaveLength(2);
  });

  test("may be further away than a timer can count", async () => {
    vi.useFakeTimers();
    const days = 60 * 24 * HOUR;
    const server = createServer({ user: null });
    const { last } = await open(server, { session: { user: alice, expiresAt: Date.now() + days } });
    await settle(days);
    expect([last().user, server.requests.length]).toEqual([alice, 0]);
    await settle(1000);
    expect([last().user, server.requests.length]).toEqual([null, 1]);
  });

  test("that a wrong clock puts into the past causes a request once a minute, and not a loop", async () => {
    vi.useFakeTimers();
    const expiresAt = Date.now() - HOUR;
    const server = createServer({ user: alice, expiresAt });
    const { last } = await open(server);
    await settle(59_000);
    expect([last().user, server.requests.length]).toEqual([alice, 1]);
    await settle(2000);
    expect(server.requests).toHaveLength(2);
  });
});

describe("a failure", () => {
  test.each([
    ["there is no network", new TypeError("Failed to fetch"), undefined],
    ["the server fails", 503, 503],
    ["the routes are elsewhere", 404, 404],
    ["the response is a page", "<!doctype html>", undefined],
    ["the response has no user member", "{}", 200],
    ["the response is null", "null", 200],
  ])("changes nothing but the error when %s", async (_what, answer, status) => {
    const server = createServer(answer);
    const { last } = await open(server, { session: { user: alice } });
    await doing(() => last().refresh());
    expect(last()).toMatchObject({ user: alice, isAuthenticated: true, isLoading: false });
    expect(last().error).toMatchObject({ name: "SessionError", code: "session_unknown", status });
    server.answer = { user: alice };
    await doing(() => last().refresh());
    expect(last().error).toBeNull();
  });

  test("of the first request ends the loading state: an error, and no user", async () => {
    const { last } = await open(createServer(new TypeError("Failed to fetch")));
    expect(last()).toMatchObject({ user: null, isAuthenticated: false, isLoading: false });
    expect(last().error).toBeInstanceOf(Error);
  });

  test.each([
    ["the user null", { user: null }],
    ["status 401", 401],
  ] as const)("is not a response with %s: it says that no user is signed in", async (_what, answer) => {
    const { last } = await open(createServer(answer), { session: { user: alice } });
    await doing(() => last().refresh());
    expect(last()).toMatchObject({ user: null, isAuthenticated: false, error: null });
  });
});

describe("races", () => {
  test("a slow older response never replaces a newer one", async () => {
    const server = createServer({ user: alice });
    server.isHolding = true;
    const { last } = await open(server);
    server.answer = { user: null };
    server.isHolding = false;
    await doing(() => last().refresh());
    expect(last()).toMatchObject({ user: null, isLoading: false });
    await server.release();
    expect(last().user).toBeNull();
  });

  test("the caller of an older request gets the result of the newest one", async () => {
    const server = createServer({ user: null });
    const { last } = await open(server, { session: null });
    server.isHolding = true;
    let isDone = false;
    const first = last()
      .refresh()
      .then(() => {
        isDone = true;
      });
    await settle();
    server.answer = { user: alice };
    const second = last().refresh();
    await server.release();
    expect(isDone).toBe(false);
    await server.release();
    await doing(() => Promise.all([first, second]));
    expect(last().user).toEqual(alice);
  });

  test("unmounting aborts the request in flight, and leaves no timer", async () => {
    vi.useFakeTimers();
    const server = createServer({ user: alice, expiresAt: Date.now() + HOUR });
    const { last, renders, unmount } = await open(server);
    server.isHolding = true;
    const refreshing = last().refresh();
    const { signal } = server.requests[1]?.init ?? {};
    const count = renders.length;
    await unmount();
    expect(signal?.aborted).toBe(true);
    expect(vi.getTimerCount()).toBe(0);
    await server.release();
    await refreshing;
    await settle(2 * HOUR);
    await focus();
    await showAgain();
    expect([renders.length, server.requests.length]).toEqual([count, 2]);
  });

  test("StrictMode's double effects end in one state", async () => {
    const server = createServer({ user: alice });
    const { Probe, last } = probe(useSession);
    await show(strictly(createElement(SessionProvider, { fetch: server.fetch }, createElement(Probe))));
    expect(last()).toMatchObject({ user: alice, isLoading: false, error: null });
    expect(server.requests.filter(({ init }) => !init.signal?.aborted)).toHaveLength(1);
  });
});

describe("the state", () => {
  test("stays the same object while nothing changes, and nothing renders again", async () => {
    const server = createServer({ user: { ...alice } });
    const { last, renders } = await open(server);
    const [{ user }, count] = [last(), renders.length];
    await doing(() => last().refresh());
    expect(renders).toHaveLength(count);
    server.answer = { user: { ...alice }, expiresAt: Date.now() + HOUR };
    await doing(() => last().refresh());
    expect(renders).toHaveLength(count + 1);
    expect(last().user).toBe(user);
  });

  test("follows a later render of the server, and checks with a request that the session is the latest", async () => {
    const server = createServer({ user: { ...alice, name: "Alice B." } });
    const { last, renders, give } = await open(server, { session: null });
    await give({ session: { user: alice } });
    expect(renders.map(({ user }) => user?.name)).toContain("Alice");
    expect(last().user?.name).toBe("Alice B.");
  });

  test("is not undone by a parent that renders again with an older session", async () => {
    const server = createServer({ user: null });
    const { last, give } = await open(server, { session: { user: alice } });
    await doing(() => last().refresh());
    await give({ session: { user: { ...alice } } });
    expect(last().user).toBeNull();
    expect(server.requests).toHaveLength(1);
  });
});

describe("tabs", () => {
  /** Waits until messages between tabs have arrived. */
  const messagesArrive = () => settle(50);

  test("a tab that notices a sign-out makes each other tab send one request", async () => {
    const server = createServer({ user: alice });
    const tabs: Array<Awaited<ReturnType<typeof open>>> = [];
    for (let tab = 0; tab < 3; tab++) tabs.push(await open(server));
    await messagesArrive();
    const before = server.requests.length;
    server.answer = { user: null };
    await doing(() => tabs[0]?.last().refresh());
    await messagesArrive();
    expect(tabs.map(({ last }) => last().user)).toEqual([null, null, null]);
    expect(server.requests.length - before).toBe(3);
  });

  test("that send a request because of another tab send no message, so one change causes one request for each tab", async () => {
    const server = createServer({ user: alice });
    const tabs = [await open(server), await open(server), await open(server)];
    await messagesArrive();
    server.requests.length = 0;
    server.answer = { user: null };
    server.isHolding = true;
    void tabs[0]?.last().refresh();
    await settle();
    await server.release();
    await messagesArrive();
    expect(server.requests).toHaveLength(3);
    await server.release();
    await messagesArrive();
    expect(server.requests).toHaveLength(3);
  });

  test("get messages about changes only", async () => {
    const messages: unknown[] = [];
    const channel = new BroadcastChannel("latchkey/auth");
    channel.onmessage = ({ data }) => messages.push(data);
    const server = createServer({ user: alice });
    const { last } = await open(server);
    await doing(() => last().refresh());
    server.answer = { user: null };
    await doing(() => last().refresh());
    await messagesArrive();
    channel.close();
    expect(messages).toEqual(["alice", null]);
  });

  test("in the back-forward cache receive nothing", async () => {
    const server = createServer({ user: alice });
    await open(server, { session: { user: alice } });
    await doing(() => window.dispatchEvent(new PageTransitionEvent("pagehide", { persisted: true })));
    const channel = new BroadcastChannel("latchkey/auth");
    channel.postMessage(null);
    await messagesArrive();
    expect(server.requests).toEqual([]);
    await showAgain();
    expect(server.requests).toHaveLength(1);
    channel.postMessage(null);
    await messagesArrive();
    channel.close();
    expect(server.requests).toHaveLength(2);
  });

  test("a tab that returns from a sign-in makes the others send a request", async () => {
    const server = createServer({ user: null });
    const old = await open(server, { session: null });
    server.answer = { user: alice };
    await open(server, { session: { user: alice } });
    await messagesArrive();
    expect(old.last().user).toEqual(alice);
  });

  test("send no message if nothing changed", async () => {
    const server = createServer({ user: alice });
    await open(server, { session: { user: alice } });
    await open(server, { session: { user: alice } });
    await messagesArrive();
    expect(server.requests).toEqual([]);
  });

  test("of another app of the same site are ignored", async () => {
    const server = createServer({ user: null });
    const other = await open(server, { session: { user: alice }, mount: "/other/auth" });
    await open(server, { session: null });
    await messagesArrive();
    expect(other.last().user).toEqual(alice);
  });

  test("are not needed: without BroadcastChannel a tab shows its own session", async () => {
    vi.stubGlobal("BroadcastChannel", undefined);
    const { last } = await open(createServer({ user: alice }));
    expect(last().user).toEqual(alice);
  });
});

describe("useAuth under a SessionProvider", () => {
  async function openAuth(props: SessionProviderProps = {}) {
    const navigations: string[] = [];
    const posted: string[] = [];
    vi.spyOn(HTMLFormElement.prototype, "submit").mockImplementation(function submit(this: HTMLFormElement) {
      posted.push(`${this.method} ${this.getAttribute("action")}`);
    });
    const { Probe, last } = probe(() => useAuth({ audience: "https://api.example", scope: "read" }));
    const navigate = (url: string) => void navigations.push(url);
    await show(createElement(SessionProvider, { session: { user: alice }, navigate, ...props }, createElement(Probe)));
    return { navigations, posted, last };
  }

  test("has the user, and no access token: the server keeps the tokens", async () => {
    const { last } = await openAuth();
    expect(last()).toMatchObject({ user: alice, isAuthenticated: true, isLoading: false, accessToken: null });
  });

  test("login goes to the server's route, and returns to the current page", async () => {
    history.replaceState(null, "", "/shows?page=2#end");
    const { last, navigations } = await openAuth();
    await last().login();
    expect(navigations).toEqual(["/auth/login?returnTo=%2Fshows%3Fpage%3D2%23end"]);
  });

  test("login sends authorization parameters to the server's route, under the names of the protocol", async () => {
    const { last, navigations } = await openAuth({ mount: "/api/auth" });
    await last().login({ appState: { returnTo: { pathname: "/shows", query: { id: "5" } } }, login_hint: "a@b" });
    await last().login({ returnTo: "/", loginHint: "a@b", maxAge: 0, prompt: "login", organization: "o" });
    expect(navigations).toEqual([
      "/api/auth/login?login_hint=a%40b&returnTo=%2Fshows%3Fid%3D5",
      "/api/auth/login?login_hint=a%40b&max_age=0&prompt=login&organization=o&returnTo=%2F",
    ]);
  });

  test.each<LoginOptions>([
    { popup: true },
    { audience: "https://api.example" },
    { scope: "read" },
    { appState: { returnTo: "/", cart: 1 } },
  ])("login refuses what the server's route cannot carry: %j", async (options) => {
    const { last, navigations } = await openAuth();
    await expect(last().login(options)).rejects.toThrow(/under a SessionProvider/);
    expect(navigations).toEqual([]);
  });

  test("logout posts a form", async () => {
    const { last, posted } = await openAuth();
    await last().logout();
    await last().logout({ returnTo: "/bye" });
    expect(posted).toEqual(["post /auth/logout", "post /auth/logout?returnTo=%2Fbye"]);
  });
});

test("outside of a provider the hooks throw an error that says what to do", () => {
  expect(() => renderToString(createElement(probe(useSession).Probe))).toThrow(/AuthProvider or SessionProvider/);
});

describe("withLoginRequired with a requirement", () => {
  const billing = { ...alice, roles: ["billing"] };
  const Invoices = withLoginRequired(() => "invoices", {
    claims: { roles: "billing" },
    allow: ({ sub }) => sub === "alice",
  });
  const onForbidden = () => "no invoices for you";
  const shown = async (user: object | null, navigate = vi.fn()) => {
    const element = createElement(SessionProvider, {
      fetch: createServer({ user }).fetch,
      session: { user } as never,
      navigate,
      onForbidden,
      // biome-ignore lint/correctness/noChildrenProp: the types of createElement want the children of these props here
      children: createElement(Invoices),
    });
    const { text } = await show(element);
    return { text: text(), navigate };
  };

  test("shows the component to a user who meets it", async () => {
    expect((await shown(billing)).text).toBe("invoices");
  });

  test("shows what onForbidden renders to a user who does not, and does not redirect", async () => {
    for (const user of [alice, { ...billing, sub: "bob" }, { ...alice, roles: "billings" }]) {
      const { text, navigate } = await shown(user);
      expect(text).toBe("no invoices for you");
      expect(navigate).not.toHaveBeenCalled();
    }
  });

  test("redirects a visitor to sign in", async () => {
    const { text, navigate } = await shown(null);
    expect(text).toBe("");
    expect(navigate).toHaveBeenCalledOnce();
  });
});
