// @vitest-environment jsdom
import { Component, createElement, type ReactNode, Suspense, startTransition, useState } from "react";
import { renderToString } from "react-dom/server";
import { describe, expect, test, vi } from "vitest";
import { stateOf } from "../../../adapters/browser/state.js";
import {
  type AppState,
  Auth0Provider,
  type AuthHandlers,
  AuthProvider,
  type UseAuth,
  useAuth,
  useSession,
  withAuth,
  withLoginRequired,
} from "../../../adapters/react/index.js";
import { ExchangeError } from "../../../core/errors.js";
import { createFakeClient, type FakeClient } from "../../support/fake-client.js";
import { doing, hydrate, probe, settle, show, strictly, underReact } from "../../support/react.js";

underReact();

const alice = { sub: "alice", name: "Alice" };

const under = ({ client }: FakeClient, handlers: AuthHandlers, ...children: ReactNode[]) =>
  createElement(AuthProvider, { client, ...handlers }, ...children);

async function open(fake: FakeClient, handlers: AuthHandlers = {}) {
  const { Probe, ...seen } = probe(() => useAuth());
  return { ...(await show(under(fake, handlers, createElement(Probe)))), ...seen };
}

describe("the user", () => {
  test("is unknown at the first render, and known afterwards", async () => {
    const { renders, last } = await open(createFakeClient({ user: alice }));
    expect(renders[0]).toMatchObject({ user: null, isAuthenticated: false, isLoading: true, error: null });
    expect(last()).toMatchObject({ user: alice, isAuthenticated: true, isLoading: false, error: null });
  });

  test("has no access token beside it, unless the component requests one", async () => {
    const { last } = await open(createFakeClient({ user: alice }));
    expect(Object.keys(last()).sort()).toEqual(["error", "isAuthenticated", "isLoading", "login", "logout", "user"]);
  });

  test("is shown at once if the client knows it", async () => {
    const { renders } = await open(createFakeClient({ user: alice, known: true }));
    expect(renders[0]).toMatchObject({ user: alice, isLoading: false });
  });

  test("is hydrated from the loading state that a server renders", async () => {
    const fake = createFakeClient({ user: alice, known: true });
    const { Probe, last } = probe(() => useAuth());
    const element = () => strictly(under(fake, {}, createElement(Probe)));
    const html = renderToString(element());
    expect(html).toContain("isLoading&quot;:true");
    const { text } = await hydrate(html, element());
    expect(text()).toContain("Alice");
    expect(last().isLoading).toBe(false);
  });

  test("follows the client: a sign-out in another tab, another user", async () => {
    const fake = createFakeClient({ user: alice });
    const { last } = await open(fake);
    await doing(() => fake.tell(stateOf(null)));
    expect(last()).toMatchObject({ user: null, isAuthenticated: false });
    await doing(() => fake.tell(stateOf({ sub: "bob" })));
    expect(last().user?.sub).toBe("bob");
  });

  test("is the same in useSession", async () => {
    const fake = createFakeClient({ user: alice });
    const { Probe, last } = probe(useSession);
    await show(under(fake, {}, createElement(Probe)));
    expect(last()).toMatchObject({ user: alice, isAuthenticated: true, isLoading: false, error: null });
    await doing(() => last().refresh());
    expect(fake.called("getUser")).toHaveLength(2);
  });

  test("that the client cannot find out is an error, reported once", async () => {
    const fake = createFakeClient();
    const error = new ExchangeError("provider_unreachable");
    fake.control.restore = () => Promise.reject(error);
    const onLoginError = vi.fn();
    const { last } = await open(fake, { onLoginError });
    expect(last()).toMatchObject({ user: null, isLoading: false, error });
    expect(onLoginError.mock.calls).toEqual([[error]]);
  });

  test("survives a component that suspends", async () => {
    const fake = createFakeClient({ user: alice });
    let isReady = false;
    let finish = () => {};
    const pending = new Promise<void>((resolve) => {
      finish = resolve;
    });
    const { Probe, last } = probe(() => useAuth());
    const Waiting = () => {
      if (!isReady) throw pending;
      return createElement("b", null, "ready");
    };
    let turn = () => {};
    function Page() {
      const [isWaiting, setWaiting] = useState(false);
      turn = () => startTransition(() => setWaiting(true));
      return createElement(
        Suspense,
        { fallback: "…" },
        createElement(Probe),
        isWaiting ? createElement(Waiting) : null,
      );
    }
    const { text } = await show(under(fake, {}, createElement(Page)));
    await doing(() => turn());
    await doing(() => fake.tell(stateOf({ sub: "bob" })));
    isReady = true;
    await doing(finish);
    await settle();
    expect([last().user?.sub, text().includes("ready")]).toEqual(["bob", true]);
  });
});

