import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, expect, test } from "vitest";
import { snippet } from "../../support/documents.js";
import {
  address,
  app,
  begin,
  context,
  fillIn,
  inBrowser,
  isDone,
  open,
  options,
  page,
  provider,
  rewrite,
  shows,
  signIn,
  signInByPopup,
  takeUncaughtErrors,
  token,
  user,
} from "../../support/spa.js";
import { bundle, startSpaApp } from "../../support/spa-app.js";
import { refusedGrants } from "../../support/spa-tabs.js";

inBrowser();

describe("signing in", () => {
  test("by redirect shows the user, returns to the page, and removes the response from the URL", async () => {
    await begin();
    expect(await user()).toBe("no user");
    await page.evaluate(() => {
      window.loginOptions = { appState: { from: "here" }, returnTo: "/shows?page=2" };
    });
    await signIn();
    expect(await address()).toBe(`${app.origin}/callback/`);
    expect(await page.evaluate(() => window.end)).toEqual({ returnTo: "/shows?page=2", appState: { from: "here" } });
    expect((await token()).token).not.toBe("");
    expect(provider.grants).toEqual(["authorization_code"]);
  });

  test("a returnTo on another site is replaced by the app's first page", async () => {
    await begin();
    await page.evaluate(() => {
      window.loginOptions = { returnTo: "https://evil.example/" };
    });
    await signIn();
    expect(await page.evaluate(() => window.end)).toMatchObject({ returnTo: "/" });
  });

  test.each([undefined, "same-origin"])(
    "by popup, with the provider's Cross-Origin-Opener-Policy %s",
    async (openerPolicy) => {
      await begin(openerPolicy ? { openerPolicy } : {});
      // Under test every page has the focus; in a browser the popup takes it from the page.
      await page.evaluate(() => {
        document.hasFocus = () => false;
      });
      const [popup] = await Promise.all([page.waitForEvent("popup"), page.click("#popup")]);
      await fillIn(popup);
      await shows("alice");
      expect(await page.evaluate(() => window.popped)).toBe("in");
      await expect.poll(() => popup.isClosed()).toBe(true);
      expect(await address()).toBe(`${app.origin}/`);
      expect((await token()).token).not.toBe("");
    },
  );

  test("a user who completes the sign-in in a popup that seemed closed is signed in", async () => {
    await begin({ openerPolicy: "same-origin" });
    const [popup] = await Promise.all([page.waitForEvent("popup"), page.click("#popup")]);
    expect(await page.evaluate(() => window.popped)).toBe("access_denied");
    await fillIn(popup);
    await shows("alice");
    expect(await page.evaluate(() => window.client.getState().error)).toBeUndefined();
  });

  test("a popup that the user closes is access_denied", async () => {
    await begin();
    const [popup] = await Promise.all([page.waitForEvent("popup"), page.click("#popup")]);
    await popup.waitForSelector("[name=login]");
    await popup.close();
    await page.bringToFront();
    expect(await page.evaluate(() => window.popped)).toBe("access_denied");
    expect(await user()).toBe("no user");
  });

  test("a popup that the browser does not open fails with authorization_failed", async () => {
    await begin();
    const code = await page.evaluate(() => {
      window.open = () => null;
      return window.client.login({ popup: true }).catch((error) => error.code);
    });
    expect(code).toBe("authorization_failed");
  });

  test("a denied consent is access_denied, and the next attempt leads to the page of the first", async () => {
    await begin({ consent: true });
    await page.goto(`${app.origin}/shows?page=2#end`);
    await isDone();
    await page.click("#login");
    await fillIn(page);
    await page.click("text=Cancel");
    await page.waitForURL(`${app.origin}/callback/**`);
    await isDone();
    expect(await page.evaluate(() => window.failed)).toBe("access_denied");
    expect(await user()).toBe("no user");
    expect(await address()).toBe(`${app.origin}/callback/`);
    await page.click("#login");
    await page.click("[type=submit]");
    await page.waitForURL(`${app.origin}/callback/**`);
    await shows("alice");
    expect(await page.evaluate(() => window.end)).toEqual({ returnTo: "/shows?page=2#end" });
  });

  test("a reload keeps the user while the provider has a session, and not afterwards", async () => {
    await begin();
    await signIn();
    await page.goto(app.origin);
    await isDone();
    expect(await user()).toBe("alice");
    expect(provider.authorizations).toEqual(["", "none"]);
    await provider.forgetSessions();
    await page.goto(app.origin);
    await isDone();
    expect(await user()).toBe("no user");
    // After that, the page does not ask the provider again.
    await page.goto(app.origin);
    await isDone();
    expect(provider.authorizations).toEqual(["", "none", "none"]);
  });

  test("the frame may return to a page of the app, whose client starts no other frame there", async () => {
    await begin();
    options["silentRedirectUri"] = `${app.origin}/callback/`;
    await page.reload();
    await signIn();
    await page.goto(app.origin);
    await isDone();
    expect(await user()).toBe("alice");
    expect(provider.authorizations).toEqual(["", "none"]);
  });

  test("a reload of the callback page, or a later visit to it, does not redeem the code again", async () => {
    await begin();
    await signIn();
    await page.reload();
    await isDone();
    expect(await user()).toBe("alice");
    await page.goto(`${app.origin}/callback/`);
    await isDone();
    expect(await user()).toBe("alice");
    expect(refusedGrants()).toEqual([]);
  });

  test("the back and forward buttons after a sign-in keep the user, and redeem no code again", async () => {
    await begin();
    await signIn();
    const failed = () => page.evaluate(() => window.failed);
    // With a time-out, so that Playwright's call ends before the page is left; and after each page has loaded.
    await page.evaluate(() => void setTimeout(() => history.back()));
    await page.waitForURL(`${provider.issuer}/**`);
    await page.evaluate(() => void setTimeout(() => history.forward()));
    await page.waitForURL(`${app.origin}/callback/`);
    await isDone();
    expect([await user(), await failed(), await address()]).toEqual(["alice", undefined, `${app.origin}/callback/`]);
    // Back to the page before the sign-in, which shows the user too.
    await page.evaluate(() => void setTimeout(() => history.go(-2)));
    await page.waitForURL(`${app.origin}/`);
    await isDone();
    await shows("alice");
    expect(await failed()).toBeUndefined();
    expect(refusedGrants()).toEqual([]);
  });

  test("handleCallback() that is called twice, as by React in development, completes the sign-in once", async () => {
    await begin();
    await rewrite(
      "/callback/",
      "await client.handleCallback()",
      "(await Promise.all([client.handleCallback(), client.handleCallback()]))[1]",
    );
    await page.click("#login");
    await fillIn(page);
    await page.waitForURL(`${app.origin}/callback/**`);
    await isDone();
    expect(await page.evaluate(() => [window.failed, window.end])).toEqual([undefined, { returnTo: "/" }]);
    expect(provider.grants).toEqual(["authorization_code"]);
  });
});

