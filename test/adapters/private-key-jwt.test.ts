import { generateKeyPairSync, type KeyObject } from "node:crypto";
import { createLocalJWKSet, decodeProtectedHeader, jwtVerify } from "jose";
import { afterEach, describe, expect, test, vi } from "vitest";
import * as edge from "../../adapters/edge.js";
import * as express from "../../adapters/express.js";
import * as browser from "../../adapters/next/browser.js";
import * as next from "../../adapters/next/index.js";
import * as node from "../../adapters/node.js";
import { createClock, createCookieJar, createTestProvider } from "../../adapters/testing/index.js";

const { privateKeyJwt } = edge;

type Jwk = Record<string, unknown>;

/** The JWKs of a key pair. */
function jwks({ privateKey, publicKey }: { privateKey: KeyObject; publicKey: KeyObject }, members: Jwk) {
  const jwkOf = (key: KeyObject) => ({ ...key.export({ format: "jwk" }), ...members });
  return { privateJwk: jwkOf(privateKey) as Jwk, publicJwk: jwkOf(publicKey) as Jwk };
}

const ec = () => generateKeyPairSync("ec", { namedCurve: "P-256" });
const { privateJwk, publicJwk } = jwks(ec(), { alg: "ES256", kid: "client-key" });
const clock = createClock();
const CLIENT = { issuer: "https://op.example", clientId: "client" };
const AT_TOKEN = { ...CLIENT, endpoint: "https://op.example/token" };

/** The form of a request that an assertion was added to. */
async function formWith(key: object | string, random = (bytes: number) => new Uint8Array(bytes)) {
  const form = new URLSearchParams();
  await privateKeyJwt(key).addTo(form, AT_TOKEN, { now: clock.now, random });
  return form;
}

const complete = { ...CLIENT, secret: "a secret of at least thirty-two characters", baseUrl: "https://app.example" };

/** What `createAuth` says about a key. */
function refusal(key: object | string | undefined): string {
  try {
    edge.createAuth({ ...complete, clientAuthentication: privateKeyJwt(key) });
  } catch (error) {
    expect(error).toMatchObject({ name: "MisuseError", code: "invalid_config" });
    return (error as Error).message.replace("latchkey: privateKeyJwt: ", "");
  }
  return "accepted";
}

describe("an assertion", () => {
  test("is by the client about itself, for the issuer alone, for 60 seconds (RFC 7523 3)", async () => {
    const form = await formWith(privateJwk);
    expect([...form.keys()].sort()).toEqual(["client_assertion", "client_assertion_type"]);
    expect(form.get("client_assertion_type")).toBe("urn:ietf:params:oauth:client-assertion-type:jwt-bearer");
    const assertion = form.get("client_assertion") as string;
    const { payload } = await jwtVerify(assertion, createLocalJWKSet({ keys: [publicJwk as never] }), {
      currentDate: new Date(clock.now()),
    });
    const iat = Math.floor(clock.now() / 1000);
    const { clientId, issuer } = CLIENT;
    expect(payload).toEqual({
      iss: clientId,
      sub: clientId,
      aud: issuer,
      jti: "A".repeat(22),
      iat,
      nbf: iat,
      exp: iat + 60,
    });
    expect(decodeProtectedHeader(assertion)).toEqual({ alg: "ES256", kid: "client-key", typ: "JWT" });
  });

  test("has no kid where the key has none", async () => {
    const { kid: _none, ...jwk } = privateJwk;
    const form = await formWith(jwk);
    expect(decodeProtectedHeader(form.get("client_assertion") as string)).toEqual({ alg: "ES256", typ: "JWT" });
  });

  test.each([
    ["RS256", () => generateKeyPairSync("rsa", { modulusLength: 2048 })],
    ["PS384", () => generateKeyPairSync("rsa", { modulusLength: 2048 })],
    ["ES256", ec],
    ["ES384", () => generateKeyPairSync("ec", { namedCurve: "P-384" })],
    ["EdDSA", () => generateKeyPairSync("ed25519")],
  ])("with %s is signed as the key says, from an object or from JSON", async (alg, generate) => {
    const pair = jwks(generate(), { alg });
    for (const key of [pair.privateJwk, JSON.stringify(pair.privateJwk)]) {
      const assertion = (await formWith(key)).get("client_assertion") as string;
      const verified = jwtVerify(assertion, createLocalJWKSet({ keys: [pair.publicJwk as never] }), {
        algorithms: [alg],
        currentDate: new Date(clock.now()),
      });
      expect((await verified).payload.sub).toBe("client");
    }
  });
});

