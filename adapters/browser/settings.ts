import { CLOCK_TOLERANCE, DEFAULT_SCOPE, HTTP_TIMEOUT } from "../../core/defaults.js";
import { must } from "../../core/errors.js";
import { protectedParameters } from "../../core/exchange/authorization.js";
import type { AuthorizationParameters, ExchangeConfig } from "../../core/exchange/types.js";
import { ANY, checkOptions, type ExamplesOf, FUNCTION, OBJECT, TEXT } from "../../core/options.js";
import type { Ports } from "../../core/ports.js";
import { createNetwork } from "../../core/provider/network.js";
import { createProvider, type Provider, spendAlways } from "../../core/provider/provider.js";
import type { ProviderSettings } from "../../core/provider/settings.js";
import { mustBeSeconds, mustSign, urlOf } from "../lib/checks.js";
import { portsOf } from "../lib/ports.js";
import type { ClientOptions } from "./options.js";
import { verifyWithWebCrypto } from "./verify.js";

/** The checked options of a client, and what is made of them once. */
export interface Settings extends ExchangeConfig {
  /** The options by which the clients of a page differ, as one string: a callback belongs to the client with the key of the one that began the sign-in. */
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

/** The options that have a default, with it. */
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

/** All options, by an example each: its default, if it has one. */
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

/** The options, with the defaults of those that are left out. */
const filledIn = (options: ClientOptions): ClientOptions & typeof clientDefaults =>
  Object.fromEntries(
    Object.keys(clientExamples).map((name): readonly unknown[] => [
      name,
      options[name as keyof ClientOptions] ?? clientDefaults[name as keyof typeof clientDefaults],
    ]),
  );

/** @throws MisuseError (`invalid_config`) naming what to change; what is missing, unknown or of another type is named all at once */
export function settingsOf(options: ClientOptions): Settings {
  const required = ["issuer", "clientId", "redirectUri"] as const;
  const missing = required.filter((name) => !options?.[name]);
  checkOptions(
    options,
    clientExamples,
    missing.map((name) => `set ${name}`),
  );
  const settings = filledIn(options);
  const { issuer, clientId, redirectUri, scope, resourceIndicators, authorizationParams } = settings;
  const { silentRedirectUri = redirectUri } = settings;
  urlOf(issuer, "issuer");
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

/** Both URLs are pages of the site that this page belongs to. */
function checkCallbackPages(redirectUri: string, silentRedirectUri: string): void {
  const origin = originOf(redirectUri);
  must(origin.startsWith("http"), "redirectUri must be the whole URL of a page, such as https://app.example/callback/");
  must(
    originOf(silentRedirectUri) === origin,
    "silentRedirectUri must be the whole URL of a page on the origin of redirectUri",
  );
  must(typeof document === "undefined" || origin === location.origin, "redirectUri must be on the origin of this page");
}

/** The provider as a public client meets it: without a secret. */
const createPageProvider = (settings: ProviderSettings, ports: Ports): Provider =>
  createProvider({
    ...settings,
    ...createNetwork(settings, ports),
    // RFC 6749 3.2.1: a public client identifies itself by its client_id.
    authenticate(form) {
      form.set("client_id", settings.clientId);
      return {};
    },
    verifyJws: verifyWithWebCrypto,
    refreshOnce: spendAlways,
  });