describe("callbacks, messages and records that the client did not cause", () => {
  test.each([
    "?state=g.somebody&code=else",
    "?code=alone",
    "?error=access_denied",
    "?state=g.x&error=login_required",
    "?state=p.x&code=y",
  ])("a visit with %s does not change a sign-in in progress", async (query) => {
    await begin();
    await page.click("#login");
    await page.waitForSelector("[name=login]");
    const authorize = page.url();
    await page.goto(`${app.origin}/callback/${query}`);
    await isDone();
    expect(await user()).toBe("no user");
    expect(await page.evaluate(() => window.failed)).toBeUndefined();
    await page.goto(authorize);
    await fillIn(page);
    await page.waitForURL(`${app.origin}/callback/**`);
    await shows("alice");
  });

  test("a callback is handled only on the page of the redirect URI", async () => {
    await begin();
    await page.click("#login");
    await page.waitForSelector("[name=login]");
    options["redirectUri"] = `${app.origin}/elsewhere/`;
    await fillIn(page);
    await page.waitForURL(`${app.origin}/callback/**`);
    await isDone();
    expect(await page.evaluate(() => window.client.handleCallback().then(String))).toBe("undefined");
    expect(provider.grants).toEqual([]);
  });

  test("a page of another origin that frames the app, or posts messages to it, gets nothing and changes nothing", async () => {
    await begin();
    await signIn();
    const evil = await startSpaApp(() => ({}), "127.0.0.1");
    evil.pages.set("/evil", {
      body: `<!doctype html><iframe src="${app.origin}/callback/?state=f.x&code=y"></iframe><script>
        window.received = [];
        addEventListener("message", ({ data }) => received.push(data));
      </script>`,
    });
    const attacker = await context.newPage();
    await attacker.goto(`${evil.origin}/evil`);
    await attacker.waitForTimeout(500);
    expect(await attacker.evaluate(() => (window as unknown as { received: unknown[] }).received)).toEqual([]);
    await page.evaluate(() => {
      window.loginOptions = { prompt: "login" };
    });
    // While the client waits for its popup, it ignores an attacker's message with any state, even the right one.
    const pushed = page.waitForRequest(`${provider.issuer}/request`);
    const [popup] = await Promise.all([page.waitForEvent("popup"), page.click("#popup")]);
    const state = new URLSearchParams((await pushed).postData() ?? "").get("state") ?? "";
    expect(state).toMatch(/^p\./);
    await popup.waitForSelector("[name=login]");
    await popup.evaluate((to) => location.assign(to), `${evil.origin}/evil`);
    await popup.waitForURL(`${evil.origin}/evil`);
    await popup.evaluate(
      ([callbackUrl, validState]) => {
        for (const state of ["p.x", "", validState])
          window.opener.postMessage({ latchkey: "callback", url: `${callbackUrl}&state=${state}` }, "*");
      },
      [`${app.origin}/callback/?code=y&iss=${encodeURIComponent(provider.issuer)}`, state],
    );
    await page.waitForTimeout(300);
    expect(await user()).toBe("alice");
    expect(provider.grants).toEqual(["authorization_code"]);
    await evil.stop();
  });

  test("malformed messages and records change nothing", async () => {
    await begin();
    await signIn();
    await page.evaluate((issuer) => {
      const channel = new BroadcastChannel(`latchkey spa ${issuer}`);
      for (const data of [
        null,
        1,
        "x",
        {},
        [],
        { type: "request", newerThan: "x" },
        { type: "version" },
        { type: "version", version: {} },
      ])
        channel.postMessage(data);
      new BroadcastChannel("latchkey.popup").postMessage({ latchkey: "callback", url: "not a URL" });
      sessionStorage.setItem("latchkey.tx.g.broken", "{");
    }, provider.issuer);
    await page.waitForTimeout(100);
    expect(await user()).toBe("alice");
    await page.goto(`${app.origin}/callback/?state=g.broken&code=x`);
    await isDone();
    expect(await page.evaluate(() => window.failed)).toBeUndefined();
  });
});

