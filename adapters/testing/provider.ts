import { ANY, checkOptions, type ExamplesOf, OBJECT, TEXT } from "../../core/options.js";
import { createEndpoints, paths } from "./endpoints.js";
import { createFaults, type Endpoint } from "./faults.js";
import { transportFault } from "./misbehaviour.js";
import type { ProviderRequest, TestProvider, TestProviderOptions } from "./provider-options.js";
import { createSigningKeys } from "./tokens.js";

const ALICE = { sub: "alice", name: "Alice", email: "alice@example.com" };

const examples: ExamplesOf<TestProviderOptions> = {
  issuer: TEXT,
  clientId: TEXT,
  clientSecret: ANY,
  clientPublicKey: OBJECT,
  redirectUris: [],
  user: OBJECT,
  clock: OBJECT,
  signingAlg: TEXT,
  accessTokenLifetime: 1,
  rotateRefreshTokens: true,
  offer: { par: true, iss: true, revocation: true, endSession: true, userinfo: true },
};

/**
 * Creates an OpenID Provider in memory: no server listens, and the adapter under test gets the provider's `fetch`.
 *
 * @example
 * ```ts
 * import { createAuth } from "latchkey/edge";
 * import { createCookieJar, createTestProvider } from "latchkey/testing";
 *
 * const provider = await createTestProvider();
 * const { issuer, clientId, clientSecret, fetch } = provider;
 * const secret = "a secret of at least thirty-two characters";
 * const app = createAuth({ issuer, clientId, clientSecret, secret, baseUrl: "https://app.example", fetch });
 *
 * // Alice signs in.
 * const jar = createCookieJar();
 * const login = await app.handler(new Request("https://app.example/auth/login"));
 * jar.store(login, "https://app.example/");
 * const { url } = await provider.authorize(login.headers.get("location") ?? "");
 * jar.store(await app.handler(new Request(url, { headers: { cookie: jar.header(url) } })), url);
 *
 * const me = new Request("https://app.example/auth/me", { headers: { cookie: jar.header("https://app.example/auth/me") } });
 * console.log(await (await app.handler(me)).json());
 * ```
 * @throws MisuseError (`invalid_config`) when an option is unknown or of another type
 * @throws TypeError for a user without `sub`
 */
export async function createTestProvider(options: TestProviderOptions = {}): Promise<TestProvider> {
  checkOptions(options, examples);
  const { issuer = "https://op.example", clientId = "client", clientSecret = "client-secret" } = options;
  const { clock = { now: () => Date.now() }, user = ALICE, signingAlg = "RS256", offer = {} } = options;
  const base = issuer.replace(/\/$/, "");
  const keys = await createSigningKeys(signingAlg);
  const complete = { ...options, issuer, base, clientId, clientSecret, clock, user, keys, signingAlg };
  const { serve, authorization, revoke } = await createEndpoints(complete);
  const requests: ProviderRequest[] = [];
  const faults = createFaults();
  const isOffered: Partial<Record<Endpoint, boolean | undefined>> = {
    par: offer.par === true,
    userinfo: offer.userinfo,
    revocation: offer.revocation,
    end_session: offer.endSession,
  };
  const endpoints = Object.keys(paths) as Endpoint[];

  function record(endpoint: Endpoint, method: string, form: URLSearchParams, headers: Headers): void {
    const [parameters, sent] = [Object.fromEntries(form), Object.fromEntries(headers)];
    const authorization = headers.get("authorization");
    requests.push({ endpoint, method, parameters, headers: sent, authorization, at: clock.now() });
  }

  return {
    issuer,
    clientId,
    clientSecret,
    requests,
    async fetch(input, init) {
      // Node's Request rejects a signal of another realm, such as jsdom's. The caller's own signal is used directly, because a
      // Request's signal follows it only until the Request is garbage-collected.
      const { signal: callerSignal, ...rest } = init ?? {};
      const request = new Request(input, rest);
      const signal = callerSignal ?? request.signal;
      signal.throwIfAborted();
      const { origin, pathname, searchParams } = new URL(request.url);
      const endpoint = endpoints.find((name) => base + paths[name] === origin + pathname);
      // This fetch function reaches no server but the provider.
      if (!endpoint) return `${origin}${pathname}`.startsWith(`${base}/`) ? notFound() : unreachable();
      const { method, headers } = request;
      const form = method === "POST" ? new URLSearchParams(await request.text()) : searchParams;
      record(endpoint, method, form, headers);
      const endpointFaults = faults.at(endpoint);
      const faulty = transportFault(endpointFaults, signal);
      if (faulty) return faulty;
      if (isOffered[endpoint] === false) return notFound();
      return serve[endpoint]({ method, form, authorization: headers.get("authorization"), faults: endpointFaults });
    },
    async authorize(url, options = {}) {
      const { searchParams } = new URL(url);
      record("authorize", "GET", searchParams, new Headers());
      return authorization.authorize(searchParams, options, faults.at("authorize"));
    },
    signInAs: (user) => void authorization.signIn(user),
    misbehave: (fault, extent = {}) => faults.add(fault, extent),
    rotateKeys: () => keys.rotate(),
    revoke,
    sign: (claims, header) => keys.sign(claims, header),
  };
}

const notFound = (): Response => new Response(null, { status: 404 });

/** Fails as the platform's `fetch` does without a network. */
function unreachable(): never {
  throw new TypeError("fetch failed");
}
