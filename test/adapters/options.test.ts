import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createClient } from "../../adapters/browser/index.js";
import { clientExamples } from "../../adapters/browser/settings.js";
import { dpop } from "../../adapters/dpop.js";
import { createAuth as createEdgeAuth, verifyAccessToken as verifyOnEdge } from "../../adapters/edge.js";
import {
  auth,
  backchannelLogout,
  introspection,
  protectedResource,
  requireSession,
  stepUp,
  verifyAccessToken,
} from "../../adapters/express.js";
import { createMemoryStore, createSealer, createSessions, createStore } from "../../adapters/index.js";
import { accessTokenExamples } from "../../adapters/lib/access-token.js";
import { authExamples } from "../../adapters/lib/config.js";
import {
  auth0,
  createAuth as createNextAuth,
  initAuth0,
  verifyAccessToken as verifyInNext,
} from "../../adapters/next/index.js";
import { createTestProvider, mintSession } from "../../adapters/testing/index.js";
import { sessionExamples } from "../../core/session/examples.js";
import { runs } from "../support/runs.js";

const SECRET = "a secret of at least thirty-two characters";
const complete = {
  issuer: "https://op.example",
  clientId: "client",
  clientSecret: "client-secret",
  secret: SECRET,
  baseUrl: "https://app.example",
};
const page = { issuer: "https://op.example", clientId: "client", redirectUri: "https://app.example/callback" };

type Make = (options: never) => unknown;
const entries: Record<string, { make: Make; valid: object; names: readonly string[] }> = {
  "auth of latchkey/express": { make: auth as Make, valid: complete, names: Object.keys(authExamples) },
  "createAuth of latchkey/edge": {
    make: createEdgeAuth as Make,
    valid: complete,
    names: [...Object.keys(authExamples), "env", "waitUntil"],
  },
  "createAuth of latchkey/next": {
    make: ((options: object) => createNextAuth(options).check()) as Make,
    valid: complete,
    names: Object.keys(authExamples),
  },
  verifyAccessToken: {
    make: verifyAccessToken as Make,
    valid: { issuer: "https://op.example", audience: "https://api.example" },
    names: Object.keys(accessTokenExamples),
  },
  dpop: {
    make: dpop as Make,
    valid: { baseUrl: "https://api.example" },
    names: ["baseUrl", "algs", "maxAge", "bearer", "store", "nonceSecret"],
  },
  introspection: {
    make: introspection as Make,
    valid: { clientId: "api", clientSecret: "secret" },
    names: ["clientId", "clientSecret", "clientAuthentication", "introspectionEndpoint", "maxAge", "mayLack"],
  },
  stepUp: { make: stepUp as Make, valid: { maxAge: 60 }, names: ["acrValues", "maxAge"] },
  protectedResource: {
    make: protectedResource as Make,
    valid: { resource: "https://api.example", authorizationServers: ["https://op.example"] },
    names: ["resource", "authorizationServers", "scopesSupported", "metadata"],
  },
  createClient: { make: createClient as Make, valid: page, names: Object.keys(clientExamples) },
  createSessions: {
    make: createSessions as Make,
    valid: { secret: SECRET },
    names: [...Object.keys(sessionExamples), "secret", "purpose", "codec", "store", "now", "random", "onEvent"],
  },
  createSealer: {
    make: createSealer as Make,
    valid: { secret: SECRET, purpose: "test" },
    names: ["secret", "purpose", "maxAge"],
  },
};

/** The message of the MisuseError for these options; "accepted" if there is no error. */
function refusal(make: Make, options: unknown): string {
  try {
    make(options as never);
  } catch (error) {
    if ((error as Error).name !== "MisuseError") throw error;
    expect(error).toMatchObject({ code: "invalid_config" });
    return (error as Error).message;
  }
  return "accepted";
}

