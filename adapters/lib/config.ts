import { type Awaitable, chain } from "../../core/awaitable.js";
import { CLOCK_TOLERANCE, DEFAULT_SCOPE, HTTP_TIMEOUT } from "../../core/defaults.js";
import { must } from "../../core/errors.js";
import type { LatchkeyEvent } from "../../core/events.js";
import { protectedParameters } from "../../core/exchange/authorization.js";
import type { ShapedUser } from "../../core/exchange/user.js";
import { ANY, checkOptions, type Examples, type ExamplesOf, FUNCTION, OBJECT, TEXT } from "../../core/options.js";
import { isText } from "../../core/provider/claims.js";
import type { ClientAssertion, ClientAuthentication } from "../../core/provider/client-authentication.js";
import type { RegisteredData } from "../../core/register.js";
import type { RelyingPartyConfig, SignedIn, SignIn } from "../../core/relying-party/config.js";
import type { Failure } from "../../core/relying-party/failure.js";
import { checkSecrets } from "../../core/seal/sealer.js";
import { sessionExamples } from "../../core/session/examples.js";
import type { CookieOptions, SessionsOptions } from "../../core/session/options.js";
import { conform, mustBeSchema, type StandardSchema } from "../../core/session/schema.js";
import type { Store } from "../../core/store/store.js";
import type { BackchannelLogout } from "./backchannel-logout.js";
import { connectable, mustBeFilledIn, mustBeSeconds, mustSign, urlOf } from "./checks.js";
import type { PortOptions } from "./ports.js";
import { createFailurePrinter } from "./print-failures.js";
import { mustFit, siteOf } from "./site.js";
import { label, variableOf } from "./variables.js";

/** The options of the sessions of a sign-in. */
export interface AuthSessionOptions<Data = RegisteredData>
  extends Omit<SessionsOptions<Data>, "secret" | "purpose" | "codec" | "cookie"> {
  /** How the cookies are named and sent; `secure` follows from `baseUrl`. @default those of each member */
  cookie?: Omit<CookieOptions, "secure" | "sameSite"> & {
    /** The SameSite attribute; `"none"` needs an https `baseUrl`. @default "lax" */
    sameSite?: "lax" | "none";
  };
  /** Where sessions live: in their cookies, or in the `store`, with the sealed id alone in the cookie. @default "cookies" */
  storage?: "cookies" | "store";
  /**
   * Whether session cookies hold the ID Token, which only a sign-out at the provider uses. Without it, the provider may ask the user
   * whether to sign out. @default true, unless the rest would not fit
   */
  keepIdToken?: boolean;
}

/** What every adapter with sign-in takes. The five required values may come from `LATCHKEY_*` variables instead. */
export interface AuthOptions<Data = RegisteredData> extends PortOptions {
  /** The provider's issuer, exactly as its discovery document names it. Required. Variable: `LATCHKEY_ISSUER`. */
  issuer?: string;
  /** The id of the client that is registered at the provider. Required. Variable: `LATCHKEY_CLIENT_ID`. */
  clientId?: string;
  /** The client's secret. Required, unless `clientAuthentication` is `privateKeyJwt(key)`, or `"none"` for a public client. Variable: `LATCHKEY_CLIENT_SECRET`. */
  clientSecret?: string;
  /** How the client authenticates to the provider: with its secret, with a key (`privateKeyJwt(key)`), or not at all. @default "client_secret_basic" */
  clientAuthentication?: ClientAuthentication;
  /** Seals the cookies: at least 32 characters each, newest first. Required. Variable: `LATCHKEY_SECRET`, several separated by commas. */
  secret?: string | readonly string[];
  /** The next `secret`: opens cookies and does not seal any, until every machine has it. Variable: `LATCHKEY_NEXT_SECRET`. @default none */
  nextSecret?: string | readonly string[];
  /** The URL of the app: an origin, with a path if the app lives under one; or several. Required. Variable: `LATCHKEY_BASE_URL`, several separated by commas. */
  baseUrl?: string | readonly string[];
  /** The path of the routes. @default "/auth" */
  mount?: string;
  /** Whether URLs of the routes end in a slash; both are answered. @default false */
  trailingSlash?: boolean;
  /** The path of the callback, for a redirect URI that is registered already: `baseUrl` + this, such as `"/signin-oidc"`. @default `mount` + "/callback" */
  callbackPath?: string;
  /** Must contain `openid`. Variable: `LATCHKEY_SCOPE`. @default "openid profile email" */
  scope?: string;
  /** The API that access tokens are for. Variable: `LATCHKEY_AUDIENCE`. @default none */
  audience?: string;
  /** Authorization parameters of every sign-in. Those that the protocol relies on cannot be set. @default none */
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
  /** What the machines of the app share, such as `redisStore(client)`: refreshes, sign-outs, and sessions if they are to be there. @default none: each process by itself */
  store?: Store;
  /** Ends sessions when the provider says so: `backchannelLogout()`. It needs a `store`. @default the route is not answered */
  backchannelLogout?: BackchannelLogout;
  /** How long sessions last, how their cookies are named and sent, and where they are stored. @default those of each member */
  session?: AuthSessionOptions<Data>;
  /** Shapes what a new session keeps; the subject always stays that of the ID Token. An error that it throws refuses the sign-in. @default the claims of the ID Token and userinfo */
  onSignIn?: (signIn: SignIn) => Awaitable<{ user?: ShapedUser; data?: Data } | undefined>;
  /** Receives what happens, without secrets or tokens. @default prints each failure as a line on the console, unless `onFailure` is set */
  onEvent?: (event: LatchkeyEvent) => void;
  /**
   * Answers a sign-in or sign-out that failed: with a Response, or with a URL or path to redirect to. Undefined leaves the answer to
   * latchkey. `translatedErrorPage(texts)` answers with the page of latchkey in other languages. @default an error page in English
   */
  onFailure?: (failure: Failure) => Awaitable<Response | string | undefined>;
  /** Seconds that a request to the provider may take. @default 5 */
  httpTimeout?: number;
  /** Seconds by which the provider's clock may differ from the app's. @default 30 */
  clockTolerance?: number;
}

