import { generateKeyPairSync } from "node:crypto";
import { describe, expect, test } from "vitest";
import { portsOf } from "../../adapters/lib/ports.js";
import { privateKeyJwt } from "../../adapters/lib/private-key-jwt.js";
import { createClock, createTestProvider, type Fault, type TestProviderOptions } from "../../adapters/testing/index.js";
import type { Provider } from "../../core/provider/provider.js";
import { createServerProvider, type ServerSettings } from "../../core/provider/server.js";

const VERIFIER = "v".repeat(43);
const CHALLENGE = Buffer.from(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(VERIFIER))).toString(
  "base64url",
);
const REDIRECT_URI = "https://app.example/auth/callback";

/** A test provider `op` with faults, and latchkey's client of it, `rp`. */
async function pair(options: TestProviderOptions = {}, settings: Partial<ServerSettings> = {}) {
  const clock = createClock();
  const op = await createTestProvider({ clock, ...options });
  /** Seconds that a response of the token endpoint takes. */
  const delay = { token: 0 };
  const fetch: typeof op.fetch = async (input, init) => {
    const response = await op.fetch(input, init);
    if (`${input}`.endsWith("/token")) clock.advance(delay.token);
    return response;
  };
  const ports = portsOf({ now: clock.now, fetch: fetch as never });
  const rp = createServerProvider(
    {
      issuer: op.issuer,
      clientId: op.clientId,
      clientSecret: op.clientSecret,
      clientAuthentication: "client_secret_basic",
      idTokenSigningAlg: options.signingAlg ?? "RS256",
      httpTimeout: 0.3,
      clockTolerance: 30,
      ...settings,
    },
    ports,
  );
  async function signIn(parameters: Record<string, string> = {}) {
    const url = await rp.authorizationUrl({
      client_id: op.clientId,
      redirect_uri: REDIRECT_URI,
      response_type: "code",
      scope: "openid offline_access",
      state: "state",
      nonce: "nonce",
      code_challenge: CHALLENGE,
      code_challenge_method: "S256",
      ...parameters,
    });
    const { url: callback } = await op.authorize(url);
    const input = {
      code: new URL(callback).searchParams.get("code") ?? "",
      codeVerifier: VERIFIER,
      redirectUri: REDIRECT_URI,
    };
    return { url, tokens: await rp.redeem(input) };
  }
  const count = (endpoint: string) => op.requests.filter((request) => request.endpoint === endpoint).length;
  return { clock, op, rp, signIn, count, delay };
}

const verify = (rp: Provider, { idToken = "", accessToken }: { idToken?: string | undefined; accessToken: string }) =>
  rp.verifyIdToken({ idToken, accessToken });

const code = (value: string) => expect.objectContaining({ name: "ExchangeError", code: value });

describe("a browser is not redirected to an endpoint that is less secure than the issuer", () => {
  const metadataWith =
    (members: Record<string, string>) =>
    (op: Awaited<ReturnType<typeof createTestProvider>>): typeof op.fetch =>
    async (input, init) => {
      const response = await op.fetch(input, init);
      return `${input}`.endsWith("/openid-configuration")
        ? Response.json({ ...(await response.json()), ...members })
        : response;
    };
  const providerWith = async (members: Record<string, string>, issuer = "https://op.example") => {
    const op = await createTestProvider({ issuer });
    const settings = { issuer, clientId: op.clientId, clientSecret: op.clientSecret } as const;
    return createServerProvider(
      {
        ...settings,
        clientAuthentication: "client_secret_basic",
        idTokenSigningAlg: "RS256",
        httpTimeout: 1,
        clockTolerance: 30,
      },
      portsOf({ fetch: metadataWith(members)(op) as never }),
    );
  };

  test.each(["http://op.example/login", "javascript:alert(1)", "ftp://op.example/", "//op.example/login", ""])(
    "%s is refused from an issuer on https",
    async (url) => {
      const rp = await providerWith({ authorization_endpoint: url, end_session_endpoint: url || "x" });
      await expect(rp.authorizationUrl({})).rejects.toMatchObject({ code: "provider_invalid" });
      await expect(rp.endSessionUrl({ postLogoutRedirectUri: "https://app.example/" })).rejects.toMatchObject({
        code: "provider_invalid",
      });
    },
  );

  test("plain http is accepted from an issuer on plain http, as on localhost", async () => {
    const endpoint = "http://localhost:4000/login";
    const rp = await providerWith({ authorization_endpoint: endpoint }, "http://localhost:4000");
    expect(await rp.authorizationUrl({})).toMatch(/^http:\/\/localhost:4000\/login/);
  });
});