describe.each(Object.entries(entries))("%s", (_name, { make, valid, names }) => {
  test("accepts its complete options", () => {
    expect(refusal(make, valid)).toBe("accepted");
  });

  test("refuses an option that does not exist, and names it", () => {
    expect(refusal(make, { ...valid, frobnicate: 1 })).toBe("latchkey: there is no option frobnicate");
    expect(refusal(make, { ...valid, constructor: 1 })).toBe("latchkey: there is no option constructor");
  });

  test("names the nearest option for a name with a missing, additional or wrong letter", () => {
    for (const name of names.filter((each) => each.length > 4)) {
      for (const misspelt of [name.slice(0, 3) + name.slice(4), `${name}x`, name.toUpperCase()]) {
        if (misspelt in authExamples) continue;
        expect(refusal(make, { ...valid, [misspelt]: 1 })).toMatch(
          new RegExp(`there is no option ${misspelt}: did you mean \\w+\\?`),
        );
      }
    }
  });

  test("throws nothing but a MisuseError for any value of an option, and does not quote the value", () => {
    const wrong = fc.oneof(
      fc.constantFrom<unknown>(
        null,
        Number.NaN,
        Number.POSITIVE_INFINITY,
        -1,
        0,
        1.5,
        1e300,
        "",
        " ",
        "\n",
        true,
        1n,
        [],
      ),
      fc.constantFrom<unknown>(
        {},
        [null],
        [[]],
        ["sesame"],
        "sesame",
        Symbol("sesame"),
        () => "sesame",
        /sesame/,
        new Date(0),
      ),
      fc.constantFrom<unknown>(Object.create(null), { plain: Symbol("sesame") }, { "~standard": "sesame" }, [
        Symbol("x"),
      ]),
      fc.anything({ withNullPrototype: true, withBigInt: true }),
    );
    fc.assert(
      fc.property(fc.constantFrom(...names), wrong, (name, value) => {
        expect(refusal(make, { ...valid, [name]: value })).not.toContain("sesame");
      }),
      runs(0.3),
    );
  });

  test.each([[null], ["text"], [1], [true]])(
    "called with %j instead of options, it throws an error that says what it takes",
    (options) => {
      expect(refusal(make, options)).toContain("must be an object");
    },
  );
});

describe("options inside options", () => {
  test.each<[what: string, session: object, says: string]>([
    [
      "a misspelt duration",
      { inactivtyDuration: 60 },
      "session.inactivtyDuration: did you mean session.inactivityDuration?",
    ],
    [
      "a misspelt cookie option",
      { cookie: { samesite: "lax" } },
      "session.cookie.samesite: did you mean session.cookie.sameSite?",
    ],
    ["secure, which baseUrl decides", { cookie: { secure: true } }, "there is no option session.cookie.secure"],
    ["purpose, which the client decides", { purpose: "mine" }, "there is no option session.purpose"],
    ["codec, which is always packed", { codec: {} }, "there is no option session.codec"],
    ["a cookie that is not an object", { cookie: "lax" }, "session.cookie must be of type object, not string"],
    ["a duration as text", { absoluteDuration: "60" }, "session.absoluteDuration must be of type number, not string"],
    ["a schema that is not a Standard Schema", { schema: {} }, "session.schema must be a Standard Schema"],
  ])("%s is refused, and named in the error", (_what, session, says) => {
    expect(refusal(auth as Make, { ...complete, session })).toContain(says);
  });

  test("authorizationParams accepts any name", () => {
    expect(refusal(auth as Make, { ...complete, authorizationParams: { anything: "x" } })).toBe("accepted");
    expect(refusal(auth as Make, { ...complete, authorizationParams: { max_age: 1 } })).toContain("must hold strings");
  });
});

