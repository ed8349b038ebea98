import { type Awaitable, chain } from "../../core/awaitable.js";
import { must } from "../../core/errors.js";
import type { LatchkeyEvent } from "../../core/events.js";
import { protectedParameters } from "../../core/exchange/machine.js";
import type { ClientAuthentication } from "../../core/provider/client-authentication.js";
import type { RelyingPartyConfig, SignedIn, SignIn, Site } from "../../core/relying-party/config.js";
import { checkSecrets } from "../../core/seal/sealer.js";
import type { SessionsOptions } from "../../core/session/options.js";
import { conform, type StandardSchema } from "../../core/session/schema.js";
import { mustBeSeconds, mustSign, urlOf } from "./checks.js";
import type { PortOptions } from "./ports.js";
import { importPrivateKey } from "./private-key.js";
import { label, variableOf } from "./variables.js";

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

/** Completes options from the environment and checks the whole. @throws MisuseError (`invalid_config`) naming what to change */
export function resolveConfig<Data>(options: AuthOptions<Data>, env: Environment): RelyingPartyConfig<Data> {
  type Option = "issuer" | "clientId" | "clientSecret" | "clientPrivateKey" | "audience" | "scope";
  const variable = (option: string) => env[variableOf(option)] || undefined;
  const value = <Name extends Option>(option: Name) => options[option] || variable(option);
  const list = (option: "secret" | "baseUrl" | "apiOrigins"): readonly string[] =>
    [options[option] ?? variable(option)?.split(/ *, */) ?? []].flat();
  const required = (option: "issuer" | "clientId"): string => {
    const found = value(option);
    must(found, `set ${label(option)}`);
    return found;
  };
  const issuer = required("issuer");
  const clientSecret = value("clientSecret");
  const privateKey = value("clientPrivateKey");
  const audience = value("audience");
  const {
    clientAuthentication = privateKey ? "private_key_jwt" : "client_secret_basic",
    idTokenSigningAlg = "RS256",
    httpTimeout = 5,
    clockTolerance = 30,
    mount = "/auth",
    trailingSlash = false,
    responseMode = "query",
    allowedParams = [],
    userinfo = false,
    logout = "provider",
    postLogoutPath = "/",
    onSignIn,
    onEvent,
  } = options;
  const { schema, ...session } = options.session ?? {};
  const authorizationParams = { ...options.authorizationParams, ...(audience ? { audience } : {}) };
  const scope = value("scope") ?? "openid profile email";
  const [site, ...sites] = list("baseUrl").map(siteOf);

  must(site, `set ${label("baseUrl")}`);
  // Kept as written: issuers are compared as strings (OpenID Connect Discovery 4.3).
  urlOf(issuer, label("issuer"));
  must(METHODS.includes(clientAuthentication), `clientAuthentication must be one of ${METHODS.join(", ")}`);
  must(
    !clientAuthentication.startsWith("client") || clientSecret,
    `set ${label("clientSecret")}, or clientAuthentication: "none" for a public client`,
  );
  must(/^(\/[\w.~-]+)+$/.test(mount), 'mount must be a path such as "/auth"');
  must(scope.split(" ").includes("openid"), `${label("scope")} must contain openid`);
  must(/^\/(?![/\\])/.test(postLogoutPath), 'postLogoutPath must be a path such as "/"');
  for (const name of [...Object.keys(authorizationParams), ...allowedParams]) {
    must(!protectedParameters.has(name), `authorizationParams and allowedParams cannot set ${name}`);
  }
  mustSign(idTokenSigningAlg, "idTokenSigningAlg");
  mustBeSeconds(httpTimeout, clockTolerance);

  return {
    provider: {
      issuer,
      clientId: required("clientId"),
      clientSecret,
      clientPrivateKey: clientAuthentication === "private_key_jwt" ? importPrivateKey(privateKey) : undefined,
      clientAuthentication,
      idTokenSigningAlg,
      httpTimeout,
      clockTolerance,
    },
    sites: [site, ...sites],
    mount,
    trailingSlash,
    scope,
    responseMode,
    authorizationParams,
    allowedParams,
    apiOrigins: list("apiOrigins").map(originOf),
    userinfo,
    logout,
    postLogoutPath,
    session: { ...session, secret: checkSecrets(list("secret"), label("secret")), schema: signedInSchema(schema) },
    onSignIn,
    onEvent,
  };
}

const METHODS: readonly ClientAuthentication[] = [
  "client_secret_basic",
  "client_secret_post",
  "private_key_jwt",
  "none",
];

function originOf(value: string): string {
  const { origin, pathname } = urlOf(value, label("apiOrigins"));
  must(pathname === "/", `${label("apiOrigins")} must be origins, without a path`);
  return origin;
}

function siteOf(value: string): Site {
  const { origin, pathname, protocol } = urlOf(value, label("baseUrl"));
  return { origin, path: pathname.replace(/\/+$/, ""), secure: protocol === "https:" };
}

/** What an identity must hold to be a sign-in: somebody, and data that the app's own schema accepts. */
const signedInSchema = <Data>(schema: StandardSchema<Data> | undefined): StandardSchema<SignedIn<Data>> => ({
  "~standard": {
    version: 1,
    vendor: "latchkey",
    validate(value) {
      const { user, data } = (value ?? {}) as SignedIn<unknown>;
      const isSomebody = typeof user?.sub === "string" && user.sub !== "";
      if (!isSomebody) return { issues: [] };
      if (!schema) return { value: value as SignedIn<Data> };
      return chain(conform(schema, data), (fitting) =>
        fitting ? { value: { user, data: fitting.value } } : { issues: [] },
      );
    },
  },
});
