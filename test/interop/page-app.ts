import type { Page } from "playwright-core";
import type { SpaApp } from "../support/spa-app.js";
import type { App, Call, Received } from "./world.js";

/** Wraps `fetch` of a page: `recordCall` gets each request and its response. Runs in the page. */
function recordFetches(): void {
  const { fetch: send } = window;
  const record = (window as unknown as { recordCall(call: object): Promise<void> }).recordCall;
  window.fetch = async (input, init = {}) => {
    const response = await send(input, init);
    const authorization = new Headers(init.headers).get("authorization") ?? "";
    const [form, body] = [`${init.body ?? ""}`, await response.clone().text()];
    await record({ url: String(input), authorization, form, status: response.status, body });
    return response;
  };
}

const parsed = (body: string): Call["answer"] => {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
};

/** The page's client, in a page of the app that `startSpaApp` serves. */
export async function pageApp({ origin }: SpaApp, page: Page, userinfo: string): Promise<App> {
  const [calls, received]: [Call[], Received[]] = [[], []];
  await page.exposeFunction(
    "recordCall",
    ({ form, body, ...call }: Omit<Call, "form" | "answer"> & { form: string; body: string }) =>
      calls.push({ ...call, form: new URLSearchParams(form), answer: parsed(body) }),
  );
  await page.addInitScript(recordFetches);
  page.on("request", (request) => {
    const [method, url] = [request.method(), request.url()];
    if (url.startsWith(origin)) received.push({ method, url: new URL(url), body: () => "", status: () => 200 });
  });
  /** Waits until the page's client is ready. */
  const isReady = async () => {
    await page.waitForSelector("body[data-done=yes]");
    const failure = await page.evaluate(() => window.failed);
    if (failure) throw new Error(`the page's client: ${failure}`);
  };
  return {
    origin,
    calls,
    received,
    async login() {
      await page.goto(origin);
      await isReady();
      await Promise.all([page.waitForEvent("framenavigated"), page.click("#login")]);
    },
    async session() {
      await isReady();
      const user = await page.evaluate(() => window.client.getUser());
      return user && { user };
    },
    refresh: () => page.evaluate(() => window.client.getAccessToken({ refresh: true })),
    userinfo: () =>
      page.evaluate(async (url) => {
        const headers = { authorization: `Bearer ${await window.client.getAccessToken()}` };
        const response = await fetch(url, { headers });
        return { status: response.status, said: await response.json() };
      }, userinfo),
    async logout(params) {
      const left = page.waitForEvent("framenavigated");
      await page.evaluate((options) => void window.client.logout(options), params ? { params } : {});
      await left;
    },
  };
}
