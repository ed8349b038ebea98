import { CLOCK_TOLERANCE, DEFAULT_SCOPE, HTTP_TIMEOUT } from "../../core/defaults.js";
import { must } from "../../core/errors.js";
import { protectedParameters } from "../../core/exchange/authorization.js";
import type { AuthorizationParameters, ExchangeConfig } from "../../core/exchange/types.js";
import { ANY, checkOptions, type ExamplesOf, FUNCTION, OBJECT, TEXT } from "../../core/options.js";
import type { Ports } from "../../core/ports.js";
import { createNetwork } from "../../core/provider/network.js";
import { createProvider, type Provider, spendAlways } from "../../core/provider/provider.js";
import type { ProviderSettings } from "../../core/provider/settings.js";
import { mustBeFilledIn, mustBeSeconds, mustSign, urlOf } from "../lib/checks.js";
import { portsOf } from "../lib/ports.js";
import type { ClientOptions } from "./options.js";
import { verifyJws } from "./verify.js";

/** The options of a client after the checks, and the objects that it makes from them once. */
export interface Settings extends ExchangeConfig {
  /** Identifies a client among several of a page: only a client with the key that a transaction stores completes it. */
  readonly clientKey: string;
  readonly redirectUri: string;
  readonly silentRedirectUri: string;
  readonly postLogoutRedirectUri?: string | undefined;
  readonly audiences: readonly string[];
  readonly resourceIndicators: boolean;
  readonly allowRedirect: boolean;
  readonly userinfo: boolean;
  readonly authorizationParams: AuthorizationParameters;
  readonly httpTimeout: number;
  readonly ports: Ports;
  readonly provider: Provider;
  navigate(url: string): void;
}

const originOf = (url: string): string => (URL.canParse(url) ? new URL(url).origin : "");

/** The defaults of the options that have one. */
const clientDefaults = {
  scope: DEFAULT_SCOPE,
  resourceIndicators: false,
  allowRedirect: false,
  userinfo: false,
  authorizationParams: OBJECT as Readonly<Record<string, string>>,
  idTokenSigningAlg: "RS256",
  httpTimeout: HTTP_TIMEOUT,
  clockTolerance: CLOCK_TOLERANCE,
  navigate: (url: string): void => location.assign(url),
};

/** An example of each option: its default, if it has one. */
export const clientExamples: ExamplesOf<ClientOptions> = /* @__PURE__ */ Object.assign(
  {
    issuer: TEXT,
    clientId: TEXT,
    redirectUri: TEXT,
    silentRedirectUri: TEXT,
    postLogoutRedirectUri: TEXT,
    audience: ANY,
    onEvent: FUNCTION,
    now: FUNCTION,
    random: FUNCTION,
    fetch: FUNCTION,
  },
  clientDefaults,
);

/** The options, with the default of each option that is left out. */
const withDefaults = (options: ClientOptions): ClientOptions & typeof clientDefaults =>
  Object.fromEntries(
    Object.keys(clientExamples).map((name): readonly unknown[] => [
      name,
      options[name as keyof ClientOptions] ?? clientDefaults[name as keyof typeof clientDefaults],
    ]),
  );

/**
 * @throws MisuseError (`invalid_config`) that says what to change; one error names all options that are missing, unknown or of
 * another type
 */
export function settingsOf(options: ClientOptions): Settings {
  const required = ["issuer", "clientId", "redirectUri"] as const;
  const missing = required.filter((name) => !options?.[name]);
  checkOptions(
    options,
    clientExamples,
    missing.map((name) => `set ${name}`),
  );
  const settings = withDefaults(options);
  const { issuer, clientId, redirectUri, scope, resourceIndicators, authorizationParams } = settings;
  const { silentRedirectUri = redirectUri } = settings;
  urlOf(issuer, "issuer");
  mustBeFilledIn(clientId, "clientId");
  checkCallbackPages(redirectUri, silentRedirectUri);
  must(scope.split(" ").includes("openid"), "scope must contain openid");
  for (const name in authorizationParams)
    must(!protectedParameters.has(name), `authorizationParams cannot set ${name}`);
  mustSign(settings.idTokenSigningAlg, "idTokenSigningAlg");
  mustBeSeconds(settings.httpTimeout, settings.clockTolerance);
  const audiences = [settings.audience ?? []].flat();
  must(
    [...audiences, ...Object.values(authorizationParams)].every((each) => typeof each === "string"),
    "audience and authorizationParams must hold strings",
  );
  must(audiences.length < 2 || resourceIndicators, "several audiences need resourceIndicators");
  const ports = portsOf(options);
  return {
    ...settings,
    // RFC 6749 3.3: the order of scope words does not matter.
    clientKey: JSON.stringify([issuer, clientId, redirectUri, scope.split(" ").sort(), audiences, resourceIndicators]),
    silentRedirectUri,
    audiences,
    responseMode: "query",
    ports,
    provider: createPageProvider(settings, ports),
  };
}

/** @throws MisuseError unless both URLs are pages on the origin of this page */
function checkCallbackPages(redirectUri: string, silentRedirectUri: string): void {
  const origin = originOf(redirectUri);
  must(origin.startsWith("http"), "redirectUri must be the whole URL of a page, such as https://app.example/callback/");
  must(
    originOf(silentRedirectUri) === origin,
    "silentRedirectUri must be the whole URL of a page on the origin of redirectUri",
  );
  must(typeof document === "undefined" || origin === location.origin, "redirectUri must be on the origin of this page");
}

/** The provider for a public client, which has no secret. */
const createPageProvider = (settings: ProviderSettings, ports: Ports): Provider =>
  createProvider({
    ...settings,
    ...createNetwork(settings, ports),
    // RFC 6749 3.2.1: a public client identifies itself by its client_id.
    authenticate(form) {
      form.set("client_id", settings.clientId);
      return {};
    },
    verifyJws,
    refreshOnce: spendAlways,
  });