describe("Basic RP modules: the ID Token", () => {
  test.each<[module: string, fault: Fault | undefined]>([
    ["oidcc-client-test-idtoken-sig-rs256", undefined],
    ["oidcc-client-test-kid-absent-single-jwks", "kid_absent"],
  ])("%s: accepted", async (_module, fault) => {
    const { op, rp, signIn } = await pair();
    if (fault) op.misbehave(fault);
    const { tokens } = await signIn();
    expect(await verify(rp, tokens)).toMatchObject({ iss: op.issuer, sub: "alice", nonce: "nonce" });
  });

  test.each<[module: string, fault: Fault]>([
    ["oidcc-client-test-invalid-iss", "invalid_iss"],
    ["oidcc-client-test-missing-sub", "missing_sub"],
    ["oidcc-client-test-invalid-aud", "invalid_aud"],
    ["oidcc-client-test-missing-iat", "missing_iat"],
    ["oidcc-client-test-idtoken-sig-none", "alg_none"],
    ["oidcc-client-test-invalid-sig-rs256", "invalid_signature"],
    ["oidcc-client-test-invalid-sig-hs256", "alg_hs256"],
    ["oidcc-client-test-invalid-athash", "wrong_at_hash"],
    ["an empty subject", "empty_sub"],
    ["an expired token", "expired_id_token"],
    ["a token from tomorrow", "future_iat"],
    ["a token authorized for another party", "other_azp"],
    ["a logout token", "logout_typ"],
    ["an unknown key", "unknown_kid"],
  ])("%s: refused", async (_module, fault) => {
    const { op, rp, signIn } = await pair();
    op.misbehave(fault);
    const { tokens } = await signIn();
    await expect(verify(rp, tokens)).rejects.toEqual(code("id_token_invalid"));
  });

  test.each(["RS256", "PS256", "ES256"] as const)(
    "signed with %s: accepted only if that algorithm is configured",
    async (signingAlg) => {
      const right = await pair({ signingAlg });
      const { tokens } = await right.signIn();
      expect((await verify(right.rp, tokens)).sub).toBe("alice");
      const pinned = await pair({ signingAlg }, { idTokenSigningAlg: signingAlg === "RS256" ? "PS256" : "RS256" });
      const other = await pinned.signIn();
      await expect(verify(pinned.rp, other.tokens)).rejects.toEqual(code("id_token_invalid"));
    },
  );

  test("clocks may differ by 30 s at most", async () => {
    for (const [seconds, accepted] of [
      [29, true],
      [31, false],
    ] as const) {
      const { clock, rp, signIn } = await pair();
      const { tokens } = await signIn();
      clock.advance(-seconds);
      const verified = verify(rp, tokens).then(
        () => true,
        () => false,
      );
      expect(await verified).toBe(accepted);
    }
  });
});

