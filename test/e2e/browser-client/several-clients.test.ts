import type { Page } from "playwright-core";
import { afterEach, describe, expect, test } from "vitest";
import type { Client } from "../../../adapters/browser/index.js";
import { address, app, begin, context, fillIn, inBrowser, isDone, page, provider } from "../../support/spa.js";
import { bundle } from "../../support/spa-app.js";
import { PAY, SHOWS, startSpaProvider } from "../../support/spa-provider.js";
import type { SpaProvider, SpaProviderOptions } from "../../support/spa-provider.types.js";
import { refusedGrants } from "../../support/spa-tabs.js";

declare global {
  interface Window {
    clients: [Client, Client];
  }
}

inBrowser();

let second: SpaProvider;
/** Every request of the browser, with its body. */
let requests: Array<{ url: string; body: string }>;
afterEach(() => second?.stop());

interface Options {
  [option: string]: unknown;
}

/** The option in which two clients of one page differ, and the options of the other client and of the first. */
const differences: Array<[what: string, other: () => Options, first?: Options]> = [
  ["issuer", () => ({ issuer: second.issuer })],
  ["client id", () => ({ clientId: "other" })],
  ["audience", () => ({ audience: PAY }), { audience: SHOWS }],
  ["scope", () => ({ scope: "openid" })],
  ["redirect URI, by a slash", () => ({ redirectUri: `${app.origin}/callback` })],
  ["redirect URI, by its query", () => ({ redirectUri: `${app.origin}/callback/?other` })],
];
/** Clients with one issuer, client id, audience and scope share one session. */
const isOneSession = (what: string) => what.startsWith("redirect URI");

/** Starts two providers, and an app on another site than the first, so that frames do not get that provider's cookies. */
async function start(options: Partial<SpaProviderOptions> = {}): Promise<void> {
  requests = [];
  await begin(options, "127.0.0.1");
  second = await startSpaProvider({ origins: [app.origin], host: "127.0.0.1" });
  context.on("request", (request) => requests.push({ url: request.url(), body: request.postData() ?? "" }));
}

const optionsOf = (changed: Options): Options => ({
  issuer: provider.issuer,
  clientId: "spa",
  redirectUri: `${app.origin}/callback/`,
  silentRedirectUri: `${app.origin}/silent.html`,
  ...changed,
});

/** Serves pages that create both clients and wait for the test; in a frame or a popup the second client runs first. */
async function serve(first: Options, other: Options): Promise<void> {
  const body = `<!doctype html><p>the app</p><script type="module" src="/client.js"></script><script type="module">
    window.clients = ${JSON.stringify([optionsOf(first), optionsOf({ ...first, ...other })])}.map(latchkey.createClient);
    if (window.opener || window.parent !== window) {
      for (const client of clients.toReversed()) client.handleCallback().then(() => client.getUser());
    }
    document.body.dataset.done = "yes";
  </script>`;
  for (const path of ["/", "/callback/", "/callback"]) app.pages.set(path, { body });
  await visit("/");
}

async function visit(path: string): Promise<void> {
  await page.goto(app.origin + path);
  await isDone();
}

const isBack = ({ origin, pathname, searchParams }: URL) =>
  origin === app.origin && pathname.startsWith("/callback") && searchParams.has("code");

/** The first client starts a sign-in, and alice returns from the provider. @returns the code in the URL */
async function returnWithCode(): Promise<string> {
  await page.evaluate(async () => {
    await Promise.all(window.clients.map((client) => client.getUser()));
    await window.clients[0].login({ returnTo: "/shows" });
  });
  await fillIn(page);
  await page.waitForURL(isBack);
  await isDone();
  return new URL(await address()).searchParams.get("code") as string;
}

/** The first client completes its sign-in. Returns the users of both clients. */
const end = () =>
  page.evaluate(async () => {
    const [first, other] = window.clients;
    const signedIn = await first.handleCallback();
    const users = await Promise.all([first, other].map(async (client) => (await client.getUser())?.sub ?? "no user"));
    const errors = [first, other].map((client) => client.getState().error?.message);
    return { signedIn, users, errors, search: location.search };
  });

const usersOfBoth = (on = page) =>
  on.evaluate(() => Promise.all(window.clients.map(async (client) => (await client.getUser())?.sub ?? "no user")));

