import { must } from "../../../core/errors.js";
import { ANY, checkOptions, type ExamplesOf, FUNCTION, TEXT } from "../../../core/options.js";
import type { AppConfig } from "../../../core/relying-party/config.js";
import type { Store } from "../../../core/store/store.js";
import type { AuthOptions } from "../../lib/auth-options.js";
import { resolveConfig } from "../../lib/config.js";
import type { PortOptions } from "../../lib/ports.js";

/** The settings of `@auth0/nextjs-auth0` before 1.0. */
export interface Auth0Settings extends PortOptions {
  /** The tenant's host, such as `tenant.eu.auth0.com`. Required. */
  domain: string;
  /** The id of the client. Required. */
  clientId: string;
  /** The client's secret. Required. */
  clientSecret: string;
  /** The scope of the sign-in. @default "openid profile" */
  scope?: string;
  /** The API that access tokens are for. @default none */
  audience?: string;
  /** The absolute URL of the API route with `handleCallback`. Required. */
  redirectUri: string;
  /** The absolute URL to go to after sign-out, on the same origin. Required. */
  postLogoutRedirectUri: string;
  /** How sessions are stored and what they show. Required. */
  session: {
    /** At least 32 characters. Required. */
    cookieSecret: string;
    /** @default "a0-session" */
    cookieName?: string;
    /** Seconds that a session lasts. @default 28800 (8 hours) */
    cookieLifetime?: number;
    cookieDomain?: string;
    /** Nothing but "/" is possible. */
    cookiePath?: string;
    /** @default "lax" */
    cookieSameSite?: "strict" | "lax" | "none" | boolean;
    /** Which tokens `getSession` shows; all are sealed, in cookies of their own. @default false */
    storeIdToken?: boolean;
    storeAccessToken?: boolean;
    storeRefreshToken?: boolean;
    /** Where sessions live: in their cookies, or in the `store`, with the sealed id alone in the cookie. @default "cookies" */
    storage?: "cookies" | "store";
  };
  /** Limits of time for requests to the provider. @default those of each member */
  oidcClient?: {
    /** Milliseconds that a request to the provider may take. @default 2500 */
    httpTimeout?: number;
    /** Milliseconds by which its clock may differ. @default 30000 */
    clockTolerance?: number;
  };
  /** What the machines of the app share, such as `redisStore(client)`. @default none: each process by itself */
  store?: Store;
  /** The provider's issuer. @default `https://{domain}/` */
  issuer?: string;
}

/** All settings, by an example each. */
const examples: ExamplesOf<Auth0Settings> = {
  domain: TEXT,
  clientId: TEXT,
  clientSecret: TEXT,
  scope: TEXT,
  audience: TEXT,
  redirectUri: TEXT,
  postLogoutRedirectUri: TEXT,
  session: {
    cookieSecret: TEXT,
    cookieName: TEXT,
    // Text from a variable, often.
    cookieLifetime: ANY,
    cookieDomain: TEXT,
    cookiePath: TEXT,
    cookieSameSite: ANY,
    storeIdToken: true,
    storeAccessToken: true,
    storeRefreshToken: true,
    storage: TEXT,
  } satisfies ExamplesOf<Auth0Settings["session"]>,
  oidcClient: { httpTimeout: 1, clockTolerance: 1 } satisfies ExamplesOf<NonNullable<Auth0Settings["oidcClient"]>>,
  store: ANY,
  issuer: TEXT,
  now: FUNCTION,
  random: FUNCTION,
  fetch: FUNCTION,
};

/** A sentence for each setting that must be set and is not. */
function missingIn(settings: Partial<Auth0Settings> = {}): string[] {
  const names = ["domain", "clientId", "clientSecret", "session", "redirectUri", "postLogoutRedirectUri"] as const;
  const missing: string[] = names.filter((name) => !settings[name]);
  if (settings.session && !settings.session.cookieSecret) missing.push("session.cookieSecret");
  return missing.map((name) => `initAuth0: set ${name}`);
}

/** Checks the settings and translates them into the options of the other adapters. @throws MisuseError (`invalid_config`) naming what to change */
export function configOf<Data>(settings: Auth0Settings): AppConfig<Data> {
  checkOptions(settings, examples, missingIn(settings));
  const { session, oidcClient = {}, redirectUri, postLogoutRedirectUri } = settings;
  must((session.cookiePath ?? "/") === "/", 'initAuth0: session.cookiePath can be "/" alone');
  const urls = [redirectUri, postLogoutRedirectUri].map((url) => (URL.canParse(url) ? new URL(url) : undefined));
  const [callback, home] = urls;
  must(
    callback && home && callback.origin === home.origin,
    "initAuth0: redirectUri and postLogoutRedirectUri must be absolute URLs of one origin",
  );
  const { cookieName = "a0-session", cookieLifetime = 28_800, cookieSameSite: sameSite = "lax" } = session;
  const options: AuthOptions<Data> = {
    issuer: settings.issuer ?? `https://${settings.domain}/`,
    clientId: settings.clientId,
    clientSecret: settings.clientSecret,
    secret: session.cookieSecret,
    baseUrl: callback.origin,
    mount: "/api",
    scope: settings.scope ?? "openid profile",
    ...(settings.audience ? { audience: settings.audience } : {}),
    ...(settings.store && { store: settings.store }),
    postLogoutPath: home.pathname + home.search,
    httpTimeout: (oidcClient.httpTimeout ?? 2500) / 1000,
    clockTolerance: (oidcClient.clockTolerance ?? 30_000) / 1000,
    session: {
      rolling: false,
      storage: session.storage ?? "cookies",
      // It came from a variable often, as text.
      absoluteDuration: Number(cookieLifetime),
      cookie: {
        // RFC 6265bis 4.1.1: a name is a token, which the colon of `a0:session` is not part of.
        name: cookieName.replaceAll(/[^\w-]/g, "-"),
        // The check of options refuses "strict".
        sameSite: (sameSite === true ? "strict" : sameSite || "lax") as "lax",
        ...(session.cookieDomain ? { domain: session.cookieDomain } : {}),
      },
    },
  };
  return resolveConfig(options, {});
}
