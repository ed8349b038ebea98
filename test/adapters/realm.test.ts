import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import { createContext, runInContext, runInNewContext } from "node:vm";
import { build } from "esbuild";
import { beforeAll, describe, expect, test } from "vitest";
import type { createAuth } from "../../adapters/edge.js";
import { type NodeRequest, toRequestView } from "../../adapters/lib/node-request.js";
import type { createCookieJar, createTestProvider } from "../../adapters/testing/index.js";

/** The exports of a bundle of the source that runs in another realm, with the platform's objects of this realm. */
interface Exports {
  createAuth: typeof createAuth;
  createTestProvider: typeof createTestProvider;
  createCookieJar: typeof createCookieJar;
  errorOf(thrown: unknown): Error & { code?: string };
  isCallbackMessage(data: unknown): boolean;
  largestFields(value: object): Array<{ field: string }>;
}

const root = fileURLToPath(new URL("../../", import.meta.url));
const PLATFORM = {
  ...{ AbortSignal, Headers, Request, Response, URL, URLSearchParams, TextDecoder, TextEncoder, ReadableStream },
  ...{ atob, btoa, console, crypto, fetch, process, setTimeout, clearTimeout, structuredClone },
};

async function inAnotherRealm(engine: "node" | "web"): Promise<{ exports: Exports; evaluate(code: string): unknown }> {
  const path = `${root}core/seal/aead.${engine}.ts`;
  const { outputFiles } = await build({
    stdin: {
      contents: `export { createAuth } from "./adapters/edge.ts";
        export { createTestProvider, createCookieJar } from "./adapters/testing/index.ts";
        export { errorOf } from "./adapters/react/model.ts";
        export { isCallbackMessage } from "./adapters/browser/callback-relay.ts";
        export { largestFields } from "./core/session/largest.ts";`,
      resolveDir: root,
    },
    bundle: true,
    write: false,
    format: "cjs",
    platform: "node",
    alias: { "#aead": path, "#bytes": path },
  });
  const context = createContext({ ...PLATFORM });
  const module = { exports: {} as Exports };
  const evaluate = (code: string): unknown => runInContext(code, context);
  const run = evaluate(`(module, exports, require) => {${outputFiles[0]?.text}}`) as (...args: unknown[]) => void;
  run(module, module.exports, createRequire(import.meta.url));
  return { exports: module.exports, evaluate };
}

describe.each(["node", "web"] as const)("in a realm of its own, with the %s engine", (engine) => {
  let realm: Awaited<ReturnType<typeof inAnotherRealm>>;
  beforeAll(async () => {
    realm = await inAnotherRealm(engine);
  });

  test("the platform's objects are of another realm than the package's", () => {
    expect(realm.evaluate("[] instanceof Array")).toBe(true);
    expect(realm.evaluate("new TextEncoder().encode('') instanceof Uint8Array")).toBe(false);
  });

  test("a complete sign-in works: discovery, keys, the ID Token, the session", async () => {
    const { createAuth, createCookieJar, createTestProvider } = realm.exports;
    const { issuer, clientId, clientSecret, fetch, authorize } = await createTestProvider();
    const baseUrl = "https://app.example";
    const secret = "a secret for tests of at least thirty-two characters";
    const auth = createAuth({ issuer, clientId, clientSecret, fetch, baseUrl, secret });
    const handle = auth.wrap((_request, { session }) => Response.json(session?.user ?? null));
    const jar = createCookieJar();
    const open = async (url: string) => {
      const response = await handle(new Request(url, { headers: { cookie: jar.header(url) } }));
      jar.store(response, url);
      return response;
    };
    const login = await open(`${baseUrl}/auth/login`);
    const { url } = await authorize(login.headers.get("location") ?? "");
    expect((await open(url)).status).toBe(302);
    expect(await (await open(baseUrl)).json()).toMatchObject({ sub: "alice" });
  });

  test("the largest fields of an object are named by their path", () => {
    const { largestFields } = realm.exports;
    expect(largestFields({ data: { user: { groups: "g".repeat(9) } } })[0]?.field).toBe("data.user.groups");
  });

  test("a message of another window is recognised", () => {
    const { isCallbackMessage } = realm.exports;
    expect(isCallbackMessage({ latchkey: "callback", url: "https://app.example/" })).toBe(true);
    expect(isCallbackMessage(null)).toBe(false);
  });

  test("an error is returned unchanged, and another value becomes an error", () => {
    const { errorOf } = realm.exports;
    const error = Object.assign(new TypeError("x"), { code: "y" });
    expect(errorOf(error)).toBe(error);
    expect([errorOf("x").message, errorOf(undefined).message]).toEqual(["x", "undefined"]);
  });
});

test.each([
  "new Uint8Array([97, 61, 98])",
  "new Uint8Array([0, 97, 61, 98]).subarray(1)",
  "new DataView(new Uint8Array([97, 61, 98]).buffer)",
])("a form is read that a body parser left as %s, an object of another realm", async (code) => {
  const body: unknown = runInNewContext(code);
  expect(await toRequestView({ body } as NodeRequest).text?.()).toBe("a=b");
});
