import { MisuseError } from "../core/errors.js";
import type { LatchkeyEvent } from "../core/events.js";
import { protectedParameters } from "../core/exchange/machine.js";
import type { Awaitable } from "../core/ports.js";
import type { ClientAuthentication } from "../core/provider/provider.js";
import type { RelyingPartyConfig, SignedIn, SignIn, Site } from "../core/relying-party/config.js";
import { checkSecrets } from "../core/seal/sealer.js";
import type { StandardSchema } from "../core/session/schema.js";
import type { SessionsOptions } from "../core/session/sessions.js";
import type { PortOptions } from "./ports.js";
import { importPrivateKey } from "./private-key.js";

/** What every adapter with sign-in takes. The five required values may come from `LATCHKEY_*` variables instead. */
export interface AuthOptions<Data = Record<string, unknown>> extends PortOptions {
  /** The provider's issuer, exactly as its metadata says it. Variable: `LATCHKEY_ISSUER`. */
  issuer?: string;
  /** Variable: `LATCHKEY_CLIENT_ID`. */
  clientId?: string;
  /** Variable: `LATCHKEY_CLIENT_SECRET`. Public clients have none: set `clientAuthentication: "none"`. */
  clientSecret?: string;
  /** A private JWK with `alg` (and `kid`), for `private_key_jwt`. Variable: `LATCHKEY_CLIENT_PRIVATE_KEY`, as JSON. */
  clientPrivateKey?: Readonly<Record<string, unknown>>;
  /** @default "private_key_jwt" with a private key, "client_secret_basic" with a secret */
  clientAuthentication?: ClientAuthentication;
  /** At least 32 characters each, newest first. Variable: `LATCHKEY_SECRET`, several separated by commas. */
  secret?: string | readonly string[];
  /** Where the app is reached: an origin, with a path if it lives under one; or several. Variable: `LATCHKEY_BASE_URL`, several separated by commas. */
  baseUrl?: string | readonly string[];
  /** Where the routes live. @default "/auth" */
  mount?: string;
  /** Whether URLs of the routes end in a slash; both are answered. @default false */
  trailingSlash?: boolean;
  /** Must contain `openid`. Variable: `LATCHKEY_SCOPE`. @default "openid profile email" */
  scope?: string;
  /** The API that access tokens are for. Variable: `LATCHKEY_AUDIENCE`. */
  audience?: string;
  /** Authorization parameters of every sign-in. Those that the protocol relies on cannot be set. */
  authorizationParams?: Readonly<Record<string, string>>;
  /** Query parameters of the login route that go on to the provider, such as `ui_locales`. @default none */
  allowedParams?: readonly string[];
  /** How the provider answers: by redirect or by a form. @default "query" */
  responseMode?: "query" | "form_post";
  /** The one algorithm that ID Tokens may be signed with. @default "RS256" */
  idTokenSigningAlg?: string;
  /** Origins that `fetch` may send the access token to. Variable: `LATCHKEY_API_ORIGINS`, separated by commas. @default none */
  apiOrigins?: readonly string[];
  /** Whether to ask the userinfo endpoint for further claims at sign-in. @default false */
  userinfo?: boolean;
  /** Whether signing out also ends the session at the provider. @default "provider" */
  logout?: "provider" | "local";
  /** Where the provider sends people after sign-out; registered there as `baseUrl` + this. @default "/" */
  postLogoutPath?: string;
  /** How long sessions last, how their cookies are named and sent, where they are kept. */
  session?: Omit<SessionsOptions<never>, "secret" | "schema"> & {
    /** Checked on the app's own data whenever a session is opened. */
    schema?: StandardSchema<Data>;
  };
  /** Shapes what a new session keeps; the subject always stays that of the ID Token. Throwing refuses the sign-in. */
  onSignIn?: (signIn: SignIn) => Awaitable<{ user?: Record<string, unknown>; data?: Data } | undefined>;
  /** Told what happens, without secrets or tokens. @default nobody */
  onEvent?: (event: LatchkeyEvent) => void;
  /** Seconds that a request to the provider may take. @default 5 */
  httpTimeout?: number;
  /** Seconds by which the provider's clock may differ from ours. @default 30 */
  clockTolerance?: number;
}

