import {
  createHash,
  createHmac,
  generateKeyPairSync,
  type JsonWebKey,
  type KeyObject,
  randomUUID,
  sign,
} from "node:crypto";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";

/** What a request to the provider holds. */
export interface PlayedRequest {
  readonly url: string;
  readonly parameters: Readonly<Record<string, string>>;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
}

type Claims = Readonly<Record<string, unknown>>;

/** How a provider differs, as data: `quirks.ts` has those of each one. */
export interface Quirks {
  /** Where the discovery document is, and its members; null for a provider that has none. */
  readonly discovery: { readonly url: string; readonly document: Claims } | null;
  /** The endpoints of a provider without a discovery document, by their names in one. */
  readonly endpoints?: Readonly<Record<string, string>>;
  /** @default "RS256" */
  readonly alg?: "RS256" | "ES256" | "ES384" | "HS256";
  /** How the client authenticates. @default "client_secret_basic" */
  readonly client?: "client_secret_basic" | "client_secret_post" | "private_key_jwt";
  /** PKCE is refused, or has no effect. @default "checked" */
  readonly pkce?: "checked" | "ignored" | "refused";
  readonly responseMode?: "form_post";
  /** Why an authorization request is refused. */
  refuseAuthorization?(request: PlayedRequest): string | undefined;
  /** Why a token request is refused, beside a client that does not authenticate: the body of the answer, with its status. */
  refuseToken?(request: PlayedRequest): readonly [status: number, body: Claims] | undefined;
  /** The claims of the ID Token; undefined: none is issued. */
  idToken?(claims: Claims, token: PlayedRequest): Claims | undefined;
  readonly header?: Claims;
  /** The algorithm of the ID Token for this token request. */
  algFor?(token: PlayedRequest): Quirks["alg"];
  /** The token response. */
  tokens?(body: Claims): Claims;
  /** Parameters of the authorization response beside those of the protocol. */
  readonly callback?: Readonly<Record<string, string>>;
  /** Answers of an API, by URL. */
  readonly api?: Readonly<Record<string, (request: PlayedRequest) => readonly [status: number, body: unknown]>>;
  /** The end of the provider's session: the URL to go back to, or why none. */
  signOut?(parameters: Readonly<Record<string, string>>): { readonly to: string } | { readonly problem: string };
}

export interface FakeProvider {
  /** Reaches the provider over HTTP, whatever the host of the URL. */
  readonly fetch: typeof globalThis.fetch;
  readonly requests: readonly PlayedRequest[];
  /** The next ID Token gets these claims. */
  change(claims: (claims: Claims) => Claims): void;
  close(): void;
}

export const CLIENT_ID = "the-client";
/** Of 32 bytes, as HS256 needs it. */
export const CLIENT_SECRET = "0123456789abcdef0123456789abcdef";

const KEYS = { RS256: generateKeyPairSync("rsa", { modulusLength: 2048 }), ES256: ec("P-256"), ES384: ec("P-384") };

function ec(namedCurve: string) {
  return generateKeyPairSync("ec", { namedCurve });
}

const base64url = (value: object): string => Buffer.from(JSON.stringify(value)).toString("base64url");

/** A JWS. */
function signJwt(alg: NonNullable<Quirks["alg"]>, claims: object, key?: KeyObject, header: object = {}): string {
  const text = [{ alg, kid: alg, typ: "JWT", ...header }, claims].map(base64url).join(".");
  if (alg === "HS256") return `${text}.${createHmac("sha256", CLIENT_SECRET).update(text).digest("base64url")}`;
  const hash = alg === "ES384" ? "sha384" : "sha256";
  const signature = sign(hash, Buffer.from(text), { key: key ?? KEYS[alg].privateKey, dsaEncoding: "ieee-p1363" });
  return `${text}.${signature.toString("base64url")}`;
}

const jwks = () => ({
  keys: Object.entries(KEYS).map(
    ([alg, { publicKey }]): JsonWebKey => ({
      ...publicKey.export({ format: "jwk" }),
      alg,
      kid: alg,
      use: "sig",
    }),
  ),
});

async function read(message: IncomingMessage): Promise<PlayedRequest> {
  const [, scheme, rest] = /^\/(https?)\/(.*)$/.exec(message.url ?? "") ?? [];
  const url = new URL(`${scheme}://${rest}`);
  let body = "";
  for await (const chunk of message) body += chunk;
  const parameters = Object.fromEntries(message.method === "POST" ? new URLSearchParams(body) : url.searchParams);
  return { url: url.origin + url.pathname, parameters, headers: message.headers };
}

