import { describe, expect, test } from "vitest";
import {
  type AuthOptions,
  createAuth,
  introspection,
  protectedResource,
  verifyAccessToken,
} from "../../adapters/edge.js";
import { google, profile } from "../../adapters/providers/index.js";
import { createClock, createCookieJar, createTestProvider, type TestProvider } from "../../adapters/testing/index.js";
import type { Awaitable } from "../../core/awaitable.js";
import type { LatchkeyEvent } from "../../core/events.js";
import { unverifiedClaims } from "../../core/unverified-claims.js";

/** A JSON value that cannot become text: `${value}` throws. */
const textless = { toString: 1, valueOf: 1 };

const secret = "a secret of at least thirty-two characters";
const baseUrl = "https://app.example";

/** An app at a provider whose token response a test may change, and what a sign-in there leads to. */
async function start(
  options: Partial<AuthOptions> = {},
  change: (body: Record<string, unknown>, provider: TestProvider) => Awaitable<object> = (body) => body,
) {
  const clock = createClock();
  const provider = await createTestProvider({ clock });
  const { issuer, clientId, clientSecret } = provider;
  const events: LatchkeyEvent[] = [];
  const client = options.provider || options.providers ? {} : { issuer, clientId, clientSecret };
  const auth = createAuth({
    ...client,
    secret,
    baseUrl,
    now: clock.now,
    onEvent: (event) => void events.push(event),
    async fetch(input: string, init?: object) {
      const response = await provider.fetch(input, init);
      return input.endsWith("/token") ? Response.json(await change(await response.json(), provider)) : response;
    },
    ...options,
  });
  return {
    provider,
    async signIn() {
      const jar = createCookieJar();
      const send = async (url: string) => {
        const response = await auth.handler(new Request(url, { headers: { cookie: jar.header(url) } }));
        jar.store(response, url);
        return response;
      };
      const login = await send(`${baseUrl}/auth/login`);
      const { url } = await provider.authorize(login.headers.get("location") ?? "");
      return (await send(url)).status;
    },
    codes: () => events.flatMap((event) => (event.type === "failed" ? [event.error.code] : [])),
    emitted: () =>
      JSON.stringify(
        events.map((event) => ("error" in event ? [event.error, event.error.cause, String(event.error)] : event)),
        (_key, value) => (value instanceof Error ? { ...value, message: value.message, cause: value.cause } : value),
      ),
  };
}

const fault = async (make: () => unknown): Promise<string> => {
  try {
    await make();
  } catch (thrown) {
    return (thrown as Error).message;
  }
  return "";
};

describe("the token response", () => {
  test.each(["\0", "\u0001", "\u007f", "ä"])(
    "with an access token that no header can carry is refused, and no event has the token: %j",
    async (character) => {
      const accessToken = `secret${character}of-alice`;
      const app = await start({ userinfo: true }, async (body, provider) => {
        const { at_hash: _, ...claims } = unverifiedClaims(`${body["id_token"]}`) ?? {};
        return { ...body, access_token: accessToken, id_token: await provider.sign(claims) };
      });
      expect([await app.signIn(), app.codes()]).toEqual([502, ["provider_invalid"]]);
      expect(app.emitted()).not.toContain("of-alice");
    },
  );
});

describe("differences", () => {
  test("checkClaims that is async by mistake still refuses", async () => {
    const checkClaims = (async () => ({ hd: false })) as never;
    const app = await start({ differences: { checkClaims } });
    await app.signIn();
    expect(app.codes()).toEqual(["id_token_invalid"]);
  });

  test("check the profile of a provider without ID Tokens too", async () => {
    const identify = profile(async () => ({ sub: "alice", org: "other" }));
    const checkClaims = ({ org }: { readonly org?: unknown }) => ({ org: org === "ours" });
    const app = await start({ differences: { identify, checkClaims, returnsNonce: false } });
    await app.signIn();
    expect(app.codes()).toEqual(["id_token_invalid"]);
  });

  test("beside a description are refused: its checks would be gone", async () => {
    const provider = google({ clientId: "app", clientSecret: "secret", hd: "example.com" });
    const make = () => createAuth({ provider, differences: {}, secret, baseUrl }).handler(new Request(baseUrl));
    expect(await fault(make)).toContain("differences belongs into provider");
  });

  test.each(["client_id", "client_secret", "client_assertion", "grant_type", "code", "refresh_token", "redirect_uri"])(
    "tokenParams cannot set %s",
    async (name) => {
      const client = { issuer: "https://op.example", clientId: "app", clientSecret: "secret", secret, baseUrl };
      const make = (differences: AuthOptions["differences"]) => () =>
        createAuth({ ...client, differences }).handler(new Request(baseUrl));
      expect(await fault(make({ tokenParams: { [name]: "x" } }))).toContain(`tokenParams cannot set ${name}`);
    },
  );
});

