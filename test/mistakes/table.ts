import { createServer } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { AuthOptions } from "../../adapters/express.js";
import { mintSession } from "../../adapters/testing/index.js";
import type { Browser } from "../machines/world.js";
import { freePort } from "../support/process.js";
import { closing, type Emitted, listen, navigate, type World, type WorldOptions } from "./world.js";

/** A surface that a mistake does not reach, and why. */
export interface Silent {
  readonly silent: string;
}
const silent = (reason: string): Silent => ({ silent: reason });

/** What each surface says about a mistake: a whole line, or why it says nothing. Ports are 3000 for the app and 4000 for the provider. */
interface Surfaces {
  /** The line on the console of an app without hooks. */
  readonly console: string | Silent;
  /** The event, as one line. */
  readonly event: string | Silent;
  /** The argument of `onFailure`, as one line. */
  readonly onFailure: string | Silent;
}

/** What `npx latchkey check` and `checkSetup` say: the option of the finding, and its message. */
export interface Finding {
  readonly option: string;
  readonly message: string;
}

type Act = (browser: Browser, world: World, emitted: Emitted) => Promise<void>;

/** A mistake of a new user that shows when a user signs in. */
export interface Mistake extends Surfaces {
  readonly name: string;
  readonly provider?: WorldOptions;
  /** What a proxy in front of the app takes off each path. @default nothing */
  readonly prefix?: string;
  /** The options that are wrong. */
  change(world: World): Partial<AuthOptions> | Promise<Partial<AuthOptions>>;
  /** What the user does. @default signs in */
  readonly act?: Act;
  readonly check: Finding | Silent;
}

const everywhere = (line: string): Surfaces => ({ console: line, event: line, onFailure: line });

/** The provider refuses the request on a page of its own, and the browser never comes back to the app. */
const PAGE_OF_PROVIDER = silent("the provider shows its own page");
const nowhere = (reason: Silent): Surfaces => ({ console: reason, event: reason, onFailure: reason });

const local = (port: number, scheme = "http") => `${scheme}://localhost:${port}`;
const portOf = ({ provider }: World) => Number(new URL(provider.issuer).port);

/** A server that is no provider. */
async function stranger(world: World, status: number, body: string): Promise<string> {
  const server = createServer((_req, res) => res.writeHead(status, { "content-type": "text/html" }).end(body));
  const port = await listen(server);
  world.alsoClose(closing(server));
  world.name(port, 5000);
  return local(port);
}

/** A server that speaks TLS. It needs no certificate to refuse plain HTTP. */
async function tlsServer(world: World): Promise<string> {
  const server = createTlsServer();
  const port = await listen(server);
  world.alsoClose(closing(server));
  world.name(port, 5000);
  return local(port);
}

async function nobody(world: World): Promise<string> {
  const port = await freePort();
  world.name(port, 5000);
  return local(port);
}

const ahead = (minutes: number) => () => ({ now: () => Date.now() + minutes * 60_000 });

