import { chain } from "../../core/awaitable.js";
import { CLOCK_TOLERANCE, DEFAULT_SCOPE, HTTP_TIMEOUT } from "../../core/defaults.js";
import { must } from "../../core/errors.js";
import { protectedParameters } from "../../core/exchange/authorization.js";
import { ANY, checkOptions, type Examples, type ExamplesOf, FUNCTION, OBJECT, TEXT } from "../../core/options.js";
import { isText } from "../../core/provider/claims.js";
import type { ClientAssertion, ClientAuthentication } from "../../core/provider/client-authentication.js";
import type { RelyingPartyConfig, SignedIn } from "../../core/relying-party/config.js";
import { checkSecrets } from "../../core/seal/sealer.js";
import { sessionExamples } from "../../core/session/examples.js";
import { conform, mustBeSchema, type StandardSchema } from "../../core/session/schema.js";
import type { AuthOptions } from "./auth-options.js";
import { connectable, mustBeFilledIn, mustBeSeconds, mustSign, urlOf } from "./checks.js";
import { createFailurePrinter } from "./print-failures.js";
import { mustFit, siteOf } from "./site.js";
import { type Environment, label, variableOf } from "./variables.js";

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

/**
 * Options that may come from a variable, and those that are lists there, separated by commas. `clientPrivateKey` is no option: the
 * check of options refuses a variable of this name, which an app might expect to be read.
 */
const TEXT_VARIABLES = ["issuer", "clientId", "clientSecret", "clientPrivateKey", "scope", "audience"];
export const LIST_VARIABLES = ["secret", "nextSecret", "baseUrl", "apiOrigins"];
/** All options that may come from a variable. */
export const VARIABLES = /* @__PURE__ */ TEXT_VARIABLES.concat(LIST_VARIABLES);

/** The options that were set, in code or by a variable, and the defaults of the others. */
export function completeOptions<Data>(options: AuthOptions<Data>, env: Environment): AuthOptions<Data> {
  const set: Record<string, unknown> = { ...defaults };
  for (const name of VARIABLES) {
    const value = env[variableOf(name)];
    if (value) set[name] = LIST_VARIABLES.includes(name) ? value.split(/ *, */) : value;
  }
  // Not `Object.entries`: options may be inherited.
  for (const name in options) {
    const value = options[name as keyof AuthOptions];
    if (value !== undefined) set[name] = value;
  }
  return set;
}

/** Options that are complete, with the defaults. */
type CompleteOptions<Data> = AuthOptions<Data> &
  Required<Pick<AuthOptions<Data>, keyof typeof defaults | "issuer" | "clientId" | "secret" | "baseUrl">>;

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
  const set = completeOptions(options, env);
  checkOptions(set, examples, missingIn(set));
  // What is missing was refused above.
  // The rooms that get the rest have no use for the secrets of the seal.
  const { secret, nextSecret, ...config } = set as CompleteOptions<Data>;
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
