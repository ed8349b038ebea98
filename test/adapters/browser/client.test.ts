import { describe, expect, test } from "vitest";
import { type ClientOptions, createClient } from "../../../adapters/browser/index.js";

const options: ClientOptions = {
  issuer: "https://op.example/",
  clientId: "spa",
  redirectUri: "https://app.example/callback/",
};

describe("wrong options are refused at once, with an error that says what to change", () => {
  test.each<[string, Record<string, unknown>, RegExp]>([
    ["no issuer", { issuer: undefined }, /set issuer$/],
    ["an issuer that is a domain", { issuer: "op.example" }, /issuer must be an https URL/],
    ["an issuer without TLS", { issuer: "http://op.example" }, /issuer must be an https URL/],
    ["no client id", { clientId: "" }, /set clientId/],
    ["no redirect URI", { redirectUri: undefined }, /set redirectUri$/],
    ["a path as redirect URI", { redirectUri: "/callback/" }, /redirectUri must be the whole URL/],
    ["a path as silent redirect URI", { silentRedirectUri: "/silent.html" }, /silentRedirectUri must be the whole URL/],
    [
      "a silent redirect URI on another origin",
      { silentRedirectUri: "https://cdn.example/s" },
      /on the origin of redirectUri/,
    ],
    ["a list as scope", { scope: ["openid"] }, /scope must be of type string, not list/],
    ["a scope without openid", { scope: "email" }, /scope must contain openid/],
    ["several audiences for a provider that takes one", { audience: ["a", "b"] }, /need resourceIndicators/],
    ["a symmetric algorithm", { idTokenSigningAlg: "HS256" }, /asymmetric/],
    ["a parameter that latchkey sets itself", { authorizationParams: { state: "x" } }, /cannot set state/],
    ["no time for requests", { httpTimeout: 0 }, /httpTimeout must be above 0 seconds/],
    ["milliseconds as the time for requests", { httpTimeout: 1e10 }, /httpTimeout must be above 0 seconds/],
  ])("%s", (_what, changed, message) => {
    const make = () => createClient({ ...options, ...changed } as ClientOptions);
    expect(make).toThrow(expect.objectContaining({ code: "invalid_config", message: expect.stringMatching(message) }));
  });
});

test("a call without options is refused like missing options", () => {
  expect(() => createClient(undefined as unknown as ClientOptions)).toThrow(
    expect.objectContaining({ code: "invalid_config" }),
  );
});

describe("on a server", () => {
  test("a client can be created, has no user and sends no request", async () => {
    const requests: string[] = [];
    const fetch = async (url: string) => {
      requests.push(url);
      return new Response("{}");
    };
    const client = createClient({ ...options, fetch });
    expect(client.getState()).toEqual({ isLoading: true, isAuthenticated: false, user: null });
    expect(await client.getUser()).toBeNull();
    expect(await client.handleCallback()).toBeUndefined();
    expect(client.peekAccessToken()).toBeUndefined();
    for (const call of [() => client.login(), () => client.logout(), () => client.getAccessToken()]) {
      await expect(call()).rejects.toMatchObject({ code: "invalid_config" });
    }
    expect(client.getState().isLoading).toBe(true);
    expect(requests).toEqual([]);
  });
});