export const mistakes: readonly Mistake[] = [
  {
    name: "issuer with a slash too many",
    change: ({ provider }) => ({ issuer: `${provider.issuer}/` }),
    ...everywhere(
      'provider invalid: the issuer is "http://localhost:4000/" here, the provider says "http://localhost:4000"; check issuer',
    ),
    check: {
      option: "issuer",
      message:
        'the issuer is "http://localhost:4000/" here, and the provider says "http://localhost:4000" (the slash at the end counts): set issuer (LATCHKEY_ISSUER) to "http://localhost:4000"',
    },
  },
  {
    name: "issuer without its slash",
    provider: { slash: true },
    change: ({ provider }) => ({ issuer: provider.issuer.slice(0, -1) }),
    ...everywhere(
      'provider invalid: the issuer is "http://localhost:4000" here, the provider says "http://localhost:4000/"; check issuer',
    ),
    check: {
      option: "issuer",
      message:
        'the issuer is "http://localhost:4000" here, and the provider says "http://localhost:4000/" (the slash at the end counts): set issuer (LATCHKEY_ISSUER) to "http://localhost:4000/"',
    },
  },
  {
    name: "another path of the same host as issuer",
    change: ({ provider }) => ({ issuer: `${provider.issuer}/tenant` }),
    ...everywhere(
      "provider invalid: endpoint http://localhost:4000/tenant/.well-known/openid-configuration, status 404; check issuer",
    ),
    check: {
      option: "issuer",
      message:
        'the issuer is "http://localhost:4000/tenant" here, and the provider says "http://localhost:4000": set issuer (LATCHKEY_ISSUER) to "http://localhost:4000"',
    },
  },
  {
    name: "127.0.0.1 for localhost",
    change: (world) => ({ issuer: `http://127.0.0.1:${portOf(world)}` }),
    ...everywhere(
      'provider invalid: the issuer is "http://127.0.0.1:4000" here, the provider says "http://localhost:4000"; check issuer',
    ),
    check: {
      option: "issuer",
      message:
        'the issuer is "http://127.0.0.1:4000" here, and the provider says "http://localhost:4000" (127.0.0.1 is not localhost): set issuer (LATCHKEY_ISSUER) to "http://localhost:4000"',
    },
  },
  {
    name: "http for https",
    change: async (world) => ({ issuer: await tlsServer(world) }),
    ...everywhere(
      "provider unreachable: url http://localhost:5000/.well-known/openid-configuration, reason fetch failed, because other side closed, code UND_ERR_SOCKET; check issuer, network",
    ),
    check: {
      option: "issuer",
      message:
        "the provider cannot be reached: localhost:5000 closed the connection without an HTTP response (UND_ERR_SOCKET); check issuer (LATCHKEY_ISSUER)",
    },
  },
  {
    name: "https for http",
    change: (world) => ({ issuer: local(portOf(world), "https") }),
    ...everywhere(
      "provider unreachable: url https://localhost:4000/.well-known/openid-configuration, reason fetch failed, because <TLS>, code ERR_SSL_WRONG_VERSION_NUMBER; check issuer, network",
    ),
    check: {
      option: "issuer",
      message:
        'the issuer is "https://localhost:4000" here, and the provider says "http://localhost:4000" (http is not https): set issuer (LATCHKEY_ISSUER) to "http://localhost:4000"',
    },
  },
  {
    name: "provider down",
    change: async (world) => ({ issuer: await nobody(world) }),
    ...everywhere(
      "provider unreachable: url http://localhost:5000/.well-known/openid-configuration, reason fetch failed, because connect ECONNREFUSED 127.0.0.1:5000, code ECONNREFUSED; check issuer, network",
    ),
    check: {
      option: "issuer",
      message:
        "the provider cannot be reached: nothing listens at localhost:5000 (ECONNREFUSED); check issuer (LATCHKEY_ISSUER)",
    },
  },
  {
    name: "DNS typo",
    change: () => ({ issuer: "https://tennant.invalid" }),
    ...everywhere(
      "provider unreachable: url https://tennant.invalid/.well-known/openid-configuration, reason fetch failed, because getaddrinfo ENOTFOUND tennant.invalid, code ENOTFOUND; check issuer, network",
    ),
    check: {
      option: "issuer",
      message:
        "the provider cannot be reached: the host name tennant.invalid does not resolve (ENOTFOUND); check issuer (LATCHKEY_ISSUER)",
    },
  },
  {
    name: "not a provider: a page",
    change: async (world) => ({ issuer: await stranger(world, 200, "<!doctype html><title>Hello</title>") }),
    ...everywhere('provider invalid: the issuer is "http://localhost:5000" here, no provider answers; check issuer'),
    check: {
      option: "issuer",
      message:
        "the response of http://localhost:5000/.well-known/openid-configuration is no JSON object (text/html): no OpenID Provider answers there; check issuer (LATCHKEY_ISSUER)",
    },
  },
  {
    name: "not a provider: 404",
    change: async (world) => ({ issuer: await stranger(world, 404, "<!doctype html><title>Not here</title>") }),
    ...everywhere(
      "provider invalid: endpoint http://localhost:5000/.well-known/openid-configuration, status 404; check issuer",
    ),
    check: {
      option: "issuer",
      message:
        "there is no discovery document: http://localhost:5000/.well-known/openid-configuration answers 404; check issuer (LATCHKEY_ISSUER)",
    },
  },
  {
    name: "wrong client id",
    change: () => ({ clientId: "machine" }),
    ...nowhere(PAGE_OF_PROVIDER),
    check: {
      option: "clientId",
      message:
        'the provider does not know the client machine ("invalid_client: client authentication failed"): check clientId (LATCHKEY_CLIENT_ID)',
    },
  },
  {
    name: "wrong client id, with pushed requests",
    provider: { pushedRequests: true },
    change: () => ({ clientId: "machine" }),
    ...everywhere(
      "client rejected: endpoint http://localhost:4000/request, status 401, error invalid_client, description client authentication failed, redirectUri http://localhost:3000/auth/callback; check clientId, clientSecret, clientAuthentication",
    ),
    check: {
      option: "clientId",
      message:
        'the provider does not know the client machine ("invalid_client: client authentication failed"): check clientId (LATCHKEY_CLIENT_ID)',
    },
  },
  {
    name: "wrong client secret",
    change: () => ({ clientSecret: "canary-of-another-client" }),
    ...everywhere(
      "client rejected: endpoint http://localhost:4000/token, status 401, error invalid_client, description client authentication failed, redirectUri http://localhost:3000/auth/callback; check clientId, clientSecret, clientAuthentication",
    ),
    check: {
      option: "clientSecret",
      message:
        'the provider knows the client machines, and refuses its secret ("invalid_client: client authentication failed"): check clientSecret (LATCHKEY_CLIENT_SECRET)',
    },
  },
  {
    name: "wrong client secret, with pushed requests",
    provider: { pushedRequests: true },
    change: () => ({ clientSecret: "canary-of-another-client" }),
    ...everywhere(
      "client rejected: endpoint http://localhost:4000/request, status 401, error invalid_client, description client authentication failed, redirectUri http://localhost:3000/auth/callback; check clientId, clientSecret, clientAuthentication",
    ),
    check: {
      option: "clientSecret",
      message:
        'the provider knows the client machines, and refuses its secret ("invalid_client: client authentication failed"): check clientSecret (LATCHKEY_CLIENT_SECRET)',
    },
  },
  {
    name: "wrong authentication method",
    provider: { authentication: "client_secret_post" },
    change: () => ({}),
    ...everywhere(
      "client rejected: endpoint http://localhost:4000/token, status 401, error invalid_client, redirectUri http://localhost:3000/auth/callback; check clientId, clientSecret, clientAuthentication",
    ),
    check: {
      option: "clientAuthentication",
      message:
        'the provider refuses clientAuthentication "client_secret_basic" ("invalid_client"), and takes "client_secret_post": set clientAuthentication to "client_secret_post"',
    },
  },
  {
    name: "wrong authentication method, with pushed requests",
    provider: { authentication: "client_secret_post", pushedRequests: true },
    change: () => ({}),
    ...everywhere(
      "client rejected: endpoint http://localhost:4000/request, status 401, error invalid_client, redirectUri http://localhost:3000/auth/callback; check clientId, clientSecret, clientAuthentication",
    ),
    check: {
      option: "clientAuthentication",
      message:
        'the provider refuses clientAuthentication "client_secret_basic" ("invalid_client"), and takes "client_secret_post": set clientAuthentication to "client_secret_post"',
    },
  },
  {
    name: "redirect URI not registered",
    provider: { redirectUri: "https://app.example/auth/callback" },
    change: () => ({}),
    ...nowhere(PAGE_OF_PROVIDER),
    check: {
      option: "baseUrl",
      message:
        "the provider refuses the redirect URI http://localhost:3000/auth/callback (an error page with status 400): register it for the client machines, or change baseUrl (LATCHKEY_BASE_URL)",
    },
  },
  {
    name: "redirect URI not registered, with pushed requests",
    provider: { redirectUri: "https://app.example/auth/callback", pushedRequests: true },
    change: () => ({}),
    ...everywhere(
      "provider invalid: endpoint http://localhost:4000/request, status 400, error invalid_request, description redirect_uri did not match any of the client's registered redirect_uris, redirectUri http://localhost:3000/auth/callback; check baseUrl, registered redirect URIs",
    ),
    check: {
      option: "baseUrl",
      message: `the provider refuses the redirect URI http://localhost:3000/auth/callback ("invalid_request: redirect_uri did not match any of the client's registered redirect_uris"): register it for the client machines, or change baseUrl (LATCHKEY_BASE_URL)`,
    },
  },
  {
    name: "wrong port in baseUrl",
    provider: { pushedRequests: true },
    change: async (world) => ({ baseUrl: await nobody(world) }),
    ...everywhere(
      "provider invalid: endpoint http://localhost:4000/request, status 400, error invalid_request, description redirect_uri did not match any of the client's registered redirect_uris, redirectUri http://localhost:5000/auth/callback; check baseUrl, registered redirect URIs",
    ),
    check: {
      option: "baseUrl",
      message: `the provider refuses the redirect URI http://localhost:5000/auth/callback ("invalid_request: redirect_uri did not match any of the client's registered redirect_uris"): register it for the client machines, or change baseUrl (LATCHKEY_BASE_URL)`,
    },
  },
  {
    name: "wrong scheme in baseUrl",
    provider: { pushedRequests: true },
    change: ({ port }) => ({ baseUrl: local(port, "https") }),
    ...everywhere(
      "provider invalid: endpoint http://localhost:4000/request, status 400, error invalid_request, description redirect_uri did not match any of the client's registered redirect_uris, redirectUri https://localhost:3000/auth/callback; check baseUrl, registered redirect URIs",
    ),
    check: {
      option: "baseUrl",
      message: `the provider refuses the redirect URI https://localhost:3000/auth/callback ("invalid_request: redirect_uri did not match any of the client's registered redirect_uris"): register it for the client machines, or change baseUrl (LATCHKEY_BASE_URL)`,
    },
  },
  {
    name: "clock 10 minutes behind",
    change: ahead(-10),
    ...everywhere("id token invalid: claim iat, value <time>, now <time>; check clock, clockTolerance"),
    check: {
      option: "clockTolerance",
      message:
        "the clock of this machine is 10 minutes behind the provider's: set the clock (NTP); clockTolerance is 30 seconds",
    },
  },
  {
    name: "clock 10 minutes ahead",
    provider: { idTokenLifetime: 300 },
    change: ahead(10),
    ...everywhere("id token invalid: claim exp, value <time>, now <time>; check clock, clockTolerance"),
    check: {
      option: "clockTolerance",
      message:
        "the clock of this machine is 10 minutes ahead of the provider's: set the clock (NTP); clockTolerance is 30 seconds",
    },
  },
  {
    name: "wrong algorithm",
    provider: { signingAlg: "ES256" },
    change: () => ({}),
    ...everywhere("id token invalid: signed with ES256, not RS256; check idTokenSigningAlg, clientId"),
    check: {
      option: "idTokenSigningAlg",
      message: `the provider does not sign ID Tokens with RS256: set idTokenSigningAlg to "ES256", or let the client's ID Tokens be signed with RS256 at the provider`,
    },
  },
  {
    name: "session too large",
    change: () => ({ onSignIn: () => ({ data: { roles: "r".repeat(20_000) } }) }),
    ...everywhere(
      "session too large: <many> bytes of cookies, 7600 at most; largest: data.data.roles (<n>), tokens.idToken (<n>), tokens.accessToken (<n>). Keep less, or use a store, code cookie_too_large; check onSignIn, session.storage",
    ),
    check: silent("no session is written before a user signs in"),
  },
  {
    name: "prefix that a proxy takes off, missing in baseUrl",
    provider: { pushedRequests: true, callbackPath: "/shop/auth/callback" },
    prefix: "/shop",
    change: () => ({}),
    act: (browser, world, emitted) => navigate(browser, world, emitted, { start: "/shop/auth/login" }),
    ...everywhere(
      "provider invalid: endpoint http://localhost:4000/request, status 400, error invalid_request, description redirect_uri did not match any of the client's registered redirect_uris, redirectUri http://localhost:3000/auth/callback; check baseUrl, registered redirect URIs",
    ),
    check: {
      option: "baseUrl",
      message: `the provider refuses the redirect URI http://localhost:3000/auth/callback ("invalid_request: redirect_uri did not match any of the client's registered redirect_uris"): register it for the client machines, or change baseUrl (LATCHKEY_BASE_URL)`,
    },
  },
  {
    name: "cookies blocked",
    change: () => ({}),
    act: (browser, world, emitted) => navigate(browser, world, emitted, { cookies: false }),
    ...everywhere("no transaction; check cookies (does the browser keep them?), baseUrl (was the site opened there?)"),
    check: silent("no browser takes part"),
  },
  {
    name: "site opened at 127.0.0.1, with localhost in baseUrl",
    change: () => ({}),
    act: (browser, world, emitted) =>
      navigate(browser, world, emitted, { start: `http://127.0.0.1:${world.port}/auth/login` }),
    ...everywhere("no transaction; check cookies (does the browser keep them?), baseUrl (was the site opened there?)"),
    check: silent("no browser takes part"),
  },
  {
    name: "two apps under one cookie name",
    change: () => ({}),
    async act(browser, { right, url, canary }) {
      // The other app has another secret. A browser sends cookies to all ports of a host.
      const header = await mintSession({
        ...right,
        secret: "canary-sealing-secret-of-another-application",
        user: { sub: "ada" },
      });
      for (const cookie of header.split("; ")) {
        canary.add(cookie.slice(cookie.indexOf("=") + 1));
        browser.jar.store([`${cookie}; Path=/`], url);
      }
      await browser.get("/");
    },
    console: "a session cookie is of another app or secret (unknown_key); check session.cookie.name, secret",
    event: "session_refused: unknown_key; check session.cookie.name, secret",
    onFailure: silent("no sign-in failed"),
    check: silent("it sees the settings of one app"),
  },
];
