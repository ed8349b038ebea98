/**
 * How an app uses this package, for a test runner whose realm differs from the platform's. `test/e2e/realms.test.ts` copies
 * this file beside the built package, as an ES module or as CommonJS.
 */
import { once } from "node:events";
import { createServer, request } from "node:http";
import express from "express";
import { CookieTooLargeError, createSealer, createSessions } from "latchkey";
import { createAuth } from "latchkey/edge";
import { auth, verifyAccessToken } from "latchkey/express";
import { createCookieJar, createTestProvider } from "latchkey/testing";

/** The algorithm whose keys are generated fastest. */
const signingAlg = "ES256";
const ORIGIN = "http://127.0.0.1:3100";
const secret = "only for tests: at least thirty-two characters";
const optionsFor = ({ issuer, clientId, clientSecret, fetch }, baseUrl = ORIGIN) => ({
  issuer,
  clientId,
  clientSecret,
  fetch,
  secret,
  baseUrl,
  idTokenSigningAlg: signingAlg,
});

/** Starts an app, and a browser that reaches the app under its configured origin. */
async function browserFor(app, origin = ORIGIN) {
  const server = createServer(app).listen(0, "127.0.0.1");
  await once(server, "listening");
  const jar = createCookieJar();
  const open = (path, { method = "GET", body, headers } = {}) =>
    new Promise((resolve, reject) => {
      const cookie = jar.header(origin + path);
      const sent = { host: new URL(origin).host, accept: "text/html", ...(cookie ? { cookie } : {}), ...headers };
      const { port } = server.address();
      request({ host: "127.0.0.1", port, path, method, headers: sent }, (answer) => {
        let text = "";
        jar.store(answer.headers["set-cookie"] ?? [], origin + path);
        answer.setEncoding("utf8").on("data", (part) => {
          text += part;
        });
        answer.on("end", () => resolve({ status: answer.statusCode, headers: answer.headers, body: text }));
      })
        .on("error", reject)
        .end(body);
    });
  return { open, close: () => server.close().closeAllConnections() };
}

/** Signs in, and returns the response to the callback. */
async function signIn(open, provider) {
  const login = await open("/auth/login?returnTo=%2Finvoices");
  const { url, body } = await provider.authorize(login.headers.location);
  const { pathname, search } = new URL(url);
  const type = { "content-type": "application/x-www-form-urlencoded" };
  return open(pathname + search, body === undefined ? {} : { method: "POST", headers: type, body });
}

/** Tries docs/guides/testing.md's app: a minted session, then a whole sign-in and its session. */
export async function tryApp({ app, provider, cookie }, expect) {
  app.get("/token", async (req, res) => res.send(await req.auth.getAccessToken({ refresh: true })));
  const { open, close } = await browserFor(app);
  try {
    expect(JSON.parse((await open("/invoices", { headers: { cookie } })).body).user.name).toBe("Alice");
    const callback = await signIn(open, provider);
    expect([callback.status, callback.headers.location]).toEqual([302, `${ORIGIN}/invoices`]);
    expect(JSON.parse((await open("/invoices")).body).user.email).toBe("alice@example.com");
    const tokens = [await open("/token"), await open("/token")];
    expect(tokens.map(({ status }) => status)).toEqual([200, 200]);
    expect(tokens[0].body).not.toBe(tokens[1].body);
  } finally {
    close();
  }
}

