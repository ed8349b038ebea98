import { beforeEach, describe, expect, test } from "vitest";
import { createClock, type FixedClock } from "../../../adapters/testing/index.js";
import {
  type AccessTokenSettings,
  createAccessTokenCheck,
  type TrustedIssuer,
} from "../../../core/resource-server/access-token.js";
import { createIntrospection, type IntrospectionSettings } from "../../../core/resource-server/introspection.js";

const API = "https://api.example";
const ISSUER = "https://op.example";
const ENDPOINT = `${ISSUER}/introspect`;
const TOKEN = "opaque~token.of_alice";

let clock: FixedClock = createClock();
/** Requests to the introspection endpoint. */
let requests: Array<{ url: string; headers: Record<string, string>; body: URLSearchParams }>;
/** What the endpoint answers. */
let answer: () => Response | Promise<Response>;
beforeEach(() => {
  clock = createClock();
  requests = [];
  answer = () => Response.json(active());
});

const seconds = () => Math.floor(clock.now() / 1000);
const active = (changed: object = {}) => ({
  active: true,
  iss: ISSUER,
  sub: "alice",
  aud: API,
  client_id: "client",
  scope: "read:shows",
  token_type: "Bearer",
  exp: seconds() + 300,
  ...changed,
});

async function fetchAsProvider(url: string, init: { headers?: Record<string, string>; body?: string } = {}) {
  if (url.endsWith("/openid-configuration"))
    return Response.json({ issuer: ISSUER, introspection_endpoint: ENDPOINT, jwks_uri: `${ISSUER}/jwks` });
  requests.push({ url, headers: init.headers ?? {}, body: new URLSearchParams(init.body) });
  return answer();
}

/** An API whose provider knows about opaque tokens. */
function createApi(
  changed: Partial<IntrospectionSettings> = {},
  trusted: Partial<TrustedIssuer & AccessTokenSettings> = {},
) {
  const introspection = createIntrospection({
    clientId: "api",
    clientSecret: "secret of the API",
    clientAuthentication: "client_secret_basic",
    maxAge: 60,
    mayLack: [],
    ...changed,
  });
  const issuer = { issuer: ISSUER, audience: [API], clientIds: [], signingAlg: "RS256", profile: "any", introspection };
  const settings = {
    issuers: [{ ...issuer, ...trusted } as TrustedIssuer],
    scope: [],
    claims: {},
    clockTolerance: 30,
    httpTimeout: 0.2,
    ...trusted,
  };
  const check = createAccessTokenCheck(settings, {
    now: clock.now,
    random: (bytes) => new Uint8Array(bytes),
    fetch: fetchAsProvider as never,
  });
  return (token = TOKEN) => check({ method: "GET", url: "/", authorization: `Bearer ${token}`, proof: undefined });
}

/** "ok", or the code with the reason. */
async function outcomeOf(answered: unknown, ...settings: Parameters<typeof createApi>): Promise<string> {
  answer = () => Response.json(answered);
  const verdict = await createApi(...settings)();
  if (!("refusal" in verdict)) return "ok";
  return [verdict.refusal.code, verdict.refusal.reason].filter(Boolean).join(": ");
}

test("a token that is no JWT is sent to the provider, and its claims are those of the answer", async () => {
  const { active: _active, ...claims } = active();
  expect(await createApi()()).toEqual({ access: { token: TOKEN, claims } });
  expect(requests).toEqual([
    {
      url: ENDPOINT,
      headers: expect.objectContaining({ authorization: `Basic ${btoa("api:secret+of+the+API")}` }),
      body: new URLSearchParams({ token: TOKEN, token_type_hint: "access_token" }),
    },
  ]);
});

test("the client may authenticate in the form, and the endpoint may be named by the app", async () => {
  await createApi({ clientAuthentication: "client_secret_post", introspectionEndpoint: `${ISSUER}/other` })();
  expect(requests[0]?.url).toBe(`${ISSUER}/other`);
  expect(Object.fromEntries(requests[0]?.body ?? [])).toMatchObject({
    client_id: "api",
    client_secret: "secret of the API",
  });
});

test("a JWT is never sent, whoever made it", async () => {
  const jwt = [{ alg: "RS256" }, { iss: "https://other.example" }].map((part) =>
    Buffer.from(JSON.stringify(part)).toString("base64url"),
  );
  const verdict = await createApi()(`${jwt.join(".")}.AAAA`);
  expect([verdict, requests]).toMatchObject([{ refusal: { reason: "iss" } }, []]);
});