describe("Config RP modules", () => {
  test("oidcc-client-test-discovery-openid-config: the document is fetched once for concurrent requests", async () => {
    const { rp, count, clock } = await pair();
    await Promise.all(Array.from({ length: 20 }, () => rp.metadata()));
    expect(count("discovery")).toBe(1);
    clock.advance(601);
    await rp.metadata();
    expect(count("discovery")).toBe(2);
  });

  test("oidcc-client-test-discovery-issuer-mismatch: no request follows, and the document is not cached", async () => {
    const { op, rp } = await pair();
    op.misbehave("wrong_issuer_in_discovery", { times: 1 });
    await expect(rp.authorizationUrl({})).rejects.toEqual(code("provider_invalid"));
    expect(op.requests).toHaveLength(1);
    expect((await rp.metadata()).issuer).toBe(op.issuer);
  });

  test("issuers are compared character by character", async () => {
    const { op } = await pair();
    const ports = portsOf({ fetch: op.fetch as never });
    const settings = { issuer: `${op.issuer}/`, clientId: "client", clientAuthentication: "none" as const };
    const rp = createServerProvider(
      { ...settings, idTokenSigningAlg: "RS256", httpTimeout: 1, clockTolerance: 30 },
      ports,
    );
    await expect(rp.metadata()).rejects.toEqual(code("provider_invalid"));
  });

  test("oidcc-client-test-signing-key-rotation: keys are fetched again, at most once in five seconds", async () => {
    const { clock, op, rp, signIn, count } = await pair();
    const first = await signIn();
    await verify(rp, first.tokens);
    await op.rotateKeys();
    const second = await signIn();
    expect((await verify(rp, second.tokens)).sub).toBe("alice");
    expect(count("jwks")).toBe(2);
    op.misbehave("unknown_kid");
    const third = await signIn();
    await expect(verify(rp, third.tokens)).rejects.toEqual(code("id_token_invalid"));
    expect(count("jwks")).toBe(2);
    clock.advance(5);
    await expect(verify(rp, third.tokens)).rejects.toEqual(code("id_token_invalid"));
    expect(count("jwks")).toBe(3);
  });

  test("keys are fetched once, during the first exchange", async () => {
    const { rp, signIn, count } = await pair();
    const { tokens } = await signIn();
    expect(count("jwks")).toBe(1);
    await verify(rp, tokens);
    await verify(rp, (await signIn()).tokens);
    expect(count("jwks")).toBe(1);
  });

  test("a failed fetch of new keys does not affect the cached keys", async () => {
    const { clock, op, rp, signIn } = await pair();
    const first = await signIn();
    await verify(rp, first.tokens);
    op.misbehave("unknown_kid", { times: 1 });
    const second = await signIn();
    op.misbehave("status_503", { endpoint: "jwks", times: 1 });
    await expect(verify(rp, second.tokens)).rejects.toEqual(code("provider_unreachable"));
    clock.advance(1);
    expect((await verify(rp, first.tokens)).sub).toBe("alice");
  });
});

describe("oidcc-client-test-userinfo-invalid-sub", () => {
  test("claims of another subject are refused", async () => {
    const { op, rp, signIn } = await pair();
    const { tokens } = await signIn();
    expect(await rp.userinfo(tokens.accessToken, "alice")).toMatchObject({ sub: "alice", name: "Alice" });
    op.misbehave("userinfo_of_another_subject");
    await expect(rp.userinfo(tokens.accessToken, "alice")).rejects.toEqual(code("provider_invalid"));
  });
});

describe("client authentication", () => {
  test.each(["client_secret_basic", "client_secret_post"] as const)(
    "oidcc-client-test-%s",
    async (clientAuthentication) => {
      const secret = "needs encoding: +/&=%é ";
      const { op, signIn } = await pair({ clientSecret: secret }, { clientSecret: secret, clientAuthentication });
      await signIn();
      const request = op.requests.find(({ endpoint }) => endpoint === "token");
      expect(request?.authorization !== null).toBe(clientAuthentication === "client_secret_basic");
      expect(request?.parameters["client_secret"] !== undefined).toBe(clientAuthentication === "client_secret_post");
    },
  );

  test.each(["RS256", "ES256"] as const)("private_key_jwt with %s", async (alg) => {
    const type =
      alg === "RS256"
        ? generateKeyPairSync("rsa", { modulusLength: 2048 })
        : generateKeyPairSync("ec", { namedCurve: "P-256" });
    const jwk = (key: typeof type.privateKey) => ({ ...key.export({ format: "jwk" }), alg, kid: "client-key" });
    const options = { clientPublicKey: jwk(type.publicKey) as Record<string, unknown> };
    const { signIn, rp } = await pair(options, { clientAuthentication: privateKeyJwt(jwk(type.privateKey)) });
    const { tokens } = await signIn();
    expect((await verify(rp, tokens)).sub).toBe("alice");
  });

  test("none: a public client, with PKCE alone", async () => {
    const { signIn } = await pair({ clientSecret: "" }, { clientAuthentication: "none" });
    expect((await signIn()).tokens.accessToken).toMatch(/^ey/);
  });

  test("refused credentials are an error of the configuration: client_rejected", async () => {
    const { op, signIn } = await pair();
    op.misbehave("invalid_client");
    await expect(signIn()).rejects.toEqual(code("client_rejected"));
  });
});

