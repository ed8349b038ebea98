import { must } from "../../core/errors.js";
import type { AuthorizationParameters, ExchangeConfig } from "../../core/exchange/machine.js";
import type { Ports } from "../../core/ports.js";
import { createProvider, type Provider } from "../../core/provider/provider.js";
import { portsOf } from "../ports.js";
import type { ClientOptions } from "./options.js";
import { verifyWithWebCrypto } from "./verify.js";

/** Checked options, and what is made of them once. */
export interface Settings extends ExchangeConfig {
  readonly issuer: string;
  readonly redirectUri: string;
  readonly silentRedirectUri: string;
  readonly postLogoutRedirectUri: string | undefined;
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

/** Seconds that a person may take to sign in. */
const TRANSACTION_DURATION = 900;

const pageAt = (url: string): URL | undefined => (/^https?:/.test(url) && URL.canParse(url) ? new URL(url) : undefined);

/** @throws MisuseError (`ERR_CONFIG`) naming what to change */
export function settingsOf(options: ClientOptions): Settings {
  const {
    issuer,
    clientId,
    redirectUri,
    silentRedirectUri = redirectUri,
    postLogoutRedirectUri,
    scope = "openid profile email",
    audience = [],
    resourceIndicators = false,
    allowRedirect = false,
    userinfo = false,
    authorizationParams = {},
    idTokenSigningAlg = "RS256",
    httpTimeout = 5,
    clockTolerance = 30,
    navigate = (url) => location.assign(url),
  } = options;
  must(pageAt(issuer), "issuer must be the whole URL, as the provider's metadata has it");
  must(clientId, "set clientId");
  must(
    pageAt(redirectUri),
    "redirectUri must be the whole URL of a page, as it is registered, such as https://app.example/callback/",
  );
  must(
    pageAt(silentRedirectUri)?.origin === pageAt(redirectUri)?.origin,
    "silentRedirectUri must be the whole URL of a page on the origin of redirectUri",
  );
  must(scope.split(" ").includes("openid"), "scope must contain openid");
  must(/^([RPE]S(256|384|512)|EdDSA|Ed25519)$/.test(idTokenSigningAlg), "idTokenSigningAlg must be asymmetric");
  must(httpTimeout > 0 && clockTolerance >= 0, "httpTimeout and clockTolerance must be seconds");
  const audiences = [audience].flat();
  must(audiences.length < 2 || resourceIndicators, "several audiences need resourceIndicators: true");
  const ports = portsOf(options);
  return {
    issuer,
    clientId,
    redirectUri,
    silentRedirectUri,
    postLogoutRedirectUri,
    scope,
    audiences,
    resourceIndicators,
    allowRedirect,
    userinfo,
    authorizationParams,
    httpTimeout,
    clockTolerance,
    responseMode: "query",
    transactionDuration: TRANSACTION_DURATION,
    ports,
    provider: createProvider(
      {
        issuer,
        clientId,
        idTokenSigningAlg,
        resourceIndicators,
        httpTimeout,
        clockTolerance,
      },
      ports,
      {
        // RFC 6749 3.2.1: a client that has no secret says its name.
        authenticate(form) {
          form.set("client_id", clientId);
          return {};
        },
        verify: verifyWithWebCrypto,
      },
    ),
    navigate,
  };
}