describe("several providers", () => {
  const client = { issuer: "https://op.example", clientId: "app", clientSecret: "secret" };
  test.each(["/auth/callback/code", "/auth/callback/code/"])("no two have one callback: %s", async (callbackPath) => {
    const providers = { work: { ...client, callbackPath }, code: client };
    expect(await fault(() => createAuth({ providers, secret, baseUrl }).handler(new Request(baseUrl)))).toContain(
      "callbackPath of its own",
    );
  });
  test("the second has neither the label nor the callback of the first", async () => {
    const { issuer, fetch } = await createTestProvider();
    const own = { ...client, issuer };
    const providers = { work: { ...own, callbackPath: "/cb", label: "Work" }, code: own };
    const auth = createAuth({ providers, secret, baseUrl, fetch });
    const send = (path: string) => auth.handler(new Request(baseUrl + path));
    expect(await (await send("/auth/login")).text()).toContain(">code</a>");
    const [work, code] = await Promise.all(["work", "code"].map((name) => send(`/auth/login/${name}`)));
    const redirectUriOf = (response?: Response) =>
      new URL(response?.headers.get("location") ?? "").searchParams.get("redirect_uri");
    expect([redirectUriOf(work), redirectUriOf(code)]).toEqual([`${baseUrl}/cb`, `${baseUrl}/auth/callback/code`]);
  });

  test("no two have callbacks that differ by the slash at their ends", async () => {
    const providers = { work: { ...client, callbackPath: "/cb" }, code: { ...client, callbackPath: "/cb/" } };
    expect(await fault(() => createAuth({ providers, secret, baseUrl }).handler(new Request(baseUrl)))).toContain(
      "callbackPath of its own",
    );
  });
});

describe("an API", () => {
  test("of several issuers takes differences of each, since one key set would sign for all", async () => {
    const options = {
      issuers: ["https://a.example", "https://b.example"],
      audience: "https://api.example",
      differences: { discoveryUrl: false, metadata: { jwks_uri: "https://a.example/keys" } },
    } as const;
    expect(await fault(() => verifyAccessToken(options).verify(new Request("https://api.example")))).toContain(
      "differences",
    );
  });

  test("refuses an answer of the introspection whose members are no text", async () => {
    const answer = { active: true, token_type: textless, sub: "alice", aud: "https://api.example" };
    const api = verifyAccessToken({
      issuer: "https://op.example",
      audience: "https://api.example",
      introspection: introspection({
        clientId: "api",
        clientSecret: "secret",
        introspectionEndpoint: "https://op.example/introspect",
      }),
      fetch: async () => Response.json(answer),
      onRefused() {},
    });
    for (const changed of [{}, { token_type: "Bearer", token_use: textless }]) {
      Object.assign(answer, changed);
      const { response } = await api.verify(
        new Request("https://api.example", { headers: { authorization: "Bearer opaque" } }),
      );
      expect(response?.status).toBe(401);
    }
  });

  test("puts no quote of its metadata's URL into a challenge", async () => {
    const options = { issuer: "https://op.example", audience: "https://api.example" };
    const challengeOf = async (resourceMetadata: string) =>
      (
        await verifyAccessToken({ ...options, resourceMetadata }).verify(new Request("https://api.example"))
      ).response?.headers.get("www-authenticate") ?? "";
    expect(await challengeOf('https://api.example/a"b?c"d#e"f')).toBe(
      'Bearer realm="api", resource_metadata="https://api.example/a%22b?c%22d#e%22f"',
    );
    expect(await fault(() => challengeOf('other:a", error="x'))).toContain("resourceMetadata must be a URL");
  });

  test("publishes the resource and the issuers that were checked, whatever metadata says", async () => {
    const { handler, url } = protectedResource({
      resource: "https://api.example/mcp",
      authorizationServers: ["https://op.example"],
      metadata: { resource: "https://evil.example", authorization_servers: ["http://evil.example"] },
    });
    expect(await handler(new Request(url)).json()).toMatchObject({
      resource: "https://api.example/mcp",
      authorization_servers: ["https://op.example"],
    });
  });
});