describe("the callback", () => {
  const signedIn = (appState?: AppState | null) => async () => ({ returnTo: "/shows?page=2", appState });

  test("is completed once although StrictMode runs effects twice, and calls the app once", async () => {
    const fake = createFakeClient({ user: alice });
    const appState = { returnTo: { pathname: "/shows", query: { page: "2" } } };
    fake.control.callback = signedIn(appState);
    const onRedirectCallback = vi.fn();
    const { Probe, last } = probe(() => useAuth());
    await show(strictly(under(fake, { onRedirectCallback }, createElement(Probe))));
    expect(fake.called("handleCallback")).toHaveLength(1);
    expect(onRedirectCallback.mock.calls).toEqual([[appState, expect.any(String)]]);
    expect(last().user).toEqual(alice);
  });

  test("shows the path where the sign-in began, if the app has no handler", async () => {
    history.replaceState({ router: 1 }, "", "/callback");
    const fake = createFakeClient({ user: alice });
    fake.control.callback = signedIn();
    await open(fake);
    expect(location.pathname + location.search).toBe("/shows?page=2");
    expect(history.state).toEqual({ router: 1 });
  });

  test("passes undefined to an app that set no appState", async () => {
    const fake = createFakeClient({ user: alice });
    fake.control.callback = signedIn(null);
    const onRedirectCallback = vi.fn();
    await open(fake, { onRedirectCallback });
    expect(onRedirectCallback.mock.calls).toEqual([[undefined, expect.any(String)]]);
  });

  test("of a silent sign-in by redirect passes the page to which the app returns", async () => {
    const fake = createFakeClient({ user: alice });
    fake.control.callback = signedIn();
    const onRedirectCallback = vi.fn();
    await open(fake, { onRedirectCallback });
    expect(onRedirectCallback.mock.calls).toEqual([
      [{ returnTo: { pathname: "/shows", query: { page: "2" } } }, "/shows?page=2"],
    ]);
  });

  test("is recognised by the client: other parameters named state and code change nothing", async () => {
    history.replaceState(null, "", "/page?state=x&code=y&error=z");
    const onRedirectCallback = vi.fn();
    const { last } = await open(createFakeClient(), { onRedirectCallback });
    expect(onRedirectCallback).not.toHaveBeenCalled();
    expect(location.search).toBe("?state=x&code=y&error=z");
    expect(last()).toMatchObject({ isLoading: false, error: null });
  });

  test("that fails is an error, reported once", async () => {
    const fake = createFakeClient();
    const error = new ExchangeError("access_denied");
    fake.control.callback = () => Promise.reject(error);
    const [onLoginError, onRedirectCallback] = [vi.fn(), vi.fn()];
    const { last } = await open(fake, { onLoginError, onRedirectCallback });
    expect(last()).toMatchObject({ user: null, isAuthenticated: false, isLoading: false, error });
    expect(onLoginError.mock.calls).toEqual([[error]]);
    expect(onRedirectCallback).not.toHaveBeenCalled();
  });

  test("does not call the handlers of a provider that was unmounted", async () => {
    const fake = createFakeClient({ user: alice });
    let end = () => {};
    fake.control.callback = () =>
      new Promise((resolve) => {
        end = () => resolve({ returnTo: "/shows" });
      });
    const onRedirectCallback = vi.fn();
    const { unmount } = await open(fake, { onRedirectCallback });
    await unmount();
    await doing(() => end());
    expect(onRedirectCallback).not.toHaveBeenCalled();
  });

  test("calls the handler of the last render", async () => {
    const fake = createFakeClient({ user: alice });
    let end = () => {};
    fake.control.callback = () =>
      new Promise((resolve) => {
        end = () => resolve({ returnTo: "/", appState: { n: 1 } });
      });
    const [first, latest] = [vi.fn(), vi.fn()];
    const { again } = await open(fake, { onRedirectCallback: first });
    await again(under(fake, { onRedirectCallback: latest }));
    await doing(() => end());
    expect([first.mock.calls, latest.mock.calls]).toEqual([[], [[{ n: 1 }, "/"]]]);
  });
});

