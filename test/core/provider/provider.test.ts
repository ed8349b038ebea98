import { describe, expect, test } from "vitest";
import { isAsymmetric, keyTypeOf, signatureParameters } from "../../../core/provider/algorithms.js";
import { discover } from "../../../core/provider/discovery.js";
import { createNetwork } from "../../../core/provider/network.js";
import { createProvider, type Provider, spendAlways } from "../../../core/provider/provider.js";

const ISSUER = "https://op.example";
const CODE = "the-code-that-was-issued";
const TOKEN = "a-token-that-was-issued";

interface ProviderRequest {
  readonly url: string;
  readonly body: string;
}

type Responses = Readonly<Record<string, (request: ProviderRequest) => Response>>;

const complete = {
  issuer: ISSUER,
  jwks_uri: `${ISSUER}/jwks`,
  authorization_endpoint: `${ISSUER}/authorize`,
  token_endpoint: `${ISSUER}/token`,
  userinfo_endpoint: `${ISSUER}/userinfo`,
  revocation_endpoint: `${ISSUER}/revoke`,
  end_session_endpoint: `${ISSUER}/logout`,
};

/** A provider with this discovery document, and the requests that it received. */
function start(document: object, responses: Responses = {}) {
  const requests: ProviderRequest[] = [];
  const fetch = async (url: string, init: { body?: unknown } = {}) => {
    const request = { url, body: `${init.body ?? ""}` };
    requests.push(request);
    const { pathname } = new URL(url);
    if (pathname === "/.well-known/openid-configuration") return Response.json(document);
    if (pathname === "/jwks") return Response.json({ keys: [] });
    return responses[pathname]?.(request) ?? new Response(null, { status: 404 });
  };
  const ports = { now: () => 0, random: (bytes: number) => new Uint8Array(bytes), fetch: fetch as never };
  const settings = {
    issuer: ISSUER,
    clientId: "client",
    idTokenSigningAlg: "RS256",
    httpTimeout: 1,
    clockTolerance: 30,
  };
  const network = createNetwork(settings, ports);
  const provider = createProvider({
    ...settings,
    ...network,
    authenticate: () => ({}),
    verifyJws: () => Promise.reject(new TypeError("no key")),
    refreshOnce: spendAlways,
  });
  return { provider, requests, network, urls: () => requests.map(({ url }) => url) };
}

const redeem = (provider: Provider) =>
  provider.redeem({ code: CODE, codeVerifier: "verifier", redirectUri: "https://app.example/callback" });
const refresh = (provider: Provider) =>
  provider.refresh({ refreshToken: TOKEN, subject: "alice", currentAccessTokens: [] });

describe("an endpoint that the discovery document lacks", () => {
  const uses: Array<[name: keyof typeof complete, use: (provider: Provider) => Promise<unknown>]> = [
    ["authorization_endpoint", (provider) => provider.authorizationUrl({})],
    ["token_endpoint", redeem],
    ["token_endpoint", refresh],
    ["userinfo_endpoint", (provider) => provider.userinfo("token", "alice")],
    ["jwks_uri", (provider) => provider.verifyIdToken({ idToken: "a.b.c", accessToken: "at" })],
  ];
  describe.each([undefined, null, "", "no URL", "/token", 7, {}])("or has as %j", (value) => {
    test.each(uses)("%s is named in the error, and nothing is sent", async (name, use) => {
      const { provider, urls } = start({ ...complete, [name]: value });
      await expect(use(provider)).rejects.toMatchObject({ code: "provider_invalid", cause: { endpoint: name } });
      const others = [`${ISSUER}/.well-known/openid-configuration`, `${ISSUER}/jwks`];
      expect(urls().filter((url) => !others.includes(url))).toEqual([]);
    });
  });

  test("or that is less secure than the issuer gets no request", async () => {
    const { provider, urls } = start({ ...complete, token_endpoint: "http://op.example/token" });
    await expect(redeem(provider)).rejects.toMatchObject({ code: "provider_invalid" });
    expect(urls()).not.toContain("http://op.example/token");
  });

  test("is no error for revocation and sign-out", async () => {
    const { provider } = start({ ...complete, revocation_endpoint: undefined, end_session_endpoint: undefined });
    await expect(provider.revoke(TOKEN)).resolves.toBeUndefined();
    await expect(provider.endSessionUrl({ postLogoutRedirectUri: "https://app.example/" })).resolves.toBeUndefined();
  });
});