describe("RFC 9126", () => {
  test("if the provider offers pushed requests, the URL for the browser has only a reference", async () => {
    const { signIn } = await pair({ offer: { par: true } });
    const { url, tokens } = await signIn();
    expect([...new URL(url).searchParams.keys()].sort()).toEqual(["client_id", "request_uri"]);
    expect(tokens.accessToken).toMatch(/^ey/);
  });
});

describe("a provider that fails", () => {
  const endpoints = ["discovery", "token", "jwks", "par", "userinfo", "revocation"] as const;
  const faults: Array<[Fault, string]> = [
    ["unreachable", "provider_unreachable"],
    ["slow", "provider_unreachable"],
    ["status_500", "provider_unreachable"],
    ["status_503", "provider_unreachable"],
    ["status_429", "provider_unreachable"],
    ["html", "provider_invalid"],
    ["huge_body", "provider_invalid"],
    ["redirect", "provider_invalid"],
  ];
  test.each(endpoints.flatMap((endpoint) => faults.map(([fault, expected]) => [fault, endpoint, expected] as const)))(
    "%s at %s: %s",
    async (fault, endpoint, expected) => {
      const { op, rp, signIn } = await pair({ signingAlg: "ES256", offer: { par: endpoint === "par" } });
      const prepared = endpoint === "userinfo" || endpoint === "revocation" ? await signIn() : undefined;
      op.misbehave(fault, { endpoint });
      const { tokens } = prepared ?? { tokens: { accessToken: "", refreshToken: "" } };
      const attempt =
        endpoint === "jwks"
          ? // The keys are fetched during the exchange, which succeeds; the error comes at the verification.
            signIn().then((signedIn) => verify(rp, signedIn.tokens))
          : endpoint === "userinfo"
            ? rp.userinfo(tokens.accessToken, "alice")
            : endpoint === "revocation"
              ? rp.revoke(tokens.refreshToken as string)
              : signIn();
      // With a response that is not a key set, the token cannot be verified, which is another error.
      const unusable =
        expected === "provider_invalid" && endpoint === "jwks" ? /id_token_invalid|provider_invalid/ : expected;
      const error = await attempt.then(
        () => undefined,
        (reason: { code: string; name: string }) => reason,
      );
      // RFC 7009 2.2: a token is revoked if the status is 200, with any body.
      if (endpoint === "revocation" && fault === "html") return expect(error).toBeUndefined();
      expect(error?.name).toBe("ExchangeError");
      expect(error?.code).toMatch(unusable);
    },
  );
});

