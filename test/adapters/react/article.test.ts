// @vitest-environment jsdom
import { type ComponentType, createElement } from "react";
import { beforeEach, expect, test, vi } from "vitest";
import { createTestProvider, type TestProvider } from "../../../adapters/testing/index.js";
import { loadFrames } from "../../support/frames.js";
import { doing, show, strictly, underReact, until } from "../../support/react.js";
import Root from "./article/_app.jsx";
import Profile from "./article/profile.jsx";
import MyShows from "./article/shows.jsx";

underReact();

/** Shows the code of the article about Next.js and Auth0 that this project began with, with imports of latchkey. */
const page = (Component: ComponentType) => show(strictly(createElement(Root as never, { Component, pageProps: {} })));

let provider: TestProvider;
let authorizations: Array<string | null>;

beforeEach(async () => {
  provider = await createTestProvider({ issuer: "https://tenant.eu.auth0.com/", clientSecret: "" });
  loadFrames(provider);
  authorizations = [];
  vi.stubGlobal("fetch", async (url: string, init: RequestInit = {}) => {
    if (!url.startsWith("https://api.example/")) return provider.fetch(url, { ...init, signal: null });
    authorizations.push(new Headers(init.headers).get("authorization"));
    return Response.json({ shows: [{ id: 1, name: "Twin Peaks" }] });
  });
});

test("a visitor sees a button", async () => {
  const { text } = await page(MyShows);
  await until(() => expect(text()).toBe("Log in"));
});

test("a signed-in user sees the response of the API to the access token", async () => {
  provider.signInAs({ sub: "ada", email: "ada@example.com" });
  const { text, container } = await page(MyShows);
  await until(() => expect(text()).toContain("Twin Peaks"));
  expect(text()).toContain("ada@example.com");
  const [, claims = ""] = /^Bearer \S+\.(\S+)\.\S+$/.exec(authorizations[0] ?? "") ?? [];
  expect(JSON.parse(atob(claims))).toMatchObject({ aud: "https://api/tv-shows", sub: "ada" });
  await doing(() => container.querySelector("button")?.click());
  await until(() => expect(text()).toBe("Log in"));
});

test("a page behind withLoginRequired shows the profile of the user", async () => {
  provider.signInAs({ sub: "ada", name: "Ada" });
  const { text } = await page(Profile);
  await until(() => expect(text()).toBe(`Profile${JSON.stringify({ sub: "ada", name: "Ada" }, null, 2)}`));
});