describe("login and logout", () => {
  test("work before the model has started", async () => {
    const fake = createFakeClient();
    function Eager() {
      const { login } = useAuth();
      useState(() => void login());
      return null;
    }
    await show(under(fake, {}, createElement(Eager)));
    expect(fake.calls[0]?.[0]).toBe("login");
  });

  test.each([
    [undefined, { appState: null, params: {} }],
    [{ returnTo: "/x" }, { returnTo: "/x", appState: { returnTo: "/x" }, params: {} }],
    [{ appState: { n: 1 } }, { appState: { n: 1 }, params: {} }],
    [
      { appState: { returnTo: "/shows?page=2" } },
      { returnTo: "/shows?page=2", appState: { returnTo: "/shows?page=2" }, params: {} },
    ],
    [
      { appState: { returnTo: { pathname: "/shows", query: { page: 2, tag: ["a", "b"], none: undefined } } } },
      expect.objectContaining({ returnTo: "/shows?page=2&tag=a&tag=b" }),
    ],
    // Only Next's router knows the path of such a page.
    [
      { appState: { returnTo: { pathname: "/shows/[id]", query: { id: "5" } } } },
      expect.objectContaining({ returnTo: undefined }),
    ],
    [
      { login_hint: "a@b", screen_hint: "signup", max_age: 0, connection: "x", element: {}, none: undefined },
      { appState: null, params: { login_hint: "a@b", screen_hint: "signup", max_age: "0", connection: "x" } },
    ],
    [
      { popup: true, loginHint: "a@b", maxAge: 1, prompt: "login", organization: "o", params: { x: "y" } },
      {
        popup: true,
        loginHint: "a@b",
        maxAge: 1,
        prompt: "login",
        organization: "o",
        appState: null,
        params: { x: "y" },
      },
    ],
    [
      { audience: "https://api.example", scope: "read" },
      { audience: "https://api.example", scope: "read", appState: null, params: {} },
    ],
  ])("login(%j) passes the client's options on", async (options, expected) => {
    const fake = createFakeClient();
    const { last } = await open(fake);
    await last().login(options as never);
    expect(fake.called("login")[0]).toEqual([expected]);
  });

  test("login as an event handler counts as a call without options", async () => {
    const fake = createFakeClient();
    const { last, container, again } = await open(fake);
    await again(under(fake, {}, createElement("button", { type: "button", onClick: last().login })));
    await doing(() => container.querySelector("button")?.click());
    expect(fake.called("login")).toEqual([[expect.objectContaining({ params: {} })]]);
  });

  test("a login that fails sets the error of the state, and rejects the caller's promise", async () => {
    const fake = createFakeClient();
    const error = new ExchangeError("provider_unreachable");
    fake.control.leave = () => Promise.reject(error);
    const onLoginError = vi.fn();
    const { last } = await open(fake, { onLoginError });
    await doing(() => expect(last().login()).rejects.toBe(error));
    expect(last().error).toBe(error);
    expect(onLoginError.mock.calls).toEqual([[error]]);
  });

  test.each([
    [undefined, { local: false }],
    [{ returnTo: "http://localhost:3000" }, { returnTo: "http://localhost:3000", local: false }],
    [
      { local: true, params: { x: "y" } },
      { local: true, params: { x: "y" } },
    ],
    [{ federated: true, localOnly: true, client_id: "x" }, { local: false }],
  ])("logout(%j) passes the client's options on", async (options, expected) => {
    const fake = createFakeClient({ user: alice });
    const { last } = await open(fake);
    await doing(() => last().logout(options));
    expect(fake.called("logout")[0]).toEqual([expected]);
    expect(last().user).toBeNull();
  });

  test.each([
    [undefined, { local: false }],
    [{ federated: true }, { local: false, params: { federated: "" } }],
    [{ localOnly: true }, { local: true }],
    [{ local: false, localOnly: true }, { local: false }],
    [
      { federated: true, returnTo: "/bye", params: { x: "y" } },
      { returnTo: "/bye", local: false, params: { federated: "", x: "y" } },
    ],
  ])("under an Auth0Provider, logout(%j) accepts Auth0's names too", async (options, expected) => {
    const { client, called } = createFakeClient({ user: alice });
    const { Probe, last } = probe(() => useAuth());
    const props = { domain: "tenant.eu.auth0.com", clientId: "spa", redirectUri: "http://localhost:3000/" };
    await show(createElement(Auth0Provider, { ...props, client }, createElement(Probe)));
    await doing(() => last().logout(options));
    expect(called("logout")).toEqual([[expected]]);
  });
});