describe("mistakes of an app", () => {
  test("a listener that throws does not prevent a sign-in or a sign-out", async () => {
    await begin({ refreshTokens: true });
    const other = await open();
    await page.evaluate(() => {
      window.client.onChange(() => {
        throw new Error("a view's own bug");
      });
    });
    await signInByPopup(page);
    await shows("alice", other);
    await page.evaluate(() => void window.client.logout());
    await page.waitForURL(`${app.origin}/`);
    await isDone();
    await shows("no user", other);
    expect(provider.urls).toContain("/token/revocation");
    expect(new Set(takeUncaughtErrors())).toEqual(new Set(["a view's own bug"]));
  });

  test.each([
    ["javascript:void(document.title='run')", "/"],
    ["https://evil.example/", "/"],
    ["http://[", "/"],
    ["/bye", "/bye"],
  ])("a sign-out with returnTo %s at a provider without a logout endpoint goes to %s", async (returnTo, path) => {
    await begin();
    await signIn();
    await context.route(`${provider.issuer}/.well-known/**`, async (route) => {
      const response = await route.fetch();
      const { end_session_endpoint: _removed, ...metadata } = await response.json();
      await route.fulfill({ response, json: metadata });
    });
    await page.goto(`${app.origin}/shows`);
    await isDone();
    await page.evaluate((to) => void window.client.logout({ returnTo: to }), returnTo);
    await page.waitForURL(`${app.origin}${path}`);
    await isDone();
    expect([await page.title(), await user()]).toEqual(["app", "no user"]);
  });

  test("getAccessToken() with a list of audiences is refused", async () => {
    await begin();
    await signIn();
    expect((await token({ audience: ["a", "b"] })).code).toBe("invalid_config");
  });
});

