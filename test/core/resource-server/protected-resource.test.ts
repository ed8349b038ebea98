import { describe, expect, test } from "vitest";
import { createProtectedResource } from "../../../core/resource-server/protected-resource.js";

const metadataOf = (resource: string) =>
  createProtectedResource({ resource: new URL(resource), body: JSON.stringify({ resource }) });

describe("the URL of the metadata (RFC 9728 3.1)", () => {
  test.each([
    ["https://api.example", "https://api.example/.well-known/oauth-protected-resource"],
    ["https://api.example/", "https://api.example/.well-known/oauth-protected-resource"],
    ["https://api.example/mcp", "https://api.example/.well-known/oauth-protected-resource/mcp"],
    ["https://api.example/mcp/", "https://api.example/.well-known/oauth-protected-resource/mcp/"],
    ["https://api.example:8443/a/b", "https://api.example:8443/.well-known/oauth-protected-resource/a/b"],
    ["https://api.example/a?tenant=1", "https://api.example/.well-known/oauth-protected-resource/a?tenant=1"],
  ])("of %s is %s", (resource, url) => {
    const metadata = metadataOf(resource);
    expect(metadata.url).toBe(url);
    expect(metadata.reply({ method: "GET", url })?.body).toBe(JSON.stringify({ resource }));
    expect(metadata.reply({ method: "GET", url: url.slice(new URL(url).origin.length) })?.status).toBe(200);
  });
});

describe("a request", () => {
  const { reply, url } = metadataOf("https://api.example/mcp");
  const path = new URL(url).pathname;

  test.each([
    "/",
    "/mcp",
    "/.well-known/oauth-protected-resource",
    `${path}/`,
    `${path}x`,
    `/x${path}`,
    "//[",
    "",
    "*",
    `//evil.example${path}`,
  ])("for %j is for the app", (other) => {
    expect(reply({ method: "GET", url: other })).toBeUndefined();
  });

  test("with a query, or by another host name, gets the metadata", () => {
    expect(reply({ method: "GET", url: `${path}?x=1` })?.status).toBe(200);
    expect(reply({ method: "GET", url: `http://127.0.0.1:3000${path}` })?.status).toBe(200);
  });

  test("of a page of any origin may read it, with headers of its own", () => {
    const headers = { "access-control-allow-origin": "*", "access-control-allow-headers": "*" };
    expect(reply({ method: "GET", url: path })?.headers).toMatchObject({
      ...headers,
      "content-type": "application/json",
    });
    expect(reply({ method: "OPTIONS", url: path })).toMatchObject({ status: 204, body: null, headers });
  });

  test("of another method is refused; HEAD has no body", () => {
    expect(reply({ method: "POST", url: path })).toMatchObject({ status: 405, headers: { allow: "GET, HEAD" } });
    expect(reply({ method: "HEAD", url: path })).toMatchObject({ status: 200, body: null });
  });
});