describe("an answer", () => {
  test.each<[string, object | unknown[] | string | null, string]>([
    ["about an active token", active(), "ok"],
    ["with active as text", { ...active(), active: "true" }, "ok"],
    ["with active as false", { ...active(), active: false }, "invalid_token: active"],
    ["with active as the text false", { ...active(), active: "false" }, "invalid_token: active"],
    ["with active as 1", { ...active(), active: 1 }, "invalid_token: active"],
    ["without active", { ...active(), active: undefined }, "temporarily_unavailable: provider_invalid"],
    ["that is an empty object", {}, "temporarily_unavailable: provider_invalid"],
    ["that is a list", [], "temporarily_unavailable: provider_invalid"],
    ["that is text", "active", "temporarily_unavailable: provider_invalid"],
    ["with exp as text", { ...active(), exp: "4000000000" }, "ok"],
    ["about a token that has expired", { ...active(), exp: 1 }, "invalid_token: exp"],
    ["without exp", { ...active(), exp: undefined }, "invalid_token: exp"],
    ["about a token that is not valid yet", { ...active(), nbf: 4_000_000_000 }, "invalid_token: nbf"],
    ["with members that are null or empty", { ...active(), nbf: null, iat: "", cnf: null, nonce: null }, "ok"],
    ["without iss", { ...active(), iss: undefined }, "ok"],
    ["of another issuer", { ...active(), iss: `${ISSUER}/` }, "invalid_token: iss"],
    ["without aud", { ...active(), aud: undefined }, "invalid_token: aud"],
    ["with an empty aud", { ...active(), aud: "" }, "invalid_token: aud"],
    ["for another API", { ...active(), aud: "other" }, "invalid_token: aud"],
    ["for several APIs", { ...active(), aud: ["other", API] }, "ok"],
    ["about a token of a client, without sub", { ...active(), sub: undefined }, "ok"],
    ["about a token of a user, without sub", { ...active(), sub: "", username: "alice" }, "invalid_token: sub"],
    ["without sub and client_id", { ...active(), sub: null, client_id: null }, "invalid_token: sub"],
    ["without token_type", { ...active(), token_type: undefined }, "invalid_token: token_type"],
    ["with token_type in lower case", { ...active(), token_type: "bearer" }, "ok"],
    ["about a refresh token", { ...active(), token_type: "refresh_token" }, "invalid_token: token_type"],
    ["about a refresh token, as token_use", { ...active(), token_use: "refresh_token" }, "invalid_token: token_use"],
    ["about an access token, as token_use", { ...active(), token_use: "access_token" }, "ok"],
    ["about an ID Token", { ...active(), nonce: "n" }, "invalid_token: id_token"],
    ["about a bound token", { ...active(), cnf: { jkt: "thumbprint" } }, "invalid_token: cnf"],
    ["about a bound token that does not say the key", { ...active(), token_type: "DPoP" }, "invalid_token: cnf"],
  ])("%s", async (_what, answered, outcome) => {
    expect(await outcomeOf(answered)).toBe(outcome);
  });

  test("without aud or token_type is taken only with the relaxation of that name", async () => {
    const [noAud, noType] = [active({ aud: undefined }), active({ token_type: undefined })];
    expect(await outcomeOf(noAud, { mayLack: ["aud"] })).toBe("ok");
    expect(await outcomeOf(noAud, { mayLack: ["token_type"] })).toBe("invalid_token: aud");
    expect(await outcomeOf(noType, { mayLack: ["token_type"] })).toBe("ok");
    expect(await outcomeOf(noType, { mayLack: ["aud"] })).toBe("invalid_token: token_type");
    expect(await outcomeOf(active({ aud: "other" }), { mayLack: ["aud"] })).toBe("invalid_token: aud");
    expect(await outcomeOf(noAud, {}, { clientIds: ["client"] })).toBe("ok");
    expect(await outcomeOf(noAud, {}, { clientIds: ["other"] })).toBe("invalid_token: aud");
  });

  test("has the scopes of the token, as words or as a list", async () => {
    const scope = { scope: ["read:shows", "pay"] };
    expect(await outcomeOf(active({ scope: "pay read:shows" }), {}, scope)).toBe("ok");
    expect(await outcomeOf(active({ scope: ["pay", "read:shows"] }), {}, scope)).toBe("ok");
    expect(await outcomeOf(active(), {}, scope)).toBe("insufficient_scope");
  });

  test("gives the subject of a client's token: the client", async () => {
    answer = () => Response.json(active({ sub: undefined }));
    expect(await createApi()()).toMatchObject({ access: { claims: { sub: "client" } } });
  });
});