describe("a store", () => {
  const NOT_A_STORE = "latchkey: store must be what redisStore(client) or createStore(port) returns";
  /** Clients of databases have a `connect` too, as a store has. */
  const client = { connect: () => {}, call: () => {}, query: () => {}, sendCommand: () => {} };
  const port = { get: async () => undefined };

  test.each<[what: string, store: unknown]>([
    ["a client of a database", client],
    ["a port", port],
    ["a store that is still to come", Promise.resolve(createMemoryStore())],
    ["createStore itself", createStore],
    ["the name of a store", "redis"],
    ["null", null],
    ["false", false],
  ])("%s is refused, and the error says what to pass", async (_what, store) => {
    expect(refusal(auth as Make, { ...complete, store })).toBe(NOT_A_STORE);
    expect(refusal(createEdgeAuth as Make, { ...complete, store })).toBe(NOT_A_STORE);
    expect(refusal(createSessions as Make, { secret: SECRET, store })).toBe(NOT_A_STORE);
    expect(await misuse(() => mintSession({ ...complete, user: { sub: "alice" }, store } as never))).toBe(NOT_A_STORE);
  });

  test.each<[what: string, options: object, says: string]>([
    ["sessions in a store without a store", { session: { storage: "store" } }, "need a store"],
    ["backchannelLogout without a store", { backchannelLogout: backchannelLogout() }, "need a store"],
    [
      "an unknown storage",
      { store: createMemoryStore(), session: { storage: "redis" } },
      "session.storage must be cookies or store",
    ],
    [
      "a store as the storage",
      { store: createMemoryStore(), session: { storage: createMemoryStore() } },
      "session.storage must be of type string, not object",
    ],
    [
      "backchannelLogout that was not called",
      { store: createMemoryStore(), backchannelLogout },
      "backchannelLogout must be backchannelLogout()",
    ],
    [
      "backchannelLogout: true",
      { store: createMemoryStore(), backchannelLogout: true },
      "backchannelLogout must be backchannelLogout()",
    ],
    [
      "backchannelLogout: null",
      { store: createMemoryStore(), backchannelLogout: null },
      "backchannelLogout must be backchannelLogout()",
    ],
  ])("%s is refused at start-up, and the error says what to pass", (_what, options, says) => {
    expect(refusal(auth as Make, { ...complete, ...options })).toContain(says);
  });

  test("with sessions in it, and sign-outs at the provider, is accepted", () => {
    const options = {
      store: createMemoryStore(),
      session: { storage: "store" },
      backchannelLogout: backchannelLogout(),
    };
    expect(refusal(auth as Make, { ...complete, ...options })).toBe("accepted");
    expect(refusal(auth as Make, { ...complete, store: undefined, backchannelLogout: undefined })).toBe("accepted");
  });

  test.each<[what: string, make: () => unknown, says: string]>([
    ["a port that lacks functions", () => createStore(port as never), "the store lacks add, replace, extend, delete"],
    ["no port", () => createStore(undefined as never), "the store lacks get, add"],
    ["an unknown option", () => createStore(port as never, { timeOut: 1 } as never), "did you mean timeout?"],
  ])("createStore refuses %s", async (_what, make, says) => {
    expect(await misuse(make)).toContain(says);
  });
});

describe("the extras of an API", () => {
  const issuers = ["https://op.example"];
  test.each<[what: string, make: () => unknown, says: string]>([
    ["dpop without a base URL", () => dpop({} as never), "dpop: set baseUrl"],
    ["dpop for plain http", () => dpop({ baseUrl: "http://api.example" }), "dpop: baseUrl must be an https URL"],
    ["dpop with a secret algorithm", () => dpop({ baseUrl: issuers, algs: ["HS256"] }), "algs must be asymmetric"],
    ["dpop without algorithms", () => dpop({ baseUrl: issuers, algs: [] }), "algs must be asymmetric"],
    ["dpop with a short secret", () => dpop({ baseUrl: issuers, nonceSecret: "short" }), "at least 32 characters"],
    ["dpop with no secret", () => dpop({ baseUrl: issuers, nonceSecret: [] }), "at least 32 characters"],
    ["dpop with a client of a database", () => dpop({ baseUrl: issuers, store: {} as never }), "dpop: store must be"],
    ["dpop with proofs for a day", () => dpop({ baseUrl: issuers, maxAge: 86_400 }), "maxAge must be"],
    ["introspection without a client", () => introspection({} as never), "introspection: set clientId"],
    ["introspection without a secret", () => introspection({ clientId: "api" }), "introspection: set clientSecret"],
    [
      "introspection as a public client",
      () => introspection({ clientId: "api", clientSecret: "s", clientAuthentication: "none" }),
      "clientAuthentication must be",
    ],
    [
      "introspection that may lack what it needs",
      () => introspection({ clientId: "api", clientSecret: "s", mayLack: ["active" as never] }),
      "mayLack must be",
    ],
    ["stepUp without a requirement", () => stepUp({}), "stepUp: set acrValues"],
    ["stepUp with an empty list", () => stepUp({ acrValues: [] }), "stepUp: set acrValues"],
    ["stepUp with a quote", () => stepUp({ acrValues: 'a"b' }), "acrValues must be"],
    ["stepUp with half a second", () => stepUp({ maxAge: 0.5 }), "maxAge must be"],
    ["a resource without a URL", () => protectedResource({ authorizationServers: issuers } as never), "set resource"],
    [
      "a resource of nobody",
      () => protectedResource({ resource: "https://api.example", authorizationServers: [] }),
      "set authorizationServers",
    ],
    [
      "a resource by its name",
      () => protectedResource({ resource: "api", authorizationServers: issuers }),
      "resource must be",
    ],
  ])("%s is refused, and the error says what to set", async (_what, make, says) => {
    expect(await misuse(make)).toContain(says);
  });
});