/** The options that have a default, with it. */
const defaults = {
  clientAuthentication: "client_secret_basic",
  mount: "/auth",
  trailingSlash: false,
  scope: DEFAULT_SCOPE,
  allowedParams: [],
  responseMode: "query",
  idTokenSigningAlg: "RS256",
  apiOrigins: [],
  userinfo: false,
  logout: "provider",
  postLogoutPath: "/",
  httpTimeout: HTTP_TIMEOUT,
  clockTolerance: CLOCK_TOLERANCE,
} satisfies AuthOptions;

/** All options, by an example each. In a pure call, so that a bundle without sign-in leaves the list out in spite of its spread. */
export const authExamples: ExamplesOf<AuthOptions> = /* @__PURE__ */ (() => ({
  ...defaults,
  issuer: TEXT,
  clientId: TEXT,
  clientSecret: TEXT,
  clientAuthentication: ANY,
  secret: ANY,
  nextSecret: ANY,
  baseUrl: ANY,
  callbackPath: TEXT,
  audience: TEXT,
  authorizationParams: OBJECT,
  store: ANY,
  backchannelLogout: ANY,
  session: { ...sessionExamples, storage: TEXT, keepIdToken: true },
  onSignIn: FUNCTION,
  onEvent: FUNCTION,
  onFailure: FUNCTION,
  now: FUNCTION,
  random: FUNCTION,
  fetch: FUNCTION,
}))();

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Options that may come from a variable, and those that are lists there, separated by commas. `clientPrivateKey` is no option: the
 * check of options refuses a variable of this name, which an app might expect to be read.
 */
export const TEXTS = ["issuer", "clientId", "clientSecret", "clientPrivateKey", "scope", "audience"];
export const LISTS = ["secret", "nextSecret", "baseUrl", "apiOrigins"];

/** The options that were set, in code or by a variable, and the defaults of the others. */
export function completed<Data>(options: AuthOptions<Data>, env: Environment): AuthOptions<Data> {
  const set: Record<string, unknown> = { ...defaults };
  for (const name of [...TEXTS, ...LISTS]) {
    const value = env[variableOf(name)];
    if (value) set[name] = LISTS.includes(name) ? value.split(/ *, */) : value;
  }
  // Not `Object.entries`: options may be inherited.
  for (const name in options) {
    const value = options[name as keyof AuthOptions];
    if (value !== undefined) set[name] = value;
  }
  return set;
}

/** A sentence for each value that must be set and is not. */
function missingIn<Data>(set: AuthOptions<Data>): string[] {
  const needsSecret = ["client_secret_basic", "client_secret_post"].includes(set.clientAuthentication as string);
  return ["issuer", "clientId", needsSecret && "clientSecret", "secret", "baseUrl"].flatMap((name) =>
    !name || name in set
      ? []
      : `set ${label(name)}${name === "clientSecret" ? ', or clientAuthentication: "none" for a public client' : ""}`,
  );
}

/**
 * Completes options from the environment and checks the whole.
 * @param examples of all options that the adapter takes
 * @throws MisuseError (`invalid_config`) naming what to change; what is missing, unknown or of another type is named all at once
 */