describe("an answer is used again", () => {
  test("for maxAge seconds, but not for another token", async () => {
    const check = createApi();
    await check();
    clock.advance(59);
    await check();
    expect(requests).toHaveLength(1);
    await check("another");
    expect(requests).toHaveLength(2);
    clock.advance(1);
    await check();
    expect(requests).toHaveLength(3);
  });

  test("never beyond the exp of the token", async () => {
    const check = createApi();
    answer = () => Response.json(active({ exp: seconds() + 10 }));
    await check();
    clock.advance(11);
    answer = () => Response.json({ active: false });
    expect(await check()).toMatchObject({ refusal: { reason: "active" } });
    expect(requests).toHaveLength(2);
  });

  test("not after the clock was set back by more than its time", async () => {
    const check = createApi();
    answer = () => Response.json(active({ exp: seconds() + 100_000 }));
    await check();
    clock.advance(-3600);
    await check();
    expect(requests).toHaveLength(2);
  });

  test("never with maxAge 0, and never for a token that is not active", async () => {
    const none = createApi({ maxAge: 0 });
    await none();
    await none();
    expect(requests).toHaveLength(2);
    answer = () => Response.json({ active: false });
    const check = createApi();
    await check();
    await check();
    expect(requests).toHaveLength(4);
  });

  test("for 10,000 tokens at most; the oldest makes room", async () => {
    const check = createApi({ introspectionEndpoint: ENDPOINT });
    await check("first");
    for (let count = 0; count < 10_000; count++) await check(`other-${count}`);
    await check("other-9999");
    expect(requests).toHaveLength(10_001);
    await check("first");
    expect(requests).toHaveLength(10_002);
  }, 60_000);

  test("with the checks of the moment: a cached token still needs the scope, and expires", async () => {
    const check = createApi({}, { scope: ["pay"] });
    expect(await check()).toMatchObject({ refusal: { code: "insufficient_scope" } });
    expect(await check()).toMatchObject({ refusal: { code: "insufficient_scope" } });
    expect(requests).toHaveLength(1);
  });
});

describe("if the provider does not answer as it should, a token is neither accepted nor called invalid", () => {
  test.each<[string, () => Response | Promise<Response>, string]>([
    ["it is away", () => Promise.reject(new TypeError("down")), "provider_unreachable"],
    ["it is slow", () => new Promise<Response>(() => {}), "provider_unreachable"],
    ["500", () => new Response("", { status: 500 }), "provider_unreachable"],
    ["429", () => new Response("", { status: 429 }), "provider_unreachable"],
    ["it refuses the API", () => Response.json({ error: "invalid_client" }, { status: 401 }), "client_rejected"],
    ["400", () => Response.json({ error: "invalid_request" }, { status: 400 }), "provider_invalid"],
    ["a page", () => new Response("<html>"), "provider_invalid"],
    ["a redirect", () => new Response("", { status: 302, headers: { location: "/" } }), "provider_invalid"],
  ])("%s", async (_what, answers, reason) => {
    answer = answers;
    const verdict = await createApi()();
    expect(verdict).toMatchObject({ refusal: { code: "temporarily_unavailable", reason } });
  });

  test("a provider that is away gets no request for a second; one that answers with an error still gets them", async () => {
    answer = () => Promise.reject(new TypeError("down"));
    const check = createApi();
    for (let times = 0; times < 5; times++) await check();
    expect(requests).toHaveLength(1);
    clock.advance(1);
    answer = () => new Response("", { status: 500 });
    for (let times = 0; times < 3; times++) await check();
    expect(requests).toHaveLength(4);
  });

  test("the advice names the client if the provider refuses it, and what an answer may lack", async () => {
    answer = () => Response.json({ error: "invalid_client" }, { status: 401 });
    expect(await createApi()()).toMatchObject({ refusal: { advice: "clientId, clientSecret of introspection" } });
    answer = () => Response.json(active({ token_type: undefined }));
    expect(await createApi()()).toMatchObject({ refusal: { advice: "mayLack of introspection" } });
  });

  test("no error holds the token or the secret, also if the provider repeats them", async () => {
    const repeated = `${TOKEN} and secret of the API, ${encodeURIComponent(TOKEN)}`;
    for (const status of [400, 401, 500]) {
      answer = () => Response.json({ error: repeated, error_description: repeated }, { status });
      const verdict = await createApi()();
      const { cause } = (verdict as { refusal: { cause: Error } }).refusal;
      const text = `${JSON.stringify(verdict)} ${cause.message} ${JSON.stringify(cause.cause)} ${cause.stack}`;
      expect(text).not.toContain(TOKEN);
      expect(text).not.toContain("secret of the API");
    }
  });
});
