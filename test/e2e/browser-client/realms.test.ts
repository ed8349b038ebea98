import { describe, expect, test } from "vitest";
import { app, begin, inBrowser, isDone, page, rewrite, shows, signIn, token, user } from "../../support/spa.js";
import { bundle } from "../../support/spa-app.js";

inBrowser();

/** Adds an iframe of the page's origin; its window has its own Object, Error and Response. */
const FRAME = `const frame = document.createElement("iframe");
  frame.hidden = true;
  document.body.append(frame);
  const other = frame.contentWindow;`;

describe("a same-origin iframe", () => {
  test("may give the client its options, its handlers and its fetch: a sign-in and a renewal work", async () => {
    await begin({ refreshTokens: true });
    const creation = "window.client = latchkey.createClient(window.clientOptions);";
    const withForeignObjects = `${FRAME}
      window.isOwnResponse = [];
      const foreignFetch = async (...args) => {
        const response = await other.fetch(...args);
        window.isOwnResponse.push(response instanceof Response);
        return response;
      };
      window.clientOptions = Object.assign(new other.Object(), window.clientOptions, {
        authorizationParams: new other.Object(),
        audience: new other.Array(),
        onEvent: new other.Function("event", "parent.events.push(event)"),
        fetch: foreignFetch,
      });
      ${creation}`;
    await rewrite("/", creation, withForeignObjects);
    const body = app.pages.get("/")?.body ?? "";
    app.pages.set("/callback/", { body });
    await page.goto(app.origin);
    await isDone();
    await signIn();
    expect((await token({ refresh: true })).token).not.toBe("");
    expect(await user()).toBe("alice");
    // All responses were objects of the other realm.
    const isOwn = await page.evaluate(() => (window as unknown as { isOwnResponse: boolean[] }).isOwnResponse);
    expect([...new Set(isOwn)]).toEqual([false]);
  });

  test("may have created the error of a client: React passes the error on with its code", async () => {
    await begin();
    const code = await bundle(`
      import { createElement as h } from "react";
      import { createRoot } from "react-dom/client";
      import { AuthProvider, useAuth } from "latchkey/react";
      ${FRAME}
      const fail = () => Promise.reject(Object.assign(new other.Error("no"), { code: "of_another_realm" }));
      const client = Object.assign(latchkeyClient(), { getUser: fail, getAccessToken: fail });
      function latchkeyClient() {
        const state = { user: { sub: "alice" }, isLoading: false, isAuthenticated: true };
        return { getState: () => state, onChange: () => () => {}, peekAccessToken: () => undefined, handleCallback: fail };
      }
      const showCode = (error) => { document.querySelector("#user").textContent = String(error.code); };
      const View = () => (useAuth({ scope: "openid" }), null);
      createRoot(document.querySelector("main")).render(h(AuthProvider, { client, onAccessTokenError: showCode }, h(View)));
    `);
    app.pages.set("/view.js", { body: code, headers: { "content-type": "text/javascript" } });
    app.pages.set("/", {
      body: '<!doctype html><p id="user"></p><main></main><script type="module" src="/view.js"></script>',
    });
    await page.goto(app.origin);
    await shows("of_another_realm");
  });
});