describe("withAuth", () => {
  const request = { audience: "https://api.example", scope: "read" };

  test("passes the result of useAuth to a component, and keeps its other props", async () => {
    const seen: unknown[] = [];
    class Profile extends Component<{ auth: UseAuth; title: string }> {
      override render() {
        seen.push(this.props);
        return createElement("h1", null, this.props.title, this.props.auth.user?.name);
      }
    }
    const Wrapped = withAuth(Profile);
    const { text } = await show(
      under(createFakeClient({ user: alice }), {}, createElement(Wrapped, { title: "Hello " })),
    );
    expect(text()).toBe("Hello Alice");
    expect(seen[0]).toMatchObject({ title: "Hello ", auth: { isLoading: true } });
  });

  test("passes an access token too, with a request", async () => {
    const Shows = withAuth(({ auth }: { auth: UseAuth }) => auth.accessToken ?? "none", request);
    const fake = createFakeClient({ user: alice });
    const { text } = await show(under(fake, {}, createElement(Shows)));
    expect(text()).toBe("token");
  });

  test("and withLoginRequired keep the name and getInitialProps", () => {
    function Page() {
      return null;
    }
    Page.getInitialProps = async () => ({ n: 1 });
    const [one, other] = [withAuth(Page), withLoginRequired(withAuth(Page))];
    expect({ ...one }).toMatchObject({ displayName: "withAuth(Page)", getInitialProps: Page.getInitialProps });
    expect({ ...other }).toMatchObject({
      displayName: "withLoginRequired(withAuth(Page))",
      getInitialProps: Page.getInitialProps,
    });
    expect(withAuth(() => null)).not.toHaveProperty("getInitialProps");
  });
});