type Environment = Readonly<Record<string, string | undefined>>;

const wrong = (message: string) => new MisuseError("ERR_CONFIG", `latchkey: ${message}`);

/** Completes options from the environment and checks the whole. @throws MisuseError (`ERR_CONFIG`) naming what to change */
export function resolveConfig<Data>(options: AuthOptions<Data>, env: Environment): RelyingPartyConfig<Data> {
  const fromEnv = (name: string) => env[`LATCHKEY_${name}`] || undefined;
  const required = (value: string | undefined, option: string, name: string): string => {
    const found = value || fromEnv(name);
    if (!found) throw wrong(`set ${option}, or the variable LATCHKEY_${name}`);
    return found;
  };
  const listed = (value: string | readonly string[] | undefined, name: string): readonly string[] =>
    typeof value === "string"
      ? [value]
      : (value ??
        fromEnv(name)
          ?.split(",")
          .map((item) => item.trim()) ??
        []);

  const {
    mount = "/auth",
    trailingSlash = false,
    responseMode = "query",
    postLogoutPath = "/",
    session = {},
  } = options;
  const audience = options.audience ?? fromEnv("AUDIENCE");
  const authorizationParams = { ...options.authorizationParams, ...(audience ? { audience } : {}) };
  const secret = listed(options.secret, "SECRET");
  if (secret.length === 0)
    throw wrong("set secret, or the variable LATCHKEY_SECRET (`npx latchkey secret` prints one)");
  const { schema, ...sessionOptions } = session;

  const config: RelyingPartyConfig<Data> = {
    provider: {
      ...clientOf(options, fromEnv),
      issuer: issuerOf(required(options.issuer, "issuer", "ISSUER")),
      clientId: required(options.clientId, "clientId", "CLIENT_ID"),
      idTokenSigningAlg: options.idTokenSigningAlg ?? "RS256",
      httpTimeout: options.httpTimeout ?? 5,
      clockTolerance: options.clockTolerance ?? 30,
    },
    sites: sitesOf(listed(options.baseUrl, "BASE_URL")),
    mount,
    trailingSlash,
    scope: options.scope ?? fromEnv("SCOPE") ?? "openid profile email",
    responseMode,
    authorizationParams,
    allowedParams: options.allowedParams ?? [],
    apiOrigins: listed(options.apiOrigins, "API_ORIGINS").map(originOf),
    userinfo: options.userinfo ?? false,
    logout: options.logout ?? "provider",
    postLogoutPath,
    session: { ...sessionOptions, secret: checkSecrets(secret), schema: signedInSchema(schema) },
    onSignIn: options.onSignIn,
    onEvent: options.onEvent,
  };
  check(config);
  return config;
}

/** Rules that concern one value or two; each message says what to change. */
function check<Data>(config: RelyingPartyConfig<Data>): void {
  const { mount, scope, provider, authorizationParams, allowedParams, postLogoutPath } = config;
  if (!/^(\/[A-Za-z0-9._~-]+)+$/.test(mount))
    throw wrong(`mount must be a path such as "/auth", without a slash at the end`);
  if (!scope.split(" ").includes("openid")) throw wrong("scope must contain openid (LATCHKEY_SCOPE)");
  if (!/^\/(?![/\\])/.test(postLogoutPath)) throw wrong("postLogoutPath must be a path that begins with one slash");
  for (const name of [...Object.keys(authorizationParams), ...allowedParams]) {
    if (protectedParameters.has(name))
      throw wrong(`${name} is set by the protocol: remove it from authorizationParams and allowedParams`);
  }
  if (!/^(RS|PS|ES)(256|384|512)$|^EdDSA$|^Ed25519$/.test(provider.idTokenSigningAlg)) {
    throw wrong("idTokenSigningAlg must be one of the asymmetric algorithms, such as RS256, PS256 or ES256");
  }
  for (const [name, value] of Object.entries({
    httpTimeout: provider.httpTimeout,
    clockTolerance: provider.clockTolerance,
  })) {
    if (!(Number.isFinite(value) && value >= 0)) throw wrong(`${name} must be a number of seconds`);
  }
}