describe("the key", () => {
  afterEach(() => vi.restoreAllMocks());

  test("is imported for the first assertion, and once", async () => {
    const importKey = vi.spyOn(crypto.subtle, "importKey");
    const assertion = privateKeyJwt(privateJwk);
    assertion.check?.();
    expect(importKey).not.toHaveBeenCalled();
    for (const form of [new URLSearchParams(), new URLSearchParams()])
      await assertion.addTo(form, AT_TOKEN, { now: clock.now, random: (bytes) => new Uint8Array(bytes) });
    expect(importKey).toHaveBeenCalledTimes(1);
  });

  test("is imported again where a request could not import it", async () => {
    vi.spyOn(crypto.subtle, "importKey").mockReturnValueOnce(new Promise(() => {}));
    const assertion = privateKeyJwt(privateJwk);
    const ports = { now: clock.now, random: (bytes: number) => new Uint8Array(bytes) };
    // The runtime cancelled the first request, whose promise never settles.
    void assertion.addTo(new URLSearchParams(), AT_TOKEN, ports);
    const form = new URLSearchParams();
    await assertion.addTo(form, AT_TOKEN, ports);
    expect(form.has("client_assertion")).toBe(true);
  });

  const { d, ...withoutD } = privateJwk;
  const { alg: _alg, ...withoutAlg } = privateJwk;
  const PEM = generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey.export({ format: "pem", type: "pkcs8" });

  test.each<[what: string, key: object | string | undefined, says: string]>([
    ["no key, as from a variable that is not set", undefined, "the key is missing"],
    ["an empty variable", "", "the key is missing"],
    ["PEM", `${PEM}`, "the key must be a JWK, or the JSON of one"],
    ["JSON that was cut off", JSON.stringify(privateJwk).slice(0, -1), "the key must be a JWK, or the JSON of one"],
    ["JSON of text", JSON.stringify("sesame"), "the key must be a JWK, or the JSON of one"],
    ["null as JSON", "null", "the key must be a JWK, or the JSON of one"],
    ["a key without alg", withoutAlg, "the key must have an asymmetric alg, such as RS256, PS256, ES256 or EdDSA"],
    [
      "a shared secret (RFC 8725 2.1)",
      { kty: "oct", k: "c2VzYW1l", d: "sesame", alg: "HS256" },
      "the key must have an asymmetric alg, such as RS256, PS256, ES256 or EdDSA",
    ],
    [
      "alg none",
      { ...privateJwk, alg: "none" },
      "the key must have an asymmetric alg, such as RS256, PS256, ES256 or EdDSA",
    ],
    [
      "a list in the place of alg",
      { ...privateJwk, alg: ["ES256"] },
      "the key must have an asymmetric alg, such as RS256, PS256, ES256 or EdDSA",
    ],
    ["alg of another type of key", { ...privateJwk, alg: "RS256" }, "kty and crv of the key must be those of RS256"],
    ["alg of another curve", { ...privateJwk, alg: "ES384" }, "kty and crv of the key must be those of ES384"],
    ["a public key", withoutD, "the key must be private: d is missing"],
    ["a key of a type that is none", { ...privateJwk, kty: 1 }, "kty and crv of the key must be those of ES256"],
    ["a sound key", privateJwk, "accepted"],
  ])("is checked when the app starts: %s", (_what, key, says) => {
    expect(refusal(key)).toBe(says);
  });

  test("is quoted by no error", async () => {
    const secret = "c2VzYW1lc2VzYW1lc2VzYW1lc2VzYW1lc2VzYW1lc2U";
    for (const key of [`{"d":"${secret}"`, { d: secret }, { ...withoutAlg, d: secret }, secret])
      expect(refusal(key)).not.toMatch(/c2VzYW1l/);
    const error = await formWith({ ...privateJwk, d: secret }).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ name: "MisuseError", code: "invalid_config" });
    expect(`${error} ${(error as Error).cause}`).not.toMatch(/c2VzYW1l/);
    expect((error as Error).message).toBe("latchkey: privateKeyJwt: the platform cannot sign with the key");
    expect(JSON.stringify(privateKeyJwt(privateJwk))).not.toContain(d);
  });
});

describe("an app with a key in the place of a secret", () => {
  test("signs users in, and refreshes, with an assertion for each request", async () => {
    const provider = await createTestProvider({ clock, clientPublicKey: publicJwk });
    const jar = createCookieJar({ clock });
    const auth = edge.createAuth({
      ...complete,
      scope: "openid offline_access",
      clientAuthentication: privateKeyJwt(JSON.stringify(privateJwk)),
      fetch: provider.fetch,
      now: clock.now,
    });
    const send = async (handle: (request: Request) => Promise<Response>, url: string) => {
      const response = await handle(new Request(url, { headers: { cookie: jar.header(url) } }));
      jar.store(response, url);
      return response;
    };
    const login = await send(auth.handler, "https://app.example/auth/login");
    const { url } = await provider.authorize(String(login.headers.get("location")));
    await send(auth.handler, url);
    const refresh = auth.wrap(async (request, { session }) => {
      await auth.getAccessToken(request, { refresh: true });
      return new Response(session?.user.sub);
    });
    expect(await (await send(refresh, "https://app.example/")).text()).toBe("alice");
    const requests = provider.requests.filter(({ endpoint }) => endpoint === "token");
    const assertions = requests.map(({ parameters }) => parameters["client_assertion"]);
    expect(new Set(assertions).size).toBe(2);
    for (const { authorization, parameters } of requests) {
      expect(authorization).toBeNull();
      expect(parameters).toMatchObject({ client_id: "client" });
      expect(parameters).not.toHaveProperty("client_secret");
    }
  });

  test("has the function from every entry of a server", () => {
    expect([express, node, next].map((entry) => entry.privateKeyJwt)).toEqual([
      privateKeyJwt,
      privateKeyJwt,
      privateKeyJwt,
    ]);
  });

  test("of Next is built without the key, and checks it at the first request", () => {
    const auth = next.createAuth({ ...complete, clientAuthentication: next.privateKeyJwt(undefined) });
    expect(() => auth.check()).toThrow("privateKeyJwt: the key is missing");
  });

  test("of Next has nothing of the key in its pages", () => {
    expect(browser.privateKeyJwt()).toBeUndefined();
  });
});
