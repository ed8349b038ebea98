import { generateKeyPairSync } from "node:crypto";
import type { AddressInfo } from "node:net";
import { createServer } from "node:net";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { checkSetup, type SetupOptions } from "../../adapters/check/index.js";
import { createProbe, reasonOf } from "../../adapters/check/probe.js";
import { createAuth, privateKeyJwt } from "../../adapters/edge.js";
import { createMemoryStore, createStore, type StorePort } from "../../adapters/index.js";
import { createTestProvider, type TestProviderOptions } from "../../adapters/testing/index.js";
import { serve } from "../support/cli.js";
import { startOidcProvider } from "../support/oidc-provider.js";
import { freePort } from "../support/process.js";

const BASE_URL = "https://app.example";
const SECRET = "canary-sealing-secret-of-thirty-two-characters";

/** The options of an app, whose `fetch` reaches the provider and the app, as in production. */
async function setupOf(provided: TestProviderOptions = {}, more: SetupOptions = {}) {
  const provider = await createTestProvider({ redirectUris: [`${BASE_URL}/auth/callback`], ...provided });
  const options: SetupOptions = {
    issuer: provider.issuer,
    clientId: provider.clientId,
    clientSecret: provider.clientSecret,
    secret: SECRET,
    baseUrl: BASE_URL,
    env: {},
    ...more,
  };
  const app = createAuth({ ...options, fetch: provider.fetch });
  const dated = async (input: string, init?: RequestInit) => {
    if (input.startsWith(BASE_URL)) return app.handler(new Request(input, init));
    const response = await provider.fetch(input, init);
    return new Response(response.body, {
      status: response.status,
      headers: [...response.headers, ["date", new Date().toUTCString()]],
    });
  };
  return { provider, options: { ...options, fetch: dated as SetupOptions["fetch"] } as SetupOptions };
}

const statuses = ({ findings }: Awaited<ReturnType<typeof checkSetup>>) =>
  findings.map(({ check, status }) => `${check} ${status}`);