/** Checks that the code and its verifier were sent once, to the token endpoint of the first client's provider. */
function expectSentOnce(code: string): void {
  const sent = requests.filter(({ body }) => new URLSearchParams(body).get("code") === code);
  expect(sent.map(({ url }) => url)).toEqual([`${provider.issuer}/token`]);
  const form = new URLSearchParams(sent[0]?.body);
  expect(form.get("client_id")).toBe("spa");
  const verifier = form.get("code_verifier") as string;
  expect(verifier).toMatch(/^[\w-]{43}$/);
  const elsewhere = requests.filter(({ url }) => new URL(url).origin === second.issuer);
  for (const secret of [code, verifier]) expect(JSON.stringify(elsewhere)).not.toContain(secret);
  expect(second.urls.filter((url) => url.startsWith("/token"))).toEqual([]);
  expect(refusedGrants()).toEqual([]);
}

/** Calls of the other client, on the page that the first client's sign-in came back to. */
const calls: Array<[what: string, call: () => Promise<unknown>]> = [
  ["getUser()", () => page.evaluate(() => window.clients[1].getUser())],
  ["handleCallback()", () => page.evaluate(() => window.clients[1].handleCallback())],
  ["handleCallback(url)", () => page.evaluate(() => window.clients[1].handleCallback(location.href))],
  ["getAccessToken()", () => page.evaluate(() => window.clients[1].getAccessToken().catch((error) => error.code))],
];

/** All calls run for two issuers; for the other differences only the first call runs, and all in `npm run test:soak`. */
const hasAllCalls = (what: string) => what === "issuer" || "LATCHKEY_RUNS" in process.env;

describe.each(differences)(
  "two clients of one page that differ in the %s: a code goes to the client that started the sign-in",
  (what, other, first = {}) => {
    test.each(hasAllCalls(what) ? calls : calls.slice(0, 1))(
      "if %s of the other client runs first",
      async (_call, run) => {
        await start();
        await serve(first, other());
        const code = await returnWithCode();
        const callbackUrl = await address();
        expect(await run()).toBeOneOf([null, undefined, "no_session"]);
        // The other client leaves the URL for the client that started the sign-in.
        expect(await address()).toBe(callbackUrl);
        const { signedIn, users, errors, search } = await end();
        expect(signedIn).toEqual({ returnTo: "/shows" });
        expect(users[0]).toBe("alice");
        // A client sends its session to the others over a channel, which takes a moment.
        await expect.poll(usersOfBoth).toEqual(["alice", isOneSession(what) ? "alice" : "no user"]);
        expect(errors).toEqual([undefined, undefined]);
        expect(search).toBe("");
        expectSentOnce(code);
      },
    );

    if (!hasAllCalls(what)) return;

    test("if both run at the same time", async () => {
      await start();
      await serve(first, other());
      const code = await returnWithCode();
      const ended = await page.evaluate(async () => {
        const [first, other] = window.clients;
        const all = [other.getUser(), other.handleCallback(), first.getUser(), first.handleCallback()];
        return (await Promise.all(all)).slice(1).map((value) => JSON.stringify(value));
      });
      expect(ended).toEqual([undefined, expect.stringContaining('"sub":"alice"'), '{"returnTo":"/shows"}']);
      expectSentOnce(code);
    });

    test("if the other client starts a sign-in on the callback page, and the user goes back", async () => {
      await start();
      await serve(first, other());
      const code = await returnWithCode();
      const before = new URL(await address()).origin;
      await page.evaluate(() => void window.clients[1].login({ prompt: "login" }));
      await page.waitForSelector("[name=login]");
      expect(new URL(await address()).origin).not.toBe(before);
      await page.goBack();
      await page.waitForURL(isBack);
      await isDone();
      const { signedIn, users } = await end();
      expect([signedIn, users[0]]).toEqual([{ returnTo: "/shows" }, "alice"]);
      expectSentOnce(code);
    });

    test.each([
      ["two providers side by side, with the sign-in of the second", ""],
      ["one provider inside the other, with the sign-in of the outer one", "inner"],
    ])("in React under StrictMode: %s", async (_where, nested) => {
      await start();
      const firstOptions = optionsOf(first);
      const otherOptions = optionsOf({ ...first, ...other() });
      const code = await bundle(`
      import { createElement as h, StrictMode } from "react";
      import { createRoot } from "react-dom/client";
      import { AuthProvider, useAuth } from "latchkey/react";
      window.failed = [];
      function Bar({ id }) {
        const { user, isLoading, error, login } = useAuth();
        return h("button", { id, onClick: () => login() }, isLoading ? "…" : error ? error.message : user ? user.sub : "no user");
      }
      const clientOf = (id, config, more) =>
        h(AuthProvider, { key: id, ...config, onLoginError: ({ message }) => failed.push(message) }, h(Bar, { id }), more);
      const other = clientOf("other", ${JSON.stringify(otherOptions)});
      const options = ${JSON.stringify(firstOptions)};
      const app = ${JSON.stringify(nested)} ? clientOf("first", options, other) : [other, clientOf("first", options)];
      createRoot(document.querySelector("main")).render(h(StrictMode, null, app));
    `);
      app.pages.set("/view.js", { body: code, headers: { "content-type": "text/javascript" } });
      const shell = '<!doctype html><main></main><script type="module" src="/view.js"></script>';
      for (const path of ["/", "/shows", "/callback/", "/callback"]) app.pages.set(path, { body: shell });
      await page.goto(`${app.origin}/shows`);
      const says = (id: string, text: string) => page.waitForSelector(`#${id}:text-is("${text}")`);
      for (const id of ["first", "other"]) await says(id, "no user");
      const back = page.waitForRequest((request) => request.isNavigationRequest() && isBack(new URL(request.url())));
      await page.click("#first");
      await fillIn(page);
      const received = new URL((await back).url()).searchParams.get("code") as string;
      await says("first", "alice");
      await says("other", isOneSession(what) ? "alice" : "no user");
      await expect.poll(() => address()).toBe(`${app.origin}/shows`);
      expect(await page.evaluate(() => window.failed)).toEqual([]);
      expectSentOnce(received);
    });
  },
);

