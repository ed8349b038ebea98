import express from "express";
import { exportJWK, SignJWT } from "jose";
import { afterEach, describe, expect, test, vi } from "vitest";
import { checkSetup, type SetupOptions } from "../../adapters/check/index.js";
import { type AccessTokenRefusal, auth, requireSession, verifyAccessToken } from "../../adapters/express.js";
import { expressApps } from "../support/express-app.js";
import { record, SECRETS, startWorld, type World } from "./world.js";

let world: World | undefined;
afterEach(async () => {
  vi.restoreAllMocks();
  await world?.close();
  world = undefined;
});

const right = {
  issuer: "https://op.example",
  clientId: "client",
  clientSecret: SECRETS.clientSecret,
  secret: SECRETS.secret,
  baseUrl: "https://app.example",
};

/** What `act` throws, without the name of the package. */
function thrownBy(act: () => unknown): string {
  try {
    act();
  } catch (error) {
    return (error as Error).message.replaceAll(/^latchkey: /gm, "");
  }
  return "nothing";
}

describe("a mistake that stops the app at start-up, before a console line, an event or onFailure: the error and check say", () => {
  const URL_RULE =
    "must be an https URL (http only on localhost or loopback), without user, query, fragment, wildcard, placeholder or /.well-known/";
  const mistakes: ReadonlyArray<readonly [name: string, change: object, lines: readonly string[]]> = [
    [
      "the discovery document's URL as issuer",
      { issuer: "https://op.example/.well-known/openid-configuration" },
      [`issuer (LATCHKEY_ISSUER) ${URL_RULE}`],
    ],
    ["http for https in the issuer", { issuer: "http://op.example" }, [`issuer (LATCHKEY_ISSUER) ${URL_RULE}`]],
    ["http for https in the base URL", { baseUrl: "http://app.example" }, [`baseUrl (LATCHKEY_BASE_URL) ${URL_RULE}`]],
    [
      "a short secret",
      { secret: "canary-short" },
      ['secret (LATCHKEY_SECRET) must be 32 characters or more, or a list of such; "npx latchkey secret" prints one'],
    ],
    ["a misspelt option", { clientID: "client" }, ["there is no option clientID: did you mean clientId?"]],
    ["a misspelt option of sessions", { session: { maxAge: 60 } }, ["there is no option session.maxAge"]],
    [
      "missing variables, all at once",
      { issuer: undefined, clientId: undefined, clientSecret: undefined, secret: undefined, baseUrl: undefined },
      [
        "set issuer (LATCHKEY_ISSUER)",
        "set clientId (LATCHKEY_CLIENT_ID)",
        'set clientSecret (LATCHKEY_CLIENT_SECRET), or clientAuthentication: "none" for a public client',
        "set secret (LATCHKEY_SECRET)",
        "set baseUrl (LATCHKEY_BASE_URL)",
      ],
    ],
  ];
  test.each(mistakes)("%s", async (_name, change, lines) => {
    const options = { ...right, ...change };
    const said = thrownBy(() => auth(options));
    expect(said.split("\n")).toEqual(lines);
    const { ok, findings } = await checkSetup({ ...options, env: {} } as SetupOptions, { only: ["options"] });
    expect(ok).toBe(false);
    expect(findings.filter(({ status }) => status === "failed").map(({ message }) => message)).toEqual(lines);
    expect(`${said} ${JSON.stringify(findings)}`).not.toContain("canary");
  });
});

describe("a middleware in the wrong place: Express prints the error, no sign-in began, and check does not run the app's code", () => {
  /** What Express passes to its error handler for a request of `/private`. */
  async function errorOf(build: (app: express.Express) => void): Promise<string> {
    world = await startWorld();
    const app = express();
    build(app);
    let said = "nothing";
    app.use((error: Error, _req: express.Request, res: express.Response, _next: express.NextFunction) => {
      said = error.message.replace(/^latchkey: /, "");
      res.status(500).end();
    });
    world.serve(app);
    await world.browser().get("/private");
    return said;
  }

  test("a guard before auth()", async () => {
    const said = await errorOf((app) => app.get("/private", requireSession()).use(auth(right)));
    expect(said).toBe(
      "requireSession(): this request did not go through auth(). Call the middleware that auth() returns first, with Node's own request",
    );
  });
  test("app.use(auth), which was not called", async () => {
    expect(await errorOf((app) => app.use(auth as never))).toBe("pass what auth() returns, not auth itself");
  });
  test("requireSession, which was not called", async () => {
    expect(await errorOf((app) => app.use(auth(right)).get("/private", requireSession as never))).toBe(
      "pass what requireSession() returns, not requireSession itself",
    );
  });
});