describe("checkSetup", () => {
  test("tries each of several providers, with its redirect URI, and names it", async () => {
    const { options } = await setupOf({ redirectUris: [`${BASE_URL}/auth/callback/work`] });
    const { issuer, clientId, clientSecret, ...app } = options as Record<string, string>;
    const work = { issuer, clientId, clientSecret };
    const well = await checkSetup({ ...app, providers: { work } } as SetupOptions);
    expect([well.ok, well.findings.filter(({ status }) => status !== "ok")]).toEqual([true, []]);
    const providers = { work, code: { ...work, clientId: "wrong" } };
    const { ok, findings } = await checkSetup({ ...app, providers } as SetupOptions);
    expect(ok).toBe(false);
    const failed = findings.filter(({ status }) => status === "failed");
    expect(failed.length).toBeGreaterThan(0);
    for (const { message } of failed) expect(message).toMatch(/^providers\.code: /);
    expect(JSON.stringify(findings)).not.toContain(clientSecret);
    const stray = await checkSetup({ ...app, providers: { work }, clientId } as SetupOptions);
    expect(stray.findings.at(-1)).toMatchObject({
      status: "failed",
      message: expect.stringContaining("belongs into each"),
    });
  });

  test.each([
    ["with a store", {}, { store: createMemoryStore() }, "store ok"],
    [
      "for a public client",
      { clientSecret: "" },
      { clientSecret: undefined, clientAuthentication: "none" },
      "client ok",
    ],
    ["with client_secret_post", {}, { clientAuthentication: "client_secret_post" }, "client ok"],
  ] as Array<[string, TestProviderOptions, SetupOptions, string]>)(
    "is content %s",
    async (_name, provided, more, finding) => {
      const { options } = await setupOf(provided, more);
      const report = await checkSetup(options);
      expect(report.findings.filter(({ status }) => status !== "ok")).toEqual([]);
      expect(report.ok).toBe(true);
      expect(statuses(report)).toContain(finding);
    },
  );

  test("is content with a key in the place of the secret, with and without pushed requests", async () => {
    const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
    const clientPublicKey = { ...publicKey.export({ format: "jwk" }), alg: "ES256" };
    for (const par of [true, false]) {
      const { options } = await setupOf({ clientPublicKey, offer: { par } }, {
        clientSecret: undefined,
        clientAuthentication: privateKeyJwt({ ...privateKey.export({ format: "jwk" }), alg: "ES256" }),
      } as SetupOptions);
      expect(statuses(await checkSetup(options)).filter((each) => !each.endsWith("ok"))).toEqual([]);
    }
  });

  test("says that a key is refused", async () => {
    const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
    const { publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
    const { options } = await setupOf({ clientPublicKey: { ...publicKey.export({ format: "jwk" }), alg: "ES256" } }, {
      clientSecret: undefined,
      clientAuthentication: privateKeyJwt({ ...privateKey.export({ format: "jwk" }), alg: "ES256" }),
    } as SetupOptions);
    expect((await checkSetup(options)).findings).toContainEqual(
      expect.objectContaining({ check: "client", status: "failed", option: "clientAuthentication" }),
    );
  });

  test("does only the checks that it is asked for", async () => {
    const { options, provider } = await setupOf({}, { store: createMemoryStore() });
    const report = await checkSetup(options, { only: ["options", "issuer", "keys", "store"] });
    expect(statuses(report)).toEqual(["options ok", "issuer ok", "keys ok", "store ok"]);
    expect(provider.requests.map(({ endpoint }) => endpoint)).toEqual(["discovery", "jwks"]);
  });

  test("takes variables from env, and options before these", async () => {
    const { options } = await setupOf();
    const { issuer, ...rest } = options;
    const env = { LATCHKEY_ISSUER: issuer, LATCHKEY_CLIENT_ID: "another" };
    expect((await checkSetup({ ...rest, env }, { only: ["options", "issuer"] })).ok).toBe(true);
  });

  test("names a misspelt option, and tries everything else", async () => {
    const { options } = await setupOf();
    const report = await checkSetup({ ...options, clientID: "client" } as SetupOptions);
    expect(report.findings).toContainEqual(
      expect.objectContaining({ status: "failed", message: "there is no option clientID: did you mean clientId?" }),
    );
    expect(statuses(report)).toEqual(expect.arrayContaining(["client ok", "authorization ok", "base_url ok"]));
  });

  test.each([
    ["cookies", { session: { cookie: { sameSite: "none", secure: false } } }, "session"],
    ["a store that it lacks", { session: { storage: "store" } }, "session"],
    ["a duration", { session: { inactivityDuration: -1 } }, "session"],
    ["a store that is none", { store: {} }, "store"],
  ])("finds what is wrong with %s, and blames no other option", async (_name, more, option) => {
    const { options } = await setupOf();
    const { findings } = await checkSetup({ ...options, ...(more as SetupOptions) }, { only: ["options"] });
    expect(findings.filter(({ status }) => status === "failed").map((finding) => finding.option)).toEqual([option]);
  });

  test("says which of both ways of sending the secret the provider takes", async () => {
    const { options, provider } = await setupOf({}, { clientAuthentication: "client_secret_post" });
    const refusing: SetupOptions["fetch"] = (async (input: string, init?: RequestInit) =>
      `${init?.body}`.includes("client_secret=")
        ? Response.json({ error: "invalid_client" }, { status: 401 })
        : (options.fetch as typeof fetch)(input, init)) as typeof fetch;
    const { findings } = await checkSetup({ ...options, fetch: refusing });
    expect(findings).toContainEqual(
      expect.objectContaining({
        check: "client",
        status: "failed",
        option: "clientAuthentication",
        value: "client_secret_basic",
      }),
    );
    expect(JSON.stringify(findings)).not.toContain(provider.clientSecret);
  });

  test.each([
    ["invalid_scope", "scope"],
    ["invalid_target", "audience"],
    ["unauthorized_client", "clientId"],
  ])("says which option %s is about", async (error, option) => {
    const { options } = await setupOf();
    const refusing = (async (input: string, init?: RequestInit) =>
      input.includes("/authorize?")
        ? new Response(null, { status: 302, headers: { location: `${BASE_URL}/auth/callback?error=${error}` } })
        : (options.fetch as typeof fetch)(input, init)) as typeof fetch;
    const { findings } = await checkSetup({ ...options, fetch: refusing });
    expect(findings).toContainEqual(expect.objectContaining({ check: "authorization", status: "failed", option }));
  });

  test("shows no parameter that the provider repeats in its description", async () => {
    const { options } = await setupOf();
    let state = "";
    const repeating = (async (input: string, init?: RequestInit) => {
      if (!input.includes("/authorize?")) return (options.fetch as typeof fetch)(input, init);
      state = `${new URL(input).searchParams.get("state")}`;
      const said = new URLSearchParams({ error: "invalid_scope", error_description: `state ${state} is odd`, state });
      return new Response(null, { status: 302, headers: { location: `${BASE_URL}/auth/callback?${said}` } });
    }) as typeof fetch;
    const report = JSON.stringify(await checkSetup({ ...options, fetch: repeating }));
    expect(report).toContain("state *** is odd");
    expect(report).not.toContain(state);
  });

  test.each([
    ["a page at the provider", new Response("<form>", { status: 200 })],
    ["a redirect to the provider's own sign-in", new Response(null, { status: 302, headers: { location: "/login" } })],
  ])("does not guess from %s", async (_name, response) => {
    const { options } = await setupOf();
    const strange = (async (input: string, init?: RequestInit) =>
      input.includes("/authorize?") ? response.clone() : (options.fetch as typeof fetch)(input, init)) as typeof fetch;
    expect(statuses(await checkSetup({ ...options, fetch: strange }))).toContain("authorization warning");
  });

  test("never rejects, whatever the options and the provider are", async () => {
    const { options, provider } = await setupOf({}, { httpTimeout: 0.05 });
    for (const fault of ["html", "huge_body", "status_500", "slow", "unreachable", "redirect"] as const) {
      for (const endpoint of ["discovery", "jwks", "token", "authorize"] as const) {
        const undo = provider.misbehave(fault, { endpoint });
        expect((await checkSetup(options)).findings.length).toBeGreaterThan(2);
        undo();
      }
    }
    const odd: unknown[] = [undefined, null, 0, "", [], {}, "://", () => {}, ["x"], "http://[::1"];
    for (const value of odd)
      for (const name of ["issuer", "clientId", "secret", "baseUrl", "scope", "session", "fetch", "store", "mount"])
        await checkSetup({ ...options, [name]: value } as SetupOptions, { only: ["options", "issuer", "store"] });
  });

  test("is called with options", async () => {
    await expect(checkSetup(null as never)).rejects.toMatchObject({ code: "invalid_config" });
  });
});

describe.each([
  ["with pushed requests", true],
  ["without pushed requests", false],
])("at oidc-provider, %s", (_name, pushedRequests) => {
  const redirectUri = "http://localhost:3999/auth/callback";
  const clientSecret = "canary-client-secret-48151623";
  let provider: Awaited<ReturnType<typeof startOidcProvider>>;
  beforeAll(async () => {
    provider = await startOidcProvider({ redirectUri, clientSecret }, pushedRequests);
  });
  afterAll(() => provider.close());
  const check = (change: SetupOptions) =>
    checkSetup(
      {
        issuer: provider.issuer,
        clientId: "client",
        clientSecret,
        secret: SECRET,
        baseUrl: "http://localhost:3999",
        env: {},
        ...change,
      },
      { only: ["options", "issuer", "clock", "endpoints", "keys", "client", "authorization"] },
    );

  test("all is well where it is", async () => {
    const report = await check({});
    expect(report.findings.filter(({ status }) => status !== "ok")).toEqual([]);
    expect(statuses(report).slice(-2)).toEqual(["client ok", "authorization ok"]);
  });

  test.each([
    [
      "a wrong secret",
      { clientSecret: "canary-wrong" },
      "clientSecret",
      /knows the client client, and refuses its secret/,
    ],
    ["a wrong client id", { clientId: "another" }, "clientId", /does not know the client another/],
    ["a redirect URI that is not registered", { mount: "/api/auth" }, "baseUrl", /refuses the redirect URI/],
    [
      "no authentication for a client that has a secret",
      { clientAuthentication: "none", clientSecret: undefined },
      "clientAuthentication",
      /wants the client client to authenticate/,
    ],
    [
      "a scope that it does not have",
      { scope: "openid nonsense" },
      "scope",
      /does not announce these words of scope.*: nonsense/,
    ],
    [
      "another algorithm",
      { idTokenSigningAlg: "ES256" },
      "idTokenSigningAlg",
      /does not sign ID Tokens with ES256: set idTokenSigningAlg to "RS256"/,
    ],
  ] as Array<[string, SetupOptions, string, RegExp]>)("%s is found", async (_mistake, change, option, message) => {
    const { findings } = await check(change);
    const wrong = findings.filter(({ status }) => status !== "ok");
    expect(wrong).toContainEqual(expect.objectContaining({ option, message: expect.stringMatching(message) }));
    expect(JSON.stringify(findings)).not.toContain("canary");
  });
});

describe("the store", () => {
  const port = (change: Partial<StorePort>): StorePort => ({ ...createMemoryStore(), ...change });
  test.each([
    [
      "is away",
      { add: () => Promise.reject(Object.assign(new Error("canary-password"), { code: "ECONNREFUSED" })) },
      /ECONNREFUSED/,
    ],
    ["forgets", { get: async () => undefined }, /does not return what was written/],
    ["never answers", { add: () => new Promise<string>(() => {}) }, /no answer within 3000 ms/],
  ])("that %s is a finding", async (_name, change, message) => {
    const { findings } = await checkSetup({ env: {}, store: createStore(port(change)) }, { only: ["store"] });
    expect(findings).toEqual([expect.objectContaining({ status: "failed", message: expect.stringMatching(message) })]);
    expect(JSON.stringify(findings)).not.toContain("canary");
  });
});

describe("why a request has no response", () => {
  const closing: Array<{ close(): unknown }> = [];
  afterEach(() => {
    for (const server of closing.splice(0)) server.close();
  });

  test.each([
    ["ENOTFOUND", "dns"],
    ["EAI_AGAIN", "dns"],
    ["ECONNREFUSED", "refused"],
    ["DEPTH_ZERO_SELF_SIGNED_CERT", "certificate"],
    ["UNABLE_TO_VERIFY_LEAF_SIGNATURE", "certificate"],
    ["CERT_HAS_EXPIRED", "certificate"],
    ["ERR_TLS_CERT_ALTNAME_INVALID", "certificate"],
    ["ERR_SSL_WRONG_VERSION_NUMBER", "no_tls"],
    ["UND_ERR_CONNECT_TIMEOUT", "timeout"],
    ["ECONNRESET", "closed"],
    ["UND_ERR_SOCKET", "closed"],
    ["HPE_INVALID_CONSTANT", "closed"],
    ["ConnectionRefused", "refused"],
  ])("%s means %s", async (code, failure) => {
    const cause = Object.assign(new Error("said by the platform"), { code });
    const probe = createProbe(() => Promise.reject(new TypeError("fetch failed", { cause })), 1000);
    expect(await probe("https://op.example")).toEqual({ failure, detail: code });
  });

  test.each([
    ["error sending request for url (https://x/): client error (Connect): dns error: failed to lookup address", "dns"],
    ["error trying to connect: tcp connect error: Connection refused (os error 111)", "refused"],
    ["invalid peer certificate: UnknownIssuer", "certificate"],
    ["received corrupt message of type InvalidContentType", "no_tls"],
    ["something new", "other"],
  ])("without a code, the words count: %s", async (message, failure) => {
    const probe = createProbe(() => Promise.reject(new TypeError(message)), 1000);
    expect(await probe("https://op.example")).toMatchObject({ failure });
  });

  test("the real platform says so too", async () => {
    const silent = createServer(() => {});
    await new Promise<void>((resolve) => silent.listen(0, "127.0.0.1", resolve));
    const http = await serve((_req, res) => res.end());
    closing.push(silent, http);
    const probe = createProbe(fetch as never, 500);
    const kinds = [
      [`https://localhost:${http.port}/`, "no_tls"],
      [`http://127.0.0.1:${(silent.address() as AddressInfo).port}/`, "timeout"],
      [`http://127.0.0.1:${await freePort()}/`, "refused"],
      ["http://no-such-host.test/", "dns"],
    ] as const;
    for (const [url, kind] of kinds) {
      const answer = await probe(url);
      expect([url, answer.failure]).toEqual([url, kind]);
      if (answer.failure) expect(reasonOf(answer, url)).toContain(new URL(url).hostname);
    }
  });
});