describe("refreshing", () => {
  async function refresh(
    rp: Provider,
    refreshToken = "",
    more: { currentAccessTokens?: string[]; audience?: string; subject?: string } = {},
  ) {
    const request = { refreshToken, subject: "alice", currentAccessTokens: [], ...more };
    const { release, error, ...response } = await rp.refresh(request);
    // The caller stores the rotated refresh token first.
    if (error) throw error;
    return { response, refreshToken: response.refreshToken, release };
  }

  test("200 concurrent requests cause one token request, and get one result", async () => {
    // The time-out is long, so that a slow machine does not fail the test.
    const { rp, signIn, count } = await pair({}, { httpTimeout: 60 });
    const { tokens } = await signIn();
    const before = count("token");
    const results = await Promise.all(Array.from({ length: 200 }, () => refresh(rp, tokens.refreshToken)));
    expect(count("token") - before).toBe(1);
    expect(new Set(results.map(({ response }) => response.accessToken)).size).toBe(1);
  });

  test("a client assertion that takes long to sign spends no refresh token twice", async () => {
    const slow = async () => {
      await new Promise((resolve) => setTimeout(resolve, 250));
    };
    const { op, rp, count } = await pair({}, { clientAuthentication: { addTo: slow }, httpTimeout: 0.3 });
    // The result does not matter: the test counts the requests.
    op.misbehave({ status: 503, endpoint: "token" });
    const before = count("token");
    await Promise.allSettled(Array.from({ length: 20 }, () => refresh(rp, "r")));
    expect(count("token") - before).toBe(1);
  });

  test("requests with the old refresh token get the result for 30 s; after that the token is spent", async () => {
    const { clock, rp, signIn } = await pair();
    const { tokens } = await signIn();
    const { response, release } = await refresh(rp, tokens.refreshToken);
    // A response has carried the result.
    release();
    clock.advance(30);
    expect((await refresh(rp, tokens.refreshToken)).response).toEqual(response);
    clock.advance(31);
    await expect(refresh(rp, tokens.refreshToken)).rejects.toEqual(code("grant_ended"));
  });

  test("if the keys for a new ID Token cannot be fetched, the next request verifies it, and no refresh token is lost", async () => {
    const { op, clock, rp, signIn, count } = await pair();
    const { tokens } = await signIn();
    await verify(rp, tokens);
    await op.rotateKeys();
    op.misbehave("status_503", { endpoint: "jwks", times: 1 });
    await expect(refresh(rp, tokens.refreshToken)).rejects.toEqual(code("provider_unreachable"));
    const before = count("token");
    clock.advance(60);
    expect((await refresh(rp, tokens.refreshToken)).response.accessToken).toMatch(/./);
    expect(count("token")).toBe(before);
  });

  test("a result whose access token has expired is not returned: the next request refreshes with its refresh token", async () => {
    const { clock, rp, signIn, count } = await pair({ accessTokenLifetime: 20 });
    const { tokens } = await signIn();
    const first = await refresh(rp, tokens.refreshToken);
    clock.advance(20);
    const second = await refresh(rp, tokens.refreshToken);
    expect(second.response.accessToken).not.toBe(first.response.accessToken);
    const before = count("token");
    expect((await refresh(rp, tokens.refreshToken)).response).toEqual(second.response);
    expect(count("token")).toBe(before);
  });

  test("a caller that has the result already gets a new one, with and without rotation of refresh tokens", async () => {
    for (const rotateRefreshTokens of [true, false]) {
      const { rp, signIn } = await pair({ rotateRefreshTokens });
      const { tokens } = await signIn();
      const first = await refresh(rp, tokens.refreshToken);
      const second = await refresh(rp, first.refreshToken, { currentAccessTokens: [first.response.accessToken] });
      expect(second.response.accessToken).not.toBe(first.response.accessToken);
    }
  });

  test("no refresh token is spent while the keys cannot be fetched that the new ID Token needs", async () => {
    const { clock, op, rp, signIn, count } = await pair();
    const { tokens } = await signIn();
    await verify(rp, tokens);
    clock.advance(3600);
    op.misbehave("status_503", { endpoint: "jwks", times: 1 });
    const before = count("token");
    await expect(refresh(rp, tokens.refreshToken)).rejects.toEqual(code("provider_unreachable"));
    expect(count("token")).toBe(before);
    expect((await refresh(rp, tokens.refreshToken)).response.accessToken).toMatch(/^ey/);
  });

  test("concurrent refreshes for two audiences do not spend a refresh token twice", async () => {
    const { rp, signIn } = await pair();
    const { tokens } = await signIn();
    const [a, b] = await Promise.all([
      refresh(rp, tokens.refreshToken, { audience: "https://a.example" }),
      refresh(rp, tokens.refreshToken, { audience: "https://b.example" }),
    ]);
    expect(a.refreshToken).not.toBe(b.refreshToken);
    expect((await refresh(rp, b.refreshToken)).response.accessToken).toMatch(/^ey/);
  });

  test("S11: two users who refresh at the same time each get their own token", async () => {
    const { rp, signIn, count } = await pair();
    const [alice, bob] = [await signIn(), await signIn()];
    const before = count("token");
    const [first, second] = await Promise.all([
      refresh(rp, alice.tokens.refreshToken),
      refresh(rp, bob.tokens.refreshToken),
    ]);
    expect(count("token") - before).toBe(2);
    expect(first.response.accessToken).not.toBe(second.response.accessToken);
  });

  test("P7: a temporary failure rejects the waiting requests, and the next request tries again", async () => {
    const { op, rp, signIn } = await pair();
    const { tokens } = await signIn();
    op.misbehave("status_503", { endpoint: "token", times: 1 });
    const results = await Promise.allSettled([1, 2, 3].map(() => refresh(rp, tokens.refreshToken)));
    expect(results.map(({ status }) => status)).toEqual(["rejected", "rejected", "rejected"]);
    expect((await refresh(rp, tokens.refreshToken)).response.accessToken).toMatch(/^ey/);
  });

  test("oidcc-client-test-refresh-token-invalid-sub: another user's ID Token is refused", async () => {
    const { op, rp, signIn } = await pair();
    const { tokens } = await signIn();
    op.misbehave("other_subject_on_refresh");
    await expect(refresh(rp, tokens.refreshToken)).rejects.toEqual(code("id_token_invalid"));
  });

  test("oidcc-client-test-refresh-token-invalid-issuer", async () => {
    const { op, rp, signIn } = await pair();
    const { tokens } = await signIn();
    op.misbehave("invalid_iss");
    await expect(refresh(rp, tokens.refreshToken)).rejects.toEqual(code("id_token_invalid"));
  });
});