/** How the client proves who it is, from what it was given to prove it with. */
function clientOf<Data>(options: AuthOptions<Data>, fromEnv: (name: string) => string | undefined) {
  const clientSecret = options.clientSecret || fromEnv("CLIENT_SECRET");
  const privateKey = options.clientPrivateKey ?? fromEnv("CLIENT_PRIVATE_KEY");
  const { clientAuthentication = privateKey ? "private_key_jwt" : "client_secret_basic" } = options;
  switch (clientAuthentication) {
    case "none":
      return { clientAuthentication };
    case "private_key_jwt":
      return { clientAuthentication, clientPrivateKey: importPrivateKey(privateKey ?? "") };
    case "client_secret_basic":
    case "client_secret_post":
      if (clientSecret) return { clientAuthentication, clientSecret };
      throw wrong(`set clientSecret (LATCHKEY_CLIENT_SECRET), or clientAuthentication: "none" for a public client`);
    default:
      throw wrong("clientAuthentication must be client_secret_basic, client_secret_post, private_key_jwt or none");
  }
}

const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/;

function urlOf(value: string, option: string): URL {
  try {
    return new URL(value);
  } catch (cause) {
    throw new MisuseError("ERR_CONFIG", `latchkey: ${option} must be an absolute URL`, { cause });
  }
}

/** https, or http on a loopback host. */
function secureUrl(value: string, option: string): URL {
  const url = urlOf(value, option);
  const safe = url.protocol === "https:" || (url.protocol === "http:" && LOOPBACK.test(url.hostname));
  if (!safe) throw wrong(`${option} must be https; http is for localhost and 127.0.0.1 only`);
  if (url.username || url.password || url.search || url.hash)
    throw wrong(`${option} must have no user, query or fragment`);
  return url;
}

/** As written: issuers are compared as strings (OpenID Connect Discovery 4.3). */
function issuerOf(issuer: string): string {
  secureUrl(issuer, "issuer (LATCHKEY_ISSUER)");
  return issuer;
}

function originOf(value: string): string {
  const url = secureUrl(value, "apiOrigins (LATCHKEY_API_ORIGINS)");
  if (url.pathname !== "/" || url.search || url.origin === "null")
    throw wrong("apiOrigins are origins: scheme, host and port, no path");
  return url.origin;
}

function sitesOf(baseUrls: readonly string[]): [Site, ...Site[]] {
  const [first, ...others] = baseUrls.map((value): Site => {
    const url = secureUrl(value, "baseUrl (LATCHKEY_BASE_URL)");
    return { origin: url.origin, path: url.pathname.replace(/\/+$/, ""), secure: url.protocol === "https:" };
  });
  if (!first) throw wrong("set baseUrl, or the variable LATCHKEY_BASE_URL");
  return [first, ...others];
}

/** What an identity must hold to be a sign-in: somebody, and data that the app's own schema accepts. */
const signedInSchema = <Data>(schema: StandardSchema<Data> | undefined): StandardSchema<SignedIn<Data>> => ({
  "~standard": {
    version: 1,
    vendor: "latchkey",
    async validate(value) {
      const { user, data } = (value ?? {}) as SignedIn<unknown>;
      if (typeof user?.sub !== "string" || user.sub === "") return { issues: ["nobody"] };
      if (!schema) return { value: { user, data: data as Data } };
      const result = await schema["~standard"].validate(data);
      return "value" in result ? { value: { user, data: result.value } } : result;
    },
  },
});