export function resolveConfig<Data>(
  options: AuthOptions<Data>,
  env: Environment,
  examples: Examples = authExamples,
): RelyingPartyConfig<Data> {
  const set = completed(options, env);
  checkOptions(set, examples, missingIn(set));
  // What is missing was refused above.
  // The rooms that get the rest have no use for the secrets of the seal.
  const { secret, nextSecret, ...config } = set as Complete<Data>;
  const { audience, clientAuthentication, backchannelLogout, session: { schema, ...session } = {} } = config;
  const store = connectable(config.store);
  const secrets = checkSecrets(secret, label("secret"));
  const authorizationParams = { ...config.authorizationParams, ...(audience ? { audience } : {}) };
  const [site, ...sites] = [config.baseUrl].flat().map(siteOf);

  must(site, `set ${label("baseUrl")}`);
  // Kept as written: issuers are compared as strings (OpenID Connect Discovery 4.3).
  urlOf(config.issuer, label("issuer"));
  mustAuthenticate(clientAuthentication);
  mustBeOne("responseMode", config.responseMode, ["query", "form_post"]);
  mustBeOne("logout", config.logout, ["provider", "local"]);
  for (const name of ["clientId", "clientSecret", "audience", "secret", "nextSecret"] as const) {
    for (const value of [set[name] ?? []].flat()) mustBeFilledIn(value, label(name));
  }
  must(/^(\/[\w.~-]+)+$/.test(config.mount), 'mount must be a path such as "/auth"');
  must(config.scope.split(" ").includes("openid"), `${label("scope")} must contain openid`);
  must(/^\/(?![/\\])/.test(config.postLogoutPath), 'postLogoutPath must be a path such as "/"');
  for (const each of [site, ...sites]) mustFit(each, config);
  mustBeParameters([...Object.entries(authorizationParams), ...config.allowedParams.map((each) => [each, each])]);
  mustSign(config.idTokenSigningAlg, "idTokenSigningAlg");
  mustBeSeconds(config.httpTimeout, config.clockTolerance);
  mustBeSchema(schema);
  mustBeOne("session.storage", session.storage ?? "cookies", ["cookies", "store"]);
  must(
    backchannelLogout === undefined || typeof backchannelLogout?.answerLogoutToken === "function",
    "backchannelLogout must be backchannelLogout()",
  );
  must(
    store || !(backchannelLogout || session.storage === "store"),
    'session.storage "store" and backchannelLogout need a store',
  );

  return {
    ...config,
    store,
    backchannelLogout: backchannelLogout?.answerLogoutToken as RelyingPartyConfig<Data>["backchannelLogout"],
    provider: config,
    sites: [site, ...sites],
    authorizationParams,
    apiOrigins: config.apiOrigins.map(originOf),
    onEvent: config.onEvent ?? (config.onFailure ? undefined : createFailurePrinter()),
    session: {
      ...session,
      secret: nextSecret === undefined ? secrets : [...secrets, ...checkSecrets(nextSecret, label("nextSecret"))],
      schema: signedInSchema(schema),
    },
  };
}

/** Options that are complete, with the defaults. */
type Complete<Data> = AuthOptions<Data> &
  Required<Pick<AuthOptions<Data>, keyof typeof defaults | "issuer" | "clientId" | "secret" | "baseUrl">>;

const mustBeOne = (name: string, value: string, values: readonly string[]): void =>
  must(values.includes(value), `${name} must be ${values.join(" or ")}`);

const METHODS: readonly ClientAuthentication[] = ["client_secret_basic", "client_secret_post", "none"];

function mustBeParameters(entries: readonly unknown[][]): void {
  for (const [name, value] of entries) {
    must(typeof value === "string", "authorizationParams and allowedParams must hold strings");
    must(!protectedParameters.has(`${name}`), `authorizationParams and allowedParams cannot set ${name}`);
  }
}

function mustAuthenticate(method: ClientAuthentication): void {
  const assertion = method as ClientAssertion | null;
  must(
    METHODS.includes(method) || typeof assertion?.addTo === "function",
    `clientAuthentication must be ${METHODS.join(" or ")} or privateKeyJwt(key)`,
  );
  assertion?.check?.();
}

function originOf(value: string): string {
  const { origin, pathname } = urlOf(value, label("apiOrigins"));
  must(pathname === "/", `${label("apiOrigins")} must be origins, without a path`);
  return origin;
}

/** The schema of a session with sign-in: it must have a user, and data that the app's own schema accepts. */
const signedInSchema = <Data>(schema: StandardSchema<Data> | undefined): StandardSchema<SignedIn<Data>> => ({
  "~standard": {
    version: 1,
    vendor: "latchkey",
    validate(value) {
      const { user, data } = (value ?? {}) as SignedIn<unknown>;
      return chain(conform(schema, data), (fitting) =>
        fitting && isText(user?.sub) ? { value: { user, data: fitting.value } } : { issues: [] },
      );
    },
  },
});