test("one error lists all missing options, each with its variable", () => {
  const message = refusal(auth as Make, {});
  expect(message.split("\n")).toEqual([
    "latchkey: set issuer (LATCHKEY_ISSUER)",
    "latchkey: set clientId (LATCHKEY_CLIENT_ID)",
    'latchkey: set clientSecret (LATCHKEY_CLIENT_SECRET), or clientAuthentication: "none" for a public client',
    "latchkey: set secret (LATCHKEY_SECRET)",
    "latchkey: set baseUrl (LATCHKEY_BASE_URL)",
  ]);
});

test("one error lists unknown and missing options, and those of a wrong type", () => {
  const { issuer: _missing, ...others } = complete;
  const message = refusal(auth as Make, { ...others, userinfo: "false", onEvent: 1, apiOrigin: [] });
  expect(message.split("\n")).toEqual([
    "latchkey: userinfo must be of type boolean, not string",
    "latchkey: onEvent must be of type function, not number",
    "latchkey: there is no option apiOrigin: did you mean apiOrigins?",
    "latchkey: set issuer (LATCHKEY_ISSUER)",
  ]);
});

describe("a function that was passed to a framework without being called throws an error that says so", () => {
  const request = { headers: {}, url: "/", method: "GET" };
  const webRequest = new Request("https://app.example/");
  test.each<[what: string, call: (...args: never[]) => unknown, first: unknown]>([
    ["auth", auth, request],
    ["requireSession", requireSession, request],
    ["verifyAccessToken", verifyAccessToken, request],
    ["createAuth", createEdgeAuth, webRequest],
    ["createAuth", createNextAuth, webRequest],
    ["verifyAccessToken", verifyOnEdge, webRequest],
    ["verifyAccessToken", verifyInNext, webRequest],
  ])("%s", (name, call, first) => {
    const uncalled = call as (...args: unknown[]) => unknown;
    expect(() => uncalled(first, {}, () => {})).toThrow(
      expect.objectContaining({
        name: "MisuseError",
        message: `latchkey: pass what ${name}() returns, not ${name} itself`,
      }),
    );
  });
});

/** The message of the MisuseError that a call throws, or that its promise rejects with. */
async function misuse(call: () => unknown): Promise<string> {
  try {
    await call();
  } catch (error) {
    expect(error).toMatchObject({ name: "MisuseError", code: "invalid_config" });
    return (error as Error).message;
  }
  return "accepted";
}

describe("the options of a provider for tests", () => {
  test.each<[what: string, options: unknown, says: string]>([
    ["an unknown option", { signingAlgo: "RS256" }, "there is no option signingAlgo: did you mean signingAlg?"],
    [
      "an unknown option inside offer",
      { offer: { pars: true } },
      "there is no option offer.pars: did you mean offer.par?",
    ],
    ["a lifetime as text", { accessTokenLifetime: "60" }, "accessTokenLifetime must be of type number, not string"],
    ["text instead of options", "https://op.example", "options must be an object"],
  ])("%s is refused", async (_what, options, says) => {
    expect(await misuse(() => createTestProvider(options as never))).toBe(`latchkey: ${says}`);
  });
});

