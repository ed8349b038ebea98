import { chain } from "../../core/awaitable.js";
import { CLOCK_TOLERANCE, DEFAULT_SCOPE, HTTP_TIMEOUT } from "../../core/defaults.js";
import { must } from "../../core/errors.js";
import { protectedParameters } from "../../core/exchange/authorization.js";
import type { AuthorizationParameters } from "../../core/exchange/types.js";
import { ANY, checkOptions, type Examples, type ExamplesOf, FUNCTION, OBJECT, TEXT } from "../../core/options.js";
import { isText } from "../../core/provider/claims.js";
import type { ClientAssertion, ClientAuthentication } from "../../core/provider/client-authentication.js";
import type { ProviderDifferences } from "../../core/provider/differences.js";
import type { AppConfig, RelyingPartyConfig, SignedIn } from "../../core/relying-party/config.js";
import { checkSecrets } from "../../core/seal/sealer.js";
import { sessionExamples } from "../../core/session/examples.js";
import { conform, mustBeSchema, type StandardSchema } from "../../core/session/schema.js";
import type { AuthOptions, ProviderOptions } from "./auth-options.js";
import { connectable, mustBeFilledIn, mustBeSeconds, mustSign, urlOf } from "./checks.js";
import { createFailurePrinter } from "./print-failures.js";
import { mustFit, siteOf } from "./site.js";
import { type Environment, label, variableOf } from "./variables.js";

/** The options of a client that have a default, with it. */
const clientDefaults = {
  clientAuthentication: "client_secret_basic",
  scope: DEFAULT_SCOPE,
  responseMode: "query",
  idTokenSigningAlg: "RS256",
  userinfo: false,
  logout: "provider",
} satisfies ProviderOptions;

/** The options that have a default, with it. */
const defaults = {
  ...clientDefaults,
  mount: "/auth",
  trailingSlash: false,
  allowedParams: [],
  apiOrigins: [],
  postLogoutPath: "/",
  httpTimeout: HTTP_TIMEOUT,
  clockTolerance: CLOCK_TOLERANCE,
} satisfies AuthOptions;

/** The differences of a provider, by an example each. */
const differences: ExamplesOf<ProviderDifferences> = {
  discoveryUrl: ANY,
  metadata: OBJECT,
  checkClaims: FUNCTION,
  tokenParams: OBJECT,
  endSessionParams: FUNCTION,
  identify: FUNCTION,
  returnsNonce: true,
  takesPkce: true,
};

/** The options of a client, by an example each. In a pure call, so that a bundle without sign-in leaves the list out in spite of its spread. */
const clientExamples: ExamplesOf<ProviderOptions> = /* @__PURE__ */ (() => ({
  ...clientDefaults,
  issuer: TEXT,
  clientId: TEXT,
  clientSecret: TEXT,
  clientAuthentication: ANY,
  audience: ANY,
  resourceIndicators: true,
  authorizationParams: OBJECT,
  differences,
  callbackPath: TEXT,
  label: TEXT,
}))();