describe("an API that refuses the tokens of a sign-in that works: the console and onRefused say, and check knows no API", () => {
  /** The line on the console, and what `onRefused` gets, for a token. */
  async function refuse(token: (world: World) => Promise<string>) {
    world = await startWorld();
    const { issuer } = world.right;
    const sent = await token(world);
    world.canary.add(sent);
    const lines: string[] = [];
    vi.spyOn(console, "error").mockImplementation((line) => void lines.push(line));
    const refusals: AccessTokenRefusal[] = [];
    const audience = "https://api.example";
    for (const hooks of [{}, { onRefused: (refusal: AccessTokenRefusal) => void refusals.push(refusal) }]) {
      const app = express();
      app.use(verifyAccessToken({ issuer, audience, ...hooks }));
      world.serve(app);
      const { status } = await world.browser().get("/", { headers: { authorization: `Bearer ${sent}` } });
      expect(status).toBe(401);
    }
    expect(world.canary.leaksIn([lines, refusals])).toEqual([]);
    return { lines, refusals };
  }

  /** The access token that the provider gives to a user who signs in. */
  async function tokenOfSignIn(world: World): Promise<string> {
    let token = "";
    const { fetch } = world.right;
    const reading = async (...args: Parameters<typeof globalThis.fetch>) => {
      const response = await (fetch as typeof globalThis.fetch)(...args);
      token ||= (await response.clone().json()).access_token ?? "";
      return response;
    };
    await record(world, expressApps["Express 5"], { ...world.right, fetch: reading }, "console");
    return token;
  }

  test("an opaque token", async () => {
    const { lines, refusals } = await refuse(tokenOfSignIn);
    expect(lines).toEqual([
      "latchkey: access token refused: code invalid_token, reason format; check audience of the sign-in",
    ]);
    expect(refusals).toMatchObject([{ reason: "format", advice: "audience of the sign-in" }]);
  });

  test("a token for another audience", async () => {
    const { lines, refusals } = await refuse(async ({ provider }) =>
      new SignJWT({ sub: "ada", aud: "https://other.example", iss: provider.issuer })
        .setProtectedHeader({ alg: "RS256", kid: "key" })
        .setIssuedAt()
        .setExpirationTime("5 minutes")
        .sign(provider.key),
    );
    expect(lines).toEqual([
      "latchkey: access token refused: code invalid_token, reason aud, cause aud https://other.example; check audience",
    ]);
    expect(refusals).toMatchObject([{ reason: "aud", advice: "audience" }]);
  });

  test("a token that is signed with another algorithm", async () => {
    const { lines, refusals } = await refuse(async ({ provider }) =>
      new SignJWT({ sub: "ada", aud: "https://api.example", iss: provider.issuer })
        .setProtectedHeader({ alg: "PS256", kid: "key" })
        .setIssuedAt()
        .setExpirationTime("5 minutes")
        .sign(
          await crypto.subtle.importKey(
            "jwk",
            { ...(await exportJWK(provider.key)), alg: "PS256" } as JsonWebKey,
            { name: "RSA-PSS", hash: "SHA-256" },
            false,
            ["sign"],
          ),
        ),
    );
    expect(lines).toEqual([
      "latchkey: access token refused: code invalid_token, reason signature, cause signed with PS256, not RS256; check issuer, signingAlg",
    ]);
    expect(refusals).toMatchObject([{ reason: "signature", advice: "issuer, signingAlg" }]);
  });
});