describe("handlers that throw", () => {
  const thrown: string[] = [];
  const catching = (event: ErrorEvent) => {
    event.preventDefault();
    thrown.push(event.message);
  };
  const bug = (name: string) => () => {
    throw new Error(name);
  };

  test("do not hide the error of a sign-in, interrupt nothing, and are reported as uncaught errors", async () => {
    const uncaught: unknown[] = [];
    const others = process.listeners("uncaughtException");
    process.removeAllListeners("uncaughtException");
    process.on("uncaughtException", (error) => uncaught.push(error.message));
    window.addEventListener("error", catching);
    try {
      const fake = createFakeClient({ user: alice });
      const error = new ExchangeError("provider_unreachable");
      fake.control.leave = () => Promise.reject(error);
      fake.control.callback = async () => ({ returnTo: "/shows" });
      fake.control.issue = () => Promise.reject(error);
      const { Probe, last } = probe(() => useAuth({ audience: "a" }));
      const handlers = {
        onLoginError: bug("login"),
        onRedirectCallback: bug("callback"),
        onAccessTokenError: bug("token"),
      };
      await show(under(fake, handlers, createElement(Probe)));
      expect(last()).toMatchObject({ user: alice, error });
      await doing(async () => void (await expect(last().login()).rejects.toBe(error)));
      await new Promise((done) => setTimeout(done, 20));
      expect(new Set([...uncaught, ...thrown])).toEqual(new Set(["callback", "token", "login"]));
    } finally {
      window.removeEventListener("error", catching);
      process.removeAllListeners("uncaughtException");
      for (const other of others) process.on("uncaughtException", other);
    }
  });
});

