import { createEndpoints, paths } from "./endpoints.js";
import { createFaults, type Endpoint } from "./faults.js";
import { answerBadly } from "./misbehaviour.js";
import type { ProviderRequest, TestProvider, TestProviderOptions } from "./provider-options.js";
import { createSigningKeys } from "./tokens.js";

const ALICE = { sub: "alice", name: "Alice", email: "alice@example.com" };

/** Starts a provider in memory; nothing listens anywhere. @throws TypeError for a user without `sub` */
export async function createTestProvider(options: TestProviderOptions = {}): Promise<TestProvider> {
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
      // A signal of another realm, such as jsdom's, is not for Node's Request. Only the caller's own signal is used: that of
      // a Request follows it only while somebody holds the Request.
      const { signal: given, ...rest } = init ?? {};
      const request = new Request(input, rest);
      const signal = given ?? request.signal;
      signal.throwIfAborted();
      const { origin, pathname, searchParams } = new URL(request.url);
      const endpoint = endpoints.find((name) => base + paths[name] === origin + pathname);
      // Whoever else this is for cannot be reached from here.
      if (!endpoint) return `${origin}${pathname}`.startsWith(`${base}/`) ? notFound() : unreachable();
      const { method, headers } = request;
      const form = method === "POST" ? new URLSearchParams(await request.text()) : searchParams;
      record(endpoint, method, form, headers);
      const here = faults.at(endpoint);
      const bad = answerBadly(here, signal);
      if (bad) return bad;
      if (isOffered[endpoint] === false) return notFound();
      return serve[endpoint]({ method, form, authorization: headers.get("authorization"), faults: here });
    },
    async authorize(url, asked = {}) {
      const { searchParams } = new URL(url);
      record("authorize", "GET", searchParams, new Headers());
      return authorization.authorize(searchParams, asked, faults.at("authorize"));
    },
    signInAs: (someone) => void authorization.signIn(someone),
    misbehave: (fault, extent = {}) => faults.add(fault, extent),
    rotateKeys: () => keys.rotate(),
    revoke,
    sign: (claims, header) => keys.sign(claims, header),
  };
}

const notFound = (): Response => new Response(null, { status: 404 });

/** As the platform's `fetch` fails without a network. */
function unreachable(): never {
  throw new TypeError("fetch failed");
}