/** All options, by an example each. */
export const authExamples: ExamplesOf<AuthOptions> = /* @__PURE__ */ (() => ({
  ...defaults,
  ...clientExamples,
  provider: clientExamples,
  providers: { "*": clientExamples },
  defaultProvider: TEXT,
  secret: ANY,
  nextSecret: ANY,
  baseUrl: ANY,
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

/** The options that come from variables. */
function variablesIn(env: Environment): Record<string, unknown> {
  const set: Record<string, unknown> = {};
  for (const name of VARIABLES) {
    const value = env[variableOf(name)];
    if (value) set[name] = LIST_VARIABLES.includes(name) ? value.split(/ *, */) : value;
  }
  return set;
}

/** The options of all sources that are not undefined; those of a later source replace those before it. */
function merge(...sources: readonly (object | undefined)[]): Record<string, unknown> {
  const set: Record<string, unknown> = {};
  for (const source of sources) {
    // Not `Object.entries`: options may be inherited.
    for (const name in source) {
      const value = source[name as keyof typeof source];
      if (value !== undefined) set[name] = value;
    }
  }
  return set;
}

/** The options that were set, in code or by a variable, and the defaults of the others. `provider`: the client to use. */
export const completeOptions = <Data>(
  options: AuthOptions<Data>,
  env: Environment,
  provider = options.provider,
): AuthOptions<Data> => merge(defaults, variablesIn(env), provider, options);

/** Options of a client that are complete, with the defaults. */
type CompleteClient = ProviderOptions &
  Required<Pick<ProviderOptions, keyof typeof clientDefaults | "issuer" | "clientId">>;

/** Options that are complete, with the defaults. */
type CompleteOptions<Data> = AuthOptions<Data> &
  Required<Pick<AuthOptions<Data>, keyof typeof defaults | "issuer" | "clientId" | "secret" | "baseUrl">>;

/** A sentence for each value that must be set and is not. `labelOf`: how messages name an option of a client. */
function missingIn<Data>(set: AuthOptions<Data>, labelOf: typeof label): string[] {
  const needsSecret = ["client_secret_basic", "client_secret_post"].includes(set.clientAuthentication as string);
  const missing = (names: readonly (string | false)[], labelOf: typeof label) =>
    names.flatMap((name) =>
      !name || name in set
        ? []
        : `set ${labelOf(name)}${name === "clientSecret" ? ', or clientAuthentication: "none" for a public client' : ""}`,
    );
  return [
    ...missing(["issuer", "clientId", needsSecret && "clientSecret"], labelOf),
    ...missing(["secret", "baseUrl"], label),
  ];
}

/**
 * Completes options from the environment and checks the whole: once for each provider.
 * @param examples of all options that the adapter takes
 * @throws MisuseError (`invalid_config`) naming what to change; what is missing, unknown or of another type is named all at once
 */
export function resolveConfig<Data>(
  options: AuthOptions<Data>,
  env: Environment,
  examples: Examples = authExamples,
): AppConfig<Data> {
  const { providers, defaultProvider } = options;
  const [first, ...others] = Object.entries(providers ?? { "": options.provider }).map(([name, provider]) =>
    resolveProvider(options, env, examples, provider, name),
  );
  // As requests are matched: with or without a slash at the end.
  const paths = new Set(
    [first, ...others].map((each) =>
      (each?.callbackPath ?? `${each?.mount}/callback/${each?.name}`).replace(/\/$/, ""),
    ),
  );
  must(
    first &&
      paths.size > others.length &&
      (!providers || Object.keys(providers).every((name) => /^[\w-]+$/.test(name))),
    "providers need names of letters, digits, _ and -, and a callbackPath of its own each",
  );
  must(!defaultProvider || providers?.[defaultProvider], "defaultProvider must be a name of providers");
  // The routes of the app itself have no name, and no provider inherits what only the first one has.
  const { name: _, label: __, callbackPath: ___, ...app } = first;
  return { ...app, providers: [first, ...others] };
}

/** The checked configuration of an app with one of its providers. @param name of the provider; empty for the only one */
function resolveProvider<Data>(
  options: AuthOptions<Data>,
  env: Environment,
  examples: Examples,
  provider: ProviderOptions | undefined,
  name: string,
): Omit<RelyingPartyConfig<Data>, "providers"> {
  const set = completeOptions(options, env, provider);
  // They may check claims, such as the domain of `google({ hd })`. `checkSetup` passes options that were merged.
  must(
    !provider?.differences || set.differences === provider.differences,
    "differences belongs into provider, whose checks it would replace",
  );
  // Not the merged options, which have each fault of `provider` twice.
  const given = merge(variablesIn(env), options);
  const labelOf = name ? (option: string) => `providers.${name}.${option}` : label;
  checkOptions(given, examples, missingIn(set, labelOf));
  const stray = name && ["provider", ...Object.keys(clientExamples)].find((option) => option in given);
  must(!stray, `${VARIABLES.includes(`${stray}`) ? label(`${stray}`) : stray} belongs into each of providers`);
  // What is missing was refused above.
  // The rooms that get the rest have no use for the secrets of the seal.
  const { secret, nextSecret, ...config } = set as CompleteOptions<Data>;
  const { backchannelLogout, session: { schema, ...session } = {} } = config;
  const store = connectable(config.store);
  const secrets = checkSecrets(secret, label("secret"));
  const authorizationParams = { ...config.authorizationParams, ...audiencesIn(config) };
  const [site, ...sites] = [config.baseUrl].flat().map(siteOf);

  must(site, `set ${label("baseUrl")}`);
  checkClient(config, labelOf);
  for (const name of ["secret", "nextSecret"] as const)
    for (const value of [set[name] ?? []].flat()) mustBeFilledIn(value, label(name));
  must(/^(\/[\w.~-]+)+$/.test(config.mount), 'mount must be a path such as "/auth"');
  must(/^\/(?![/\\])/.test(config.postLogoutPath), 'postLogoutPath must be a path such as "/"');
  for (const each of [site, ...sites]) mustFit(each, config);
  mustBeParameters([
    ...Object.entries({ ...config.authorizationParams }),
    ...config.allowedParams.map((each) => [each, each]),
  ]);
  mustBeSeconds(config.httpTimeout, config.clockTolerance);
  mustBeSchema(schema);
  mustHaveStore(config);

  return {
    ...config,
    name: name || undefined,
    store,
    backchannelLogout: backchannelLogout?.answerLogoutToken as AppConfig<Data>["backchannelLogout"],
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

/** @throws MisuseError (`invalid_config`) for options that need a store, without one */
function mustHaveStore<Data>({
  store,
  backchannelLogout,
  session: { storage = "cookies" } = {},
}: AuthOptions<Data>): void {
  mustBeOne("session.storage", storage, ["cookies", "store"]);
  must(
    backchannelLogout === undefined || typeof backchannelLogout?.answerLogoutToken === "function",
    "backchannelLogout must be backchannelLogout()",
  );
  must(
    store || !(backchannelLogout || storage === "store"),
    'session.storage "store" and backchannelLogout need a store',
  );
}

/** Checks the options of one client. `labelOf`: how messages name them. @throws MisuseError (`invalid_config`) naming what to change */
function checkClient(config: CompleteClient, labelOf: typeof label): void {
  // Kept as written: issuers are compared as strings (OpenID Connect Discovery 4.3).
  urlOf(config.issuer, labelOf("issuer"));
  mustAuthenticate(config.clientAuthentication);
  mustBeOne("responseMode", config.responseMode, ["query", "form_post"]);
  mustBeOne("logout", config.logout, ["provider", "local"]);
  for (const name of ["clientId", "clientSecret", "audience"] as const)
    for (const value of [config[name] ?? []].flat()) mustBeFilledIn(value, labelOf(name));
  // A provider without ID Tokens has no scope `openid`.
  must(
    config.differences?.identify || config.scope.split(" ").includes("openid"),
    `${labelOf("scope")} must contain openid`,
  );
  mustSign(config.idTokenSigningAlg, "idTokenSigningAlg");
  for (const name in config.differences?.tokenParams)
    must(!/^(client_|grant_type$|code|redirect_uri$|refresh_token$)/.test(name), `tokenParams cannot set ${name}`);
}

/** The parameter of an authorization request that names the audiences. */
function audiencesIn({ audience, resourceIndicators }: ProviderOptions): AuthorizationParameters {
  if (resourceIndicators) return { resource: audience ?? [] };
  const [first, another] = [audience ?? []].flat();
  must(another === undefined, "several audiences need resourceIndicators");
  return first === undefined ? {} : { audience: first };
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
      const session = (value ?? {}) as SignedIn<unknown>;
      return chain(conform(schema, session.data), (fitting) =>
        fitting && isText(session.user?.sub) ? { value: { ...session, data: fitting.value } } : { issues: [] },
      );
    },
  },
});