describe("a sign-in of one of two clients, with two issuers", () => {
  const withIssuers = async (changed: Options = {}) => serve(changed, { issuer: second.issuer });
  test("by popup, whose page creates both clients", async () => {
    await start();
    await withIssuers();
    const opened = page.waitForEvent("popup");
    await page.evaluate(() => {
      document.onclick = () => void window.clients[0].login({ popup: true });
    });
    await page.click("body", { position: { x: 1, y: 1 }, force: true });
    const popup = await opened;
    await fillIn(popup).catch(() => {});
    await page.waitForFunction(() => window.clients[0].getState().user?.sub === "alice");
    expect(await usersOfBoth()).toEqual(["alice", "no user"]);
    await expect.poll(() => popup.isClosed()).toBe(true);
    expect(second.urls.filter((url) => url.startsWith("/token"))).toEqual([]);
  });

  test("by a hidden frame that returns to a page that creates both clients", async () => {
    await start({ thirdParty: true });
    await withIssuers({ silentRedirectUri: `${app.origin}/callback/` });
    await returnWithCode();
    await end();
    await visit("/");
    expect(await usersOfBoth()).toEqual(["alice", "no user"]);
    expect(provider.authorizations).toEqual(["", "none"]);
    expect(second.urls.filter((url) => url.startsWith("/token"))).toEqual([]);
  });

  test("by a page that goes to the provider itself and returns", async () => {
    await start();
    await withIssuers({ allowRedirect: true });
    await returnWithCode();
    await end();
    await visit("/");
    const back = page.waitForURL(isBack);
    await page.evaluate(() => void window.clients[0].getUser());
    await back;
    await isDone();
    const code = new URL(await address()).searchParams.get("code") as string;
    expect(await page.evaluate(() => window.clients[1].getUser())).toBeNull();
    expect(await end()).toMatchObject({ signedIn: { returnTo: "/" }, users: ["alice", "no user"], search: "" });
    expectSentOnce(code);
  });

  test("after a sign-in of each client, both are signed in, each at its own issuer", async () => {
    await start();
    await withIssuers();
    await returnWithCode();
    await end();
    await page.evaluate(() => window.clients[1].login());
    await fillIn(page, "bob");
    await page.waitForURL(isBack);
    await isDone();
    const ended = await page.evaluate(async () => [
      await window.clients[0].handleCallback(),
      await window.clients[1].handleCallback(),
    ]);
    expect(ended).toEqual([undefined, { returnTo: "/" }]);
    expect((await usersOfBoth())[1]).toBe("bob");
    for (const { grants } of [provider, second]) expect(grants).toEqual(["authorization_code"]);
  });
});