/** The claims of the assertion, or the secret, with which a client authenticates. */
function isAuthenticated({ client = "client_secret_basic" }: Quirks, { parameters, headers }: PlayedRequest): boolean {
  if (client === "private_key_jwt") return parameters["client_assertion"] !== undefined;
  const basic = `Basic ${Buffer.from(`${CLIENT_ID}:${CLIENT_SECRET}`).toString("base64")}`;
  if (client === "client_secret_basic") return headers["authorization"] === basic;
  return (
    parameters["client_id"] === CLIENT_ID &&
    /^(0123456789abcdef0123456789abcdef|ey.+)$/.test(parameters["client_secret"] ?? "")
  );
}

/** Plays a provider over HTTP, at the URLs that the real one has. */
export async function playProvider(quirks: Quirks): Promise<FakeProvider> {
  const { discovery, api = {} } = quirks;
  const document = { ...discovery?.document, ...quirks.endpoints } as Record<string, string>;
  const codes = new Map<string, PlayedRequest>();
  const accessTokens = new Set<string>();
  const requests: PlayedRequest[] = [];
  let change = (claims: Claims): Claims => claims;

  function tokenResponse(request: PlayedRequest): readonly [number, unknown] {
    const { parameters } = request;
    if (!isAuthenticated(quirks, request)) return [401, { error: "invalid_client" }];
    const refusal = quirks.refuseToken?.(request);
    if (refusal) return refusal;
    const { code, code_verifier: verifier } = parameters;
    const authorization = codes.get(code ?? "");
    if (parameters["grant_type"] === "authorization_code" && !authorization) return [400, { error: "invalid_grant" }];
    if (quirks.pkce === "refused" && verifier) return [400, { error: "invalid_client", error_description: "PKCE" }];
    const challenge = createHash("sha256")
      .update(verifier ?? "")
      .digest("base64url");
    if (
      (quirks.pkce ?? "checked") === "checked" &&
      authorization &&
      authorization.parameters["code_challenge"] !== challenge
    )
      return [400, { error: "invalid_grant" }];
    codes.delete(code ?? "");
    const now = Math.floor(Date.now() / 1000);
    const access_token = randomUUID();
    accessTokens.add(access_token);
    const claims = {
      iss: document["issuer"],
      sub: "alice",
      aud: CLIENT_ID,
      iat: now,
      exp: now + 120,
      nonce: authorization?.parameters["nonce"],
    };
    const played = quirks.idToken ? quirks.idToken(claims, request) : claims;
    const alg = quirks.algFor?.(request) ?? quirks.alg ?? "RS256";
    const body = {
      access_token,
      token_type: "Bearer",
      expires_in: 3600,
      refresh_token: randomUUID(),
      ...(played ? { id_token: signJwt(alg, change(played), undefined, quirks.header) } : {}),
    };
    return [200, quirks.tokens?.(body) ?? body];
  }

  function answer(request: PlayedRequest): readonly [status: number, body: unknown, headers?: Record<string, string>] {
    const { url, parameters, headers } = request;
    if (url === discovery?.url) return [200, discovery.document];
    if (url === document["jwks_uri"]) return [200, jwks()];
    if (url === document["authorization_endpoint"]) {
      const problem = quirks.refuseAuthorization?.(request);
      if (problem) return [400, { problem }];
      const { redirect_uri = "", state = "" } = parameters;
      const code = randomUUID();
      codes.set(code, request);
      const response = new URLSearchParams({ code, state, ...quirks.callback });
      const isPosted = quirks.responseMode === "form_post" && parameters["response_mode"] === "form_post";
      if (isPosted) return [200, { action: redirect_uri, form: `${response}` }];
      return [302, {}, { location: `${redirect_uri}?${response}` }];
    }
    if (url === document["token_endpoint"]) return tokenResponse(request);
    if (url === document["revocation_endpoint"]) return [isAuthenticated(quirks, request) ? 200 : 401, {}];
    if (url === document["end_session_endpoint"]) {
      const end = quirks.signOut?.(parameters) ?? { to: parameters["post_logout_redirect_uri"] ?? "" };
      return "to" in end ? [302, {}, { location: end.to }] : [400, end];
    }
    const token = `${headers["authorization"]}`.replace("Bearer ", "");
    if (url in api) return accessTokens.has(token) ? (api[url]?.(request) ?? [404, {}]) : [401, {}];
    return [404, {}];
  }

  const server = createServer(async (message, response) => {
    const request = await read(message);
    requests.push(request);
    const [status, body, headers = {}] = answer(request);
    response.writeHead(status, { "content-type": "application/json", ...headers }).end(JSON.stringify(body));
  });
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    requests,
    fetch: (input, init) =>
      fetch(`${input}`.replace(/^(https?):\/\//, `http://127.0.0.1:${port}/$1/`), { ...init, redirect: "manual" }),
    change(next) {
      change = next;
    },
    close: () => void server.close().closeAllConnections(),
  };
}