export const behaviours = {
  async "a posted callback is read, even if a body parser turned it into bytes of this realm"(expect) {
    // The form comes from another site, so the transaction cookie needs SameSite=None, which needs https.
    const origin = "https://app.example";
    const provider = await createTestProvider({ signingAlg });
    const app = express();
    app.use(async (req, _res, next) => {
      if (req.method === "POST") {
        const parts = [];
        for await (const part of req) parts.push(...part);
        req.body = new Uint8Array(parts);
      }
      next();
    });
    app.use(auth({ ...optionsFor(provider, origin), responseMode: "form_post" }));
    const { open, close } = await browserFor(app, origin);
    try {
      const posted = await signIn(open, provider);
      expect(posted.status).toBe(303);
      const callback = await open(posted.headers.location.slice(origin.length));
      expect([callback.status, callback.headers.location]).toEqual([302, `${origin}/invoices`]);
    } finally {
      close();
    }
  },

  async "an ID Token that is signed with the public key is refused, without a failure of the test provider"(expect) {
    const provider = await createTestProvider({ signingAlg });
    provider.misbehave("alg_hs256");
    const codes = [];
    const app = express().use(auth({ ...optionsFor(provider), onEvent: ({ code }) => code && codes.push(code) }));
    const { open, close } = await browserFor(app);
    try {
      expect((await signIn(open, provider)).status).toBe(502);
      expect(codes).toEqual(["id_token_invalid"]);
    } finally {
      close();
    }
  },

  async "the test provider answers a request that it cannot serve with an error page"(expect) {
    const { fetch, issuer } = await createTestProvider({ signingAlg });
    expect((await fetch(`${issuer}/authorize?client_id=another`)).status).toBe(400);
  },

  async "an API verifies access tokens"(expect) {
    const provider = await createTestProvider({ signingAlg });
    const { issuer, fetch } = provider;
    const audience = "https://api.example";
    const exp = Math.floor(Date.now() / 1000) + 60;
    const token = await provider.sign({ iss: issuer, sub: "alice", aud: audience, exp });
    const app = express().use(verifyAccessToken({ issuer, audience, signingAlg, fetch }));
    app.get("/", (req, res) => res.send(req.accessToken.claims.sub));
    const { open, close } = await browserFor(app);
    try {
      expect((await open("/", { headers: { authorization: `Bearer ${token}` } })).body).toBe("alice");
    } finally {
      close();
    }
  },

  async "sessions and seals open again"(expect) {
    const sessions = createSessions({ secret });
    const scope = await sessions.load(null);
    scope.update(await Response.json({ cart: ["book"] }).json());
    const cookie = (await scope.commit()).map((line) => line.split(";")[0]).join("; ");
    expect((await sessions.load(cookie)).session.data).toEqual({ cart: ["book"] });
    const sealer = createSealer({ secret, purpose: "test" });
    const sealed = await sealer.seal({ text: "ü", jwt: `eyJ${"a".repeat(80)}.b.c` }, 0);
    expect((await sealer.open(sealed, 0)).payload).toEqual({ text: "ü", jwt: `eyJ${"a".repeat(80)}.b.c` });
  },

  async "data that is too large causes a CookieTooLargeError that names the field"(expect) {
    const scope = await createSessions({ secret }).load(null);
    let error;
    try {
      scope.update(await Response.json({ user: { groups: "g".repeat(50_000) } }).json());
      await scope.commit();
    } catch (thrown) {
      error = thrown;
    }
    expect(error.largest[0].field).toBe("data.user.groups");
    expect(error instanceof CookieTooLargeError).toBe(true);
  },

  async "a handler of Requests signs a user in"(expect) {
    const provider = await createTestProvider({ signingAlg });
    const edge = createAuth(optionsFor(provider));
    const handle = edge.wrap((_request, { session }) => Response.json(session?.user ?? null));
    const jar = createCookieJar();
    const open = async (path) => {
      const request = new Request(ORIGIN + path);
      // Not to the constructor: as in a browser, the one of happy-dom drops this header.
      request.headers.set("cookie", jar.header(ORIGIN + path));
      const response = await handle(request);
      jar.store(response, ORIGIN + path);
      return response;
    };
    const login = await open("/auth/login");
    const { url } = await provider.authorize(login.headers.get("location"));
    expect((await open(url.slice(ORIGIN.length))).status).toBe(302);
    expect((await (await open("/")).json()).sub).toBe("alice");
  },

  async "a token request is sent as a form by the platform's fetch"(expect) {
    const types = [];
    const provider = await createTestProvider({ signingAlg });
    const server = createServer(async (req, res) => {
      if (req.method === "POST") types.push(req.headers["content-type"]);
      let body = "";
      for await (const part of req.setEncoding("utf8")) body += part;
      const { method, headers } = req;
      const init = { method, headers: { authorization: headers.authorization ?? "" }, ...(body ? { body } : {}) };
      const answer = await provider.fetch(provider.issuer + req.url, init);
      res.writeHead(answer.status).end((await answer.text()).replaceAll(provider.issuer, issuer));
    }).listen(0, "127.0.0.1");
    await once(server, "listening");
    const issuer = `http://127.0.0.1:${server.address().port}`;
    const { open, close } = await browserFor(express().use(auth({ ...optionsFor(provider), issuer, fetch })));
    try {
      const login = await open("/auth/login");
      const { searchParams } = new URL(login.headers.location);
      await open(`/auth/callback?code=1&iss=${issuer}&state=${searchParams.get("state")}`);
      expect(types).toEqual(["application/x-www-form-urlencoded"]);
    } finally {
      close();
      server.close().closeAllConnections();
    }
  },
};