describe.each([
  ["scope", { scope: "openid" }, {}],
  ["audience", { audience: PAY }, { audience: SHOWS }],
])("two clients of one provider that differ in the %s, in two tabs", (_what, other: Options, first: Options) => {
  /** Signs in by popup with a client of a tab. */
  async function signInByPopup(on: Page, client: 0 | 1, name: string): Promise<void> {
    await on.bringToFront();
    const opened = on.waitForEvent("popup");
    await on.evaluate((index) => {
      document.onclick = () => void window.clients[index].login({ popup: true, prompt: "login" });
    }, client);
    await on.click("body", { position: { x: 1, y: 1 }, force: true });
    await fillIn(await opened, name).catch(() => {});
    await expect.poll(async () => (await usersOfBoth(on))[client]).toBe(name);
  }

  async function startTwoTabs(): Promise<Page> {
    await start({ thirdParty: true, refreshTokens: true });
    await serve(first, other);
    const second = await context.newPage();
    await second.goto(app.origin);
    await isDone(second);
    expect([await usersOfBoth(), await usersOfBoth(second)]).toEqual([
      ["no user", "no user"],
      ["no user", "no user"],
    ]);
    return second;
  }

  test("hear of each other's sign-ins, of another user, and of sign-outs, which revoke all their refresh tokens", async () => {
    const second = await startTwoTabs();
    await signInByPopup(page, 0, "alice");
    for (const tab of [page, second]) await expect.poll(() => usersOfBoth(tab)).toEqual(["alice", "alice"]);
    const result = await second.evaluate(() => window.clients[1].getAccessToken());
    expect(result).toMatch(/./);
    await signInByPopup(second, 1, "bob");
    for (const tab of [page, second]) await expect.poll(() => usersOfBoth(tab)).toEqual(["bob", "bob"]);
    const issued = provider.issued.map(({ refresh_token: refreshToken }) => refreshToken);
    await second.evaluate(() => window.clients[1].logout({ local: true }));
    for (const tab of [page, second]) await expect.poll(() => usersOfBoth(tab)).toEqual(["no user", "no user"]);
    const revoked = () =>
      requests
        .filter(({ url }) => url.endsWith("/revocation"))
        .map(({ body }) => new URLSearchParams(body).get("token"));
    // Those of bob: one of the sign-in, one of the other client's frame.
    await expect.poll(() => new Set(revoked())).toEqual(new Set(issued.slice(-2)));
    expect(refusedGrants()).toEqual([]);
  });

  test("a client without a user signs out the client that has one, whose refresh token is revoked", async () => {
    await start({ refreshTokens: true });
    await serve(first, other);
    const second = await context.newPage();
    await second.goto(app.origin);
    await isDone(second);
    await usersOfBoth(second);
    await signInByPopup(page, 0, "alice");
    // The provider's cookies are withheld from the frame, so that the other client finds no user.
    expect(await usersOfBoth(second)).toEqual(["alice", "no user"]);
    await second.evaluate(() => window.clients[1].logout({ local: true }));
    for (const tab of [page, second]) await expect.poll(() => usersOfBoth(tab)).toEqual(["no user", "no user"]);
    await expect.poll(() => requests.filter(({ url }) => url.endsWith("/revocation")).length).toBeGreaterThan(0);
  });
});

test("a client that is created twice completes its sign-in once, whichever instance handles the callback first", async () => {
  await start();
  await serve({}, {});
  const code = await returnWithCode();
  const ended = await page.evaluate(async () => {
    const [first, other] = window.clients;
    return [await other.handleCallback(), await first.handleCallback()];
  });
  expect(ended).toEqual([{ returnTo: "/shows" }, undefined]);
  await expect.poll(usersOfBoth).toEqual(["alice", "alice"]);
  expectSentOnce(code);
});