describe("the discovery document", () => {
  test("is fetched once for concurrent requests, and names the endpoints", async () => {
    const { network, urls } = start({ ...complete, extra: 1 });
    const documents = await Promise.all([discover(network), discover(network)]);
    expect(documents).toEqual([expect.objectContaining(complete), expect.objectContaining(complete)]);
    expect(urls()).toEqual([`${ISSUER}/.well-known/openid-configuration`]);
  });

  test.each([`${ISSUER}/`, "https://other.example", undefined, null, [ISSUER]])(
    "of the issuer %j is refused, and the error has both issuers",
    async (announced) => {
      const { network } = start({ ...complete, issuer: announced });
      await expect(discover(network)).rejects.toMatchObject({
        code: "provider_invalid",
        cause: { issuer: ISSUER, announced },
        message:
          typeof announced === "string"
            ? `latchkey: provider invalid: the issuer is "${ISSUER}" here, the provider says "${announced}"`
            : `latchkey: provider invalid: the issuer is "${ISSUER}" here, no provider answers`,
      });
    },
  );
});

describe("an error of the provider", () => {
  const refuse =
    (status: number, error: string): Responses[string] =>
    ({ body }) =>
      Response.json({ error, error_description: `refused: ${new URLSearchParams(body)}` }, { status });

  test("names the endpoint, the status and the provider's error code", async () => {
    const { provider } = start(complete, { "/token": refuse(400, "invalid_request") });
    await expect(redeem(provider)).rejects.toMatchObject({
      code: "provider_invalid",
      cause: { endpoint: complete.token_endpoint, status: 400, error: "invalid_request" },
    });
  });

  test.each([
    ["invalid_grant", "code_rejected", redeem],
    ["invalid_grant", "grant_ended", refresh],
    ["invalid_client", "client_rejected", redeem],
    ["invalid_scope", "provider_invalid", refresh],
  ] as const)("%s becomes %s", async (error, code, use) => {
    const { provider } = start(complete, { "/token": refuse(400, error) });
    await expect(use(provider)).rejects.toMatchObject({ code });
  });

  test("has no code and no token in it, though the provider's error repeats the request", async () => {
    const responses = { "/token": refuse(400, "invalid_request"), "/revoke": refuse(400, "invalid_request") };
    const { provider, requests } = start(complete, responses);
    for (const use of [redeem, refresh, () => provider.revoke(TOKEN)]) {
      const { cause } = await use(provider).then(
        () => new Error("no failure"),
        (error: Error) => error,
      );
      expect(cause).toMatchObject({ description: expect.stringContaining("refused: ") });
      for (const secret of [CODE, TOKEN, "verifier"])
        expect((cause as { description: string }).description).not.toContain(`=${secret}`);
    }
    expect(requests.map(({ body }) => body).join()).toContain(CODE);
  });
});

describe("a signature algorithm", () => {
  test.each([
    ["RS256", "RSA", { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" }],
    ["PS384", "RSA", { name: "RSA-PSS", hash: "SHA-384", saltLength: 48 }],
    ["ES256", "EC", { name: "ECDSA", hash: "SHA-256", namedCurve: "P-256" }],
    ["ES512", "EC", { name: "ECDSA", hash: "SHA-512", namedCurve: "P-521" }],
    ["EdDSA", "OKP", { name: "Ed25519" }],
    ["Ed25519", "OKP", { name: "Ed25519" }],
  ])("%s needs a key of the type %s", (algorithm, keyType, parameters) => {
    expect(signatureParameters(algorithm)).toMatchObject(parameters);
    expect([keyTypeOf(algorithm), isAsymmetric(algorithm)]).toEqual([keyType, true]);
  });

  test.each(["HS256", "none", "RS1", "rs256", "RS256 ", ""])("%j is not one for a key pair", (algorithm) => {
    expect(isAsymmetric(algorithm)).toBe(false);
  });
});