describe("withLoginRequired", () => {
  /** Dispatches the events of a page that goes into the back-forward cache and is restored. */
  const storeAndRestore = () =>
    doing(() => {
      window.dispatchEvent(new PageTransitionEvent("pagehide", { persisted: true }));
      window.dispatchEvent(new PageTransitionEvent("pageshow", { persisted: true }));
    });

  const Secret = withLoginRequired((props: object) => createElement("p", null, `secret ${JSON.stringify(props)}`));
  const onRedirecting = () => createElement("i", null, "wait");

  test("with a requirement, shows a user who does not meet it what onForbidden renders, and does not redirect", async () => {
    const Invoices = withLoginRequired(() => "invoices", { claims: { roles: "billing" } });
    const handlers = { onForbidden: () => "no invoices for you" };
    for (const [user, shown] of [
      [alice, "no invoices for you"],
      [{ ...alice, roles: ["billing"] }, "invoices"],
    ] as const) {
      const fake = createFakeClient({ user });
      const { text, unmount } = await show(under(fake, handlers, createElement(Invoices)));
      expect(text()).toBe(shown);
      expect(fake.called("login")).toEqual([]);
      await unmount();
    }
  });

  test("redirects a visitor to sign in once, and back to this page", async () => {
    history.replaceState(null, "", "/shows?page=2&tag=a&tag=b#end");
    const fake = createFakeClient();
    const { text } = await show(
      strictly(under(fake, { onRedirecting }, createElement(Secret), createElement(Secret, { key: "other" }))),
    );
    expect(text()).toBe("waitwait");
    expect(fake.called("login")).toEqual([
      [
        expect.objectContaining({
          returnTo: "/shows?page=2&tag=a&tag=b#end",
          appState: { returnTo: { pathname: "/shows", query: { page: "2", tag: ["a", "b"] } } },
        }),
      ],
    ]);
  });

  test("waits until the state is known", async () => {
    const fake = createFakeClient();
    fake.control.restore = () => new Promise(() => {});
    const { container } = await show(under(fake, {}, createElement(Secret)));
    expect(container.innerHTML).toBe("");
    expect(fake.called("login")).toEqual([]);
  });

  test("shows the component to a signed-in user, without the prop `path`", async () => {
    const fake = createFakeClient({ user: alice });
    const { text } = await show(under(fake, {}, createElement(Secret, { path: "/x", n: 1 } as never)));
    expect(text()).toBe('secret {"n":1}');
    expect(fake.called("login")).toEqual([]);
  });

  test("redirects again for another `path`, and after a sign-out", async () => {
    const fake = createFakeClient();
    const element = (path: string) => under(fake, {}, createElement(Secret, { path }));
    const { again } = await show(element("/a"));
    await again(element("/a"));
    expect(fake.called("login")).toHaveLength(1);
    await again(element("/b"));
    expect(fake.called("login")).toHaveLength(2);
    await doing(() => fake.tell(stateOf(alice)));
    await doing(() => fake.tell(stateOf(null)));
    expect(fake.called("login")).toHaveLength(3);
  });

  test("redirects from two paths at once, and not again when the user returns to the page", async () => {
    const fake = createFakeClient();
    const secrets = ["/a", "/b"].map((path) => createElement(Secret, { path, key: path }));
    await show(under(fake, {}, ...secrets));
    for (let visit = 0; visit < 3; visit++) await returnToPage();
    expect(fake.called("login")).toHaveLength(2);
  });

  const returnToPage = () => doing(() => window.dispatchEvent(new Event("focus")));
  const signedOut = stateOf(null, undefined, true);

  test("does not redirect a user who has signed out until the user returns to the page, because the provider may still have a session", async () => {
    const fake = createFakeClient({ user: alice });
    const { text } = await show(strictly(under(fake, { onRedirecting }, createElement(Secret))));
    await doing(() => fake.tell(signedOut));
    expect([text(), fake.called("login").length]).toEqual(["wait", 0]);
    await returnToPage();
    await returnToPage();
    expect(fake.called("login")).toHaveLength(1);
  });

  test("does not redirect after a sign-out, from any page that is shown before the browser goes to the provider", async () => {
    const fake = createFakeClient({ user: alice });
    let signOut: UseAuth["logout"] = async () => {};
    const Button = () => {
      signOut = useAuth().logout;
      return null;
    };
    const element = (...pages: ReactNode[]) => under(fake, {}, createElement(Button, { key: "button" }), ...pages);
    const { again } = await show(element());
    await doing(() => signOut());
    await again(element(createElement(Secret, { key: "secret" })));
    await returnToPage();
    expect(fake.called("login")).toEqual([]);
    // The page goes into the back-forward cache and is restored.
    await storeAndRestore();
    expect(fake.called("login")).toHaveLength(1);
  });

  test("redirects from the next page after a local sign-out, or one that failed", async () => {
    const fake = createFakeClient({ user: alice });
    const { logout } = fake.client;
    fake.client.logout = async (options) => {
      await logout(options);
      if (!options?.local) throw new Error("no network");
    };
    const { Probe, last } = probe(() => useAuth());
    const element = (...pages: ReactNode[]) => under(fake, {}, createElement(Probe, { key: "probe" }), ...pages);
    const { again } = await show(element());
    await doing(() => last().logout({ local: true }));
    await again(element(createElement(Secret, { key: "one" })));
    expect(fake.called("login")).toHaveLength(1);
    await doing(() => fake.tell(stateOf(alice)));
    await again(element());
    await doing(() =>
      last()
        .logout()
        .catch(() => {}),
    );
    await again(element(createElement(Secret, { key: "two" })));
    expect(fake.called("login")).toHaveLength(2);
  });

  test("does not redirect after a sign-in that failed", async () => {
    const fake = createFakeClient();
    const error = new ExchangeError("access_denied");
    fake.control.callback = () => Promise.reject(error);
    const { text } = await show(under(fake, { onRedirecting }, createElement(Secret)));
    expect(fake.called("login")).toEqual([]);
    expect(text()).toBe("wait");
    // Without an onLoginError handler, the error is printed on the console.
    expect(vi.mocked(console.error).mock.calls.splice(0)).toEqual([[error]]);
  });

  test("does not loop when the page cannot leave", async () => {
    const fake = createFakeClient();
    fake.control.leave = () => Promise.reject(new ExchangeError("provider_unreachable"));
    const onLoginError = vi.fn();
    await show(strictly(under(fake, { onLoginError }, createElement(Secret))));
    await settle();
    expect(fake.called("login")).toHaveLength(1);
    expect(onLoginError).toHaveBeenCalledTimes(1);
  });

  test("redirects again, once for all components, if the browser restores the page", async () => {
    const fake = createFakeClient();
    await show(under(fake, {}, createElement(Secret), createElement(Secret, { key: "two" })));
    await storeAndRestore();
    expect(fake.called("login")).toHaveLength(2);
  });
});
