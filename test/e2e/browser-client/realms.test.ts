import { describe, expect, test } from "vitest";
import { app, begin, inBrowser, isDone, page, rewrite, shows, signIn, token, user } from "../../support/spa.js";
import { bundle } from "../../support/spa-app.js";

inBrowser();

/** An iframe of the page's origin, whose window has an Object, an Error and a Response of its own. */
const FRAME = `const frame = document.createElement("iframe");
  frame.hidden = true;
  document.body.append(frame);
  const other = frame.contentWindow;`;

describe("a same-origin iframe", () => {
  test("may give the client its options, its handlers and its fetch: a sign-in and a renewal work", async () => {
    await begin({ refreshTokens: true });
    const made = "window.client = latchkey.createClient(window.made);";
    const foreign = `${FRAME}
      window.answers = [];
      const foreignFetch = async (...args) => {
        const answer = await other.fetch(...args);
        window.answers.push(answer instanceof Response);
        return answer;
      };
      window.made = Object.assign(new other.Object(), window.made, {
        authorizationParams: new other.Object(),
        audience: new other.Array(),
        onEvent: new other.Function("event", "parent.events.push(event)"),
        fetch: foreignFetch,
      });
      ${made}`;
    await rewrite("/", made, foreign);
    const body = app.pages.get("/")?.body ?? "";
    app.pages.set("/callback/", { body });
    await page.goto(app.origin);
    await isDone();
    await signIn();
    expect((await token({ refresh: true })).token).not.toBe("");
    expect(await user()).toBe("alice");
    // The answers were of the other realm.
    expect(await page.evaluate(() => [...new Set((window as unknown as { answers: boolean[] }).answers)])).toEqual([
      false,
    ]);
  });

  test("may have made the error of a client: React passes it on with its code", async () => {
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
      const told = (error) => { document.querySelector("#user").textContent = String(error.code); };
      const View = () => (useAuth({ scope: "openid" }), null);
      createRoot(document.querySelector("main")).render(h(AuthProvider, { client, onAccessTokenError: told }, h(View)));
    `);
    app.pages.set("/view.js", { body: code, headers: { "content-type": "text/javascript" } });
    app.pages.set("/", {
      body: '<!doctype html><p id="user"></p><main></main><script type="module" src="/view.js"></script>',
    });
    await page.goto(app.origin);
    await shows("of_another_realm");
  });
});
