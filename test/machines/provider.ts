import { randomBytes } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { exportJWK, generateKeyPair } from "jose";
// @ts-expect-error The package has no types.
import MemoryAdapter from "oidc-provider/lib/adapters/memory_adapter.js";

/** How the provider treats a refresh token that was spent already. */
type Reuse = "revokes the grant" | "refuses";

/** What the provider was asked for, and when: milliseconds of this process's clock. */
interface Asked {
  readonly path: string;
  readonly at: number;
}

const days = 86_400;

/** The client of a provider, and what the provider offers. */
export interface MachineProviderOptions {
  readonly redirectUri: string;
  readonly backchannel?: string;
  /** @default "a client secret of the tests" */
  readonly clientSecret?: string;
  /** Whether it takes pushed authorization requests (RFC 9126), and announces them. @default false */
  readonly pushedRequests?: boolean;
  /** Whether it takes revocations (RFC 7009). @default false */
  readonly revocation?: boolean;
  /** Whether its issuer ends in a slash. @default false */
  readonly slash?: boolean;
  /** The algorithm of its signatures. @default "RS256" */
  readonly signingAlg?: "RS256" | "ES256";
  /** How its client must authenticate. @default "client_secret_basic" */
  readonly authentication?: "client_secret_basic" | "client_secret_post";
  /** Seconds that an ID Token is valid. @default 3600 */
  readonly idTokenLifetime?: number;
  /** Further metadata of the client. @default none */
  readonly client?: Readonly<Record<string, unknown>>;
  /** Further features of `oidc-provider`. @default none */
  readonly features?: Readonly<Record<string, unknown>>;
  /** Further configuration of `oidc-provider`. @default none */
  readonly configuration?: Readonly<Record<string, unknown>>;
  /** The `acr` of each sign-in. @default none */
  readonly acr?: string;
}

