import { afterEach, expect, test } from "vitest";
import { createMemoryStore, createStore } from "../../adapters/index.js";
import { createClock } from "../../adapters/testing/index.js";
import { plainRequest, startApp, type TestApp } from "../support/app.js";
import { edgeApp } from "../support/edge-app.js";
import { expressApps } from "../support/express-app.js";

let app: TestApp | undefined;
afterEach(() => app?.close());

test.each([
  ["Express 5", expressApps["Express 5"]],
  ["Express 4", expressApps["Express 4"]],
  ["edge", edgeApp],
] as const)(
  "%s: an update that reaches the store after a sign-out is answered with 401, and the user stays signed out",
  async (_name, framework) => {
    const clock = createClock();
    const store = createMemoryStore(clock);
    let updateMayRun: Promise<void> | undefined;
    let letUpdateRun = () => {};
    const slowStore = {
      ...store,
      async replace(...args: Parameters<typeof store.replace>) {
        await updateMayRun;
        return store.replace(...args);
      },
    };
    app = await startApp({
      framework,
      options: { store: createStore(slowStore), session: { storage: "store" }, now: clock.now },
    });
    const browser = app.browser();
    await browser.signIn();
    for (const path of ["/update?color=blue", "/update?color=red&as=function"]) {
      updateMayRun = new Promise((resolve) => {
        letUpdateRun = resolve;
      });
      const update = browser.fetch(path);
      await new Promise((resolve) => setTimeout(resolve, 50));
      const headers = { "sec-fetch-site": "same-origin", cookie: browser.jar.header(`${app.url}/`) };
      const signOut = await plainRequest(app.url, "/auth/logout", { method: "POST", headers });
      expect(signOut.status).toBe(303);
      updateMayRun = undefined;
      letUpdateRun();
      expect([path, (await update).status]).toEqual([path, 401]);
      expect((await browser.fetch("/private")).status).toBe(401);
      await browser.signIn();
    }
  },
);