test("frames that fail leave no listener and no element behind", async () => {
  await begin();
  await signIn();
  await page.evaluate(() => {
    const { addEventListener: add } = window;
    Object.assign(window, { listening: 0 });
    const count = (by: number) => {
      (window as unknown as { listening: number }).listening += by;
    };
    const counting = (type: string, listener: EventListener, options?: AddEventListenerOptions) => {
      if (type === "message") {
        count(1);
        options?.signal?.addEventListener("abort", () => count(-1));
      }
      add.call(window, type, listener, options);
    };
    Object.assign(window, { addEventListener: counting });
  });
  provider.broken.add("/auth");
  for (const scope of ["x", "y"]) expect((await token({ scope })).code).toBe("provider_unreachable");
  expect(await page.evaluate(() => (window as unknown as { listening: number }).listening)).toBe(0);
  expect(await page.locator("iframe").count()).toBe(0);
});

test("a link to another page of the app with the state of a popup or a frame opens that page, and does not close it", async () => {
  await begin();
  await context.addInitScript("window.close = () => { window.isClosed = true; };");
  for (const state of ["p.x", "f.x"]) {
    await page.goto(`${app.origin}/shows?state=${state}`);
    await isDone();
    expect(await user()).toBe("no user");
    expect(await page.evaluate(() => "isClosed" in window)).toBe(false);
  }
});

describe("a page with a strict Content-Security-Policy", () => {
  test("signs in and renews with frame-src, connect-src and no inline script in the frame", async () => {
    await begin();
    app.headers = {
      "content-security-policy": `default-src 'self'; script-src 'self' 'unsafe-inline'; frame-src 'self' ${provider.issuer}; connect-src 'self' ${provider.issuer}`,
    };
    app.pages.set("/silent.html", { body: "", headers: { "content-security-policy": "default-src 'none'" } });
    await page.reload();
    await isDone();
    await signIn();
    await page.goto(app.origin);
    await isDone();
    expect(await user()).toBe("alice");
  });
});

test("the page in docs/guides/browser.md works as documented", async () => {
  await begin({ refreshTokens: true });
  const api = createServer((req, res) => {
    res.setHeader("access-control-allow-origin", app.origin);
    res.setHeader("access-control-allow-headers", "authorization");
    res.end(req.method === "OPTIONS" ? "" : `shows for ${req.headers.authorization?.slice(0, 10)}`);
  });
  await new Promise<void>((resolve) => api.listen(0, "localhost", resolve));
  const shows = `http://localhost:${(api.address() as AddressInfo).port}/shows`;
  const code = await bundle(
    snippet("browser")
      .replace("https://tenant.eu.auth0.com/", provider.issuer)
      .replace('"your-client-id"', '"spa"')
      .replaceAll("https://api.example/shows", shows),
  );
  const body =
    '<!doctype html><p id="user"></p><button id="login"></button><button id="logout"></button><button id="shows"></button><p id="answer"></p><script type="module" src="/documented.js"></script>';
  for (const path of ["/documented", "/callback/", "/"]) app.pages.set(path, { body });
  app.pages.set("/documented.js", { body: code, headers: { "content-type": "text/javascript" } });
  await page.goto(`${app.origin}/documented`);
  const says = (text: string) => page.waitForSelector(`text=${text}`);
  await says("You are not signed in.");
  await page.click("#login");
  await fillIn(page);
  await says("alice");
  expect(await address()).toBe(`${app.origin}/documented`);
  await page.click("#shows");
  await says("shows for Bearer");
  await page.reload();
  await says("alice");
  await page.click("#logout");
  await page.waitForURL(`${app.origin}/`);
  await says("You are not signed in.");
  await new Promise((resolve) => api.close(resolve));
});