describe("the options of a minted session", () => {
  const { issuer, clientId, secret } = complete;
  const user = { sub: "alice" };

  test("may include all options of the adapters", async () => {
    expect(await misuse(() => mintSession({ ...complete, ...{ env: {}, userinfo: true }, user }))).toBe("accepted");
  });

  test.each<[what: string, options: unknown, says: string]>([
    [
      "an unknown option",
      { issuer, clientId, secret, user, datta: {} },
      "there is no option datta: did you mean data?",
    ],
    [
      "sessions in a store without a store",
      { issuer, clientId, secret, user: { sub: "alice" }, session: { storage: "store" } },
      'mintSession: session.storage "store" needs the store',
    ],
    ["a user without a subject", { issuer, clientId, secret, user: { name: "Alice" } }, "mintSession: set user.sub"],
    ["no options", undefined, "options must be an object"],
  ])("%s is refused", async (_what, options, says) => {
    expect(await misuse(() => mintSession(options as never))).toBe(`latchkey: ${says}`);
  });

  test("that are missing are all listed in one error", async () => {
    expect((await misuse(() => mintSession({} as never))).split("\n")).toEqual(
      ["issuer", "clientId", "secret", "user"].map((name) => `latchkey: mintSession: set ${name}`),
    );
  });
});

describe("the settings of initAuth0", () => {
  const settings = {
    domain: "tenant.example",
    clientId: "client",
    clientSecret: "client-secret",
    redirectUri: "https://app.example/api/callback",
    postLogoutRedirectUri: "https://app.example/",
    session: { cookieSecret: SECRET },
  };
  const firstUse = (options: unknown) =>
    misuse(() => initAuth0(options as never).getSession({ headers: {}, url: "/" } as never));

  test.each<[what: string, options: unknown, says: string]>([
    ["complete settings", settings, "accepted"],
    ["a lifetime as text", { ...settings, session: { ...settings.session, cookieLifetime: "60" } }, "accepted"],
    [
      "an unknown setting",
      { ...settings, redirectUrl: "https://app.example/" },
      "latchkey: there is no option redirectUrl: did you mean redirectUri?",
    ],
    [
      "an unknown setting of the session",
      { ...settings, session: { ...settings.session, cookieLifeTimes: 1 } },
      "latchkey: there is no option session.cookieLifeTimes: did you mean session.cookieLifetime?",
    ],
    [
      "a time as text",
      { ...settings, oidcClient: { httpTimeout: "1" } },
      "latchkey: oidcClient.httpTimeout must be of type number, not string",
    ],
    ["no settings", undefined, "latchkey: options must be an object"],
  ])("are checked at the first use: %s", async (_what, options, says) => {
    expect(await firstUse(options)).toBe(says);
  });

  test("that are missing are all listed in one error", async () => {
    const names = [
      "domain",
      "clientId",
      "clientSecret",
      "redirectUri",
      "postLogoutRedirectUri",
      "session.cookieSecret",
    ];
    expect((await firstUse({ session: {} })).split("\n")).toEqual(
      names.map((name) => `latchkey: initAuth0: set ${name}`),
    );
  });
});

test.each([[undefined], [{}], [{ domain: "" }], [{ domain: 1 }]])(
  "auth0(%j) throws an error that asks for a domain",
  async (options) => {
    expect(await misuse(() => auth0(options as never))).toBe(
      "latchkey: auth0: set domain, such as tenant.eu.auth0.com",
    );
  },
);

describe("a wrapper that gets no handler throws an error that says so", () => {
  const edge = createEdgeAuth(complete);
  const next = createNextAuth(complete);
  const api = { issuer: "https://op.example", audience: "https://api.example" };
  const wrappers: Record<string, (handler: never) => unknown> = {
    "wrap of latchkey/edge": edge.wrap,
    "requireSession of latchkey/edge": edge.requireSession,
    "wrap of an API of latchkey/edge": verifyOnEdge(api).wrap,
    "wrap of latchkey/next": next.wrap,
    "requireSessionApi of latchkey/next": next.requireSessionApi,
    "wrap of an API of latchkey/next": verifyInNext(api).wrap,
    "wrapApi of an API of latchkey/next": verifyInNext(api).wrapApi,
  };

  test.each(Object.entries(wrappers))("%s", async (name, wrapper) => {
    const [method] = name.split(" ");
    for (const handler of [undefined, new Request("https://app.example/"), Promise.resolve()])
      expect(await misuse(() => wrapper(handler as never))).toBe(`latchkey: ${method} takes a handler: a function`);
  });

  test.each([[new Request("https://app.example/")], ["/page"], [null]])(
    "requireSession(%s) of latchkey/next, which also takes options",
    async (first) => {
      expect(await misuse(() => next.requireSession(first as never))).toBe(
        "latchkey: requireSession takes a handler, or a requirement",
      );
    },
  );
});