/** `oidc-provider` on loopback, with rotating refresh tokens. It signs every user in without pages: as the `login_hint` says. */
export async function startProvider({
  redirectUri,
  backchannel,
  clientSecret = "a client secret of the tests",
  pushedRequests = false,
  revocation = false,
  slash = false,
  signingAlg = "RS256",
  authentication = "client_secret_basic",
  idTokenLifetime = 3600,
  client: clientMetadata = {},
  features = {},
  configuration = {},
  acr,
}: MachineProviderOptions) {
  // oidc-provider writes advice for production at start-up.
  console.warn = () => {};
  // @ts-expect-error The package has no types.
  const { default: Provider } = await import("oidc-provider");
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const issuer = `http://localhost:${(server.address() as AddressInfo).port}${slash ? "/" : ""}`;
  const { privateKey } = await generateKeyPair(signingAlg, { extractable: true });
  const storage = new Map();
  const state = {
    /** Lifetimes of access tokens, in seconds. */
    lifetimes: { signIn: 1, refresh: 3600 },
    /** Milliseconds before the token endpoint answers a refresh. */
    delay: 0,
    reuse: "revokes the grant" as Reuse,
    asked: [] as Asked[],
    /** Called for each refresh, before the provider sees it. True: the connection is closed in the place of an answer. */
    onToken: undefined as undefined | (() => boolean | Promise<boolean>),
  };
  const client = {
    client_id: "machines",
    client_secret: clientSecret,
    application_type: "native" as const,
    token_endpoint_auth_method: authentication,
    id_token_signed_response_alg: signingAlg,
    grant_types: ["authorization_code", "refresh_token"],
    redirect_uris: [redirectUri],
    post_logout_redirect_uris: [new URL("/", redirectUri).href],
    ...(backchannel ? { backchannel_logout_uri: backchannel, backchannel_logout_session_required: true } : {}),
    ...clientMetadata,
  };
  const provider = new Provider(issuer, {
    clients: [client],
    adapter: (model: string) => new MemoryAdapter(model, storage),
    jwks: { keys: [{ ...(await exportJWK(privateKey)), alg: signingAlg, use: "sig", kid: "key" }] },
    cookies: { keys: [randomBytes(32).toString("hex")] },
    claims: { openid: ["sub"], profile: ["name"], email: ["email"] },
    conformIdTokenClaims: false,
    findAccount: (_context: unknown, sub: string) => ({ accountId: sub, claims: () => ({ sub, name: sub }) }),
    interactions: { url: (_context: unknown, { uid }: { uid: string }) => `/interaction/${uid}` },
    // Its own refuses addresses on loopback.
    fetch: (url: string, { dispatcher: _, ...options }: RequestInit & { dispatcher?: unknown }) => fetch(url, options),
    rotateRefreshToken: true,
    issueRefreshToken: () => true,
    expiresWithSession: () => false,
    ttl: {
      AccessToken: ({ oidc }: { oidc: { params: { grant_type: string } } }) =>
        state.lifetimes[oidc.params.grant_type === "refresh_token" ? "refresh" : "signIn"],
      IdToken: idTokenLifetime,
      Interaction: 900,
      RefreshToken: 14 * days,
      Session: 14 * days,
      Grant: 14 * days,
    },
    features: {
      devInteractions: { enabled: false },
      pushedAuthorizationRequests: { enabled: pushedRequests },
      backchannelLogout: { enabled: true },
      revocation: { enabled: revocation },
      rpInitiatedLogout: {
        enabled: true,
        // Without a question to the user.
        logoutSource: (context: { body: string }, form: string) => {
          context.body = `${form}<script>document.forms[0].submit()</script>`;
        },
      },
      ...features,
    },
    ...configuration,
  } as never);
  // RFC 9700 2.1: compared as text. This provider ignores the port of loopback addresses, as RFC 8252 7.3 has it for native apps.
  provider.Client.prototype.redirectUriAllowed = (uri: string) => uri === redirectUri;
  const protocol = provider.callback();

  async function answerInteraction(req: IncomingMessage, res: ServerResponse): Promise<void> {
    const { prompt, session, params, grantId } = await provider.interactionDetails(req, res);
    if (prompt.name === "login") {
      const accountId = String(params["login_hint"] ?? "ada");
      return provider.interactionFinished(req, res, { login: { accountId, ...(acr && { acr }) } });
    }
    const grant = grantId
      ? await provider.Grant.find(grantId)
      : new provider.Grant({ accountId: session?.accountId as string, clientId: client.client_id });
    grant?.addOIDCScope("openid profile email offline_access");
    const result = { consent: { grantId: (await grant?.save()) as string } };
    return provider.interactionFinished(req, res, result, { mergeWithLastSubmission: true });
  }

  /** The body of a request, which is then given to the protocol as well. */
  async function bodyOf(req: IncomingMessage): Promise<string> {
    let text = "";
    for await (const chunk of req) text += chunk;
    Object.assign(req, { body: Object.fromEntries(new URLSearchParams(text)) });
    return text;
  }

  server.on("request", async (req, res) => {
    const path = (req.url as string).split("?")[0] as string;
    state.asked.push({ path, at: Date.now() });
    if (path.startsWith("/interaction/")) return answerInteraction(req, res);
    // As providers do that take one method of a client; this one takes both ways to send a secret.
    if (authentication === "client_secret_post" && req.headers.authorization?.startsWith("Basic ")) {
      res.writeHead(401, { "content-type": "application/json" }).end('{"error":"invalid_client"}');
      return;
    }
    if (path === "/token") {
      const body = new URLSearchParams(await bodyOf(req));
      if (body.get("grant_type") === "refresh_token") {
        if (await state.onToken?.()) return void req.socket.destroy();
        if (state.reuse === "refuses") {
          // As providers do that refuse a spent token, and leave the grant alone.
          const token = await provider.RefreshToken.find(body.get("refresh_token") as string, {
            ignoreExpiration: true,
          });
          if (!token || token.consumed) {
            res.writeHead(400, { "content-type": "application/json" }).end('{"error":"invalid_grant"}');
            return;
          }
        }
        const { writeHead } = res;
        if (state.delay > 0) {
          const { delay } = state;
          const end = res.end.bind(res);
          res.writeHead = writeHead.bind(res) as never;
          res.end = ((...args: never[]) => void setTimeout(() => end(...args), delay)) as never;
        }
      }
    }
    return protocol(req, res);
  });

  return {
    issuer,
    provider,
    state,
    storage,
    clientId: client.client_id,
    clientSecret: client.client_secret,
    key: privateKey,
    /** The refreshes that were asked for since the last call. */
    take(): number {
      const count = state.asked.filter(({ path }) => path === "/token").length;
      state.asked = [];
      return count;
    },
    /** Whether an access token is good. */
    isGood: async (token: string): Promise<boolean> => {
      const response = await fetch(`${issuer}/me`, { headers: { authorization: `Bearer ${token}` } });
      await response.text();
      return response.status === 200;
    },
    async stop() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