describe("signing out", () => {
  test("rp-init-logout: the URL has the hint, the client and the URL to return to", async () => {
    const { op, rp } = await pair();
    const url = new URL(
      (await rp.endSessionUrl({ idToken: "hint", postLogoutRedirectUri: "https://app.example/" })) ?? "",
    );
    expect(Object.fromEntries(url.searchParams)).toEqual({
      client_id: op.clientId,
      id_token_hint: "hint",
      post_logout_redirect_uri: "https://app.example/",
    });
  });

  test("without these endpoints the URL is undefined, and a revocation sends no request", async () => {
    const { rp, count } = await pair({ offer: { endSession: false, revocation: false } });
    expect(await rp.endSessionUrl({ postLogoutRedirectUri: "https://app.example/" })).toBeUndefined();
    await rp.revoke("token");
    expect(count("revocation")).toBe(0);
  });

  test("RFC 7009: a revoked refresh token is refused", async () => {
    const { rp, signIn } = await pair();
    const { tokens } = await signIn();
    await rp.revoke(tokens.refreshToken as string);
    await expect(
      rp.refresh({ refreshToken: tokens.refreshToken as string, subject: "alice", currentAccessTokens: [] }),
    ).rejects.toEqual(code("grant_ended"));
  });
});

test("a token's lifetime is counted from the request, even if the response takes long", async () => {
  const { clock, signIn, rp, delay } = await pair();
  delay.token = 7;
  const from = clock.now();
  const { tokens } = await signIn();
  expect([tokens.requestedAt, clock.now()]).toEqual([from, from + 7_000]);
  const refreshed = await rp.refresh({
    refreshToken: tokens.refreshToken as string,
    subject: "alice",
    currentAccessTokens: [],
  });
  expect([refreshed.requestedAt, clock.now()]).toEqual([from + 7_000, from + 14_000]);
});

test("a token response without expires_in is accepted; one with another token type is refused", async () => {
  const { op, signIn } = await pair();
  const end = op.misbehave("no_expires_in");
  expect((await signIn()).tokens.expiresIn).toBeUndefined();
  end();
  op.misbehave("other_token_type");
  await expect(signIn()).rejects.toEqual(code("provider_invalid"));
});
