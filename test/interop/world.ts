import type { Page } from "playwright-core";
import type { AuthOptions } from "../../adapters/lib/auth-options.js";
import type { PrivateKeyJwtOptions } from "../../adapters/lib/private-key-jwt.js";
import type { ClientRegistration, Provider, RunningProvider } from "./provider.js";

/** A client secret as a generator makes it. RFC 6749 2.3.1 encodes most of these characters. */
export const SECRET = 'a ~secret+with/every=kind:of%41character&"';

/** A request of the app to the provider, and the provider's response. */
export interface Call {
  readonly url: string;
  /** The Authorization header. */
  readonly authorization: string;
  readonly form: URLSearchParams;
  readonly status: number;
  /** The JSON of the response, if it is JSON. */
  readonly answer: Readonly<Record<string, string>> | undefined;
}

/** A request of the browser or of the provider to the app. */
export interface Received {
  readonly method: string;
  readonly url: URL;
  /** The body so far. */
  readonly body: () => string;
  /** The status of the response, once it is sent. */
  readonly status: () => number;
}

/** What a row does with an app, whatever the app is. */
export interface App {
  readonly origin: string;
  readonly calls: readonly Call[];
  readonly received: readonly Received[];
  /** Begins a sign-in: the browser is then at the provider, or back at the app. */
  login(): Promise<void>;
  /** The session as the app sees it; null if no user is signed in. */
  session(): Promise<{ user: Record<string, unknown> } | null>;
  /** A new access token. */
  refresh(): Promise<string>;
  /** The response of the userinfo endpoint to the access token. */
  userinfo(): Promise<{ status: number; said: unknown }>;
  /** Begins a sign-out. */
  logout(params?: Record<string, string>): Promise<void>;
}

/** The arguments of `privateKeyJwt`. */
export type ClientKey = readonly [key: string, options?: PrivateKeyJwtOptions];

/** An app on a server, which can be served with other options. */
export interface ServerApp extends App {
  /** Serves the app with these options in addition to those of its provider. With `clientKey`, the client has a key in the place of a secret. */
  serve(options?: AuthOptions, clientKey?: ClientKey): Promise<void>;
}

/** The clients of one app on a server. */
export interface Clients {
  readonly secret: ClientRegistration;
  readonly key: ClientRegistration;
}

/** An app, a provider, and a user with a browser. */
export interface World<Kind extends App = App> {
  readonly app: Kind;
  readonly description: Provider;
  readonly provider: RunningProvider;
  /** The discovery document. */
  readonly metadata: Readonly<Record<string, unknown>>;
  readonly page: Page;
}

/** An app on a server, with what its client needs. */
export interface ServerWorld extends World<ServerApp> {
  readonly clients: Clients;
  /** The private key of the client that has one, as JSON. */
  readonly key: string;
}

/** The clients of an app on a server. `key`: the private key of the second one. */
export function serverClients(name: string, origin: string, key: string): Clients {
  const { d: _private, ...publicKey } = JSON.parse(key);
  const uris = { origin, redirectUri: `${origin}/auth/callback`, postLogoutUri: `${origin}/` };
  return {
    secret: { ...uris, id: `${name}-secret`, secret: SECRET, backchannelUri: `${origin}/auth/backchannel-logout` },
    key: { ...uris, id: `${name}-key`, publicKey: { ...publicKey, use: "sig" } },
  };
}

/** The app's requests to an endpoint of the provider, in order. */
export const callsTo = ({ app, metadata }: World, endpoint: string): readonly Call[] =>
  app.calls.filter(({ url }) => url === metadata[`${endpoint}_endpoint`]);

/** The URL of an endpoint of the provider. */
export const endpointOf = ({ metadata }: Pick<World, "metadata">, name: string): string =>
  metadata[`${name}_endpoint`] as string;

/** The ID Token of the last sign-in, or of a refresh after it. */
export const lastIdToken = (world: World): string =>
  callsTo(world, "token")
    .filter(({ answer }) => answer?.["id_token"])
    .at(-1)?.answer?.["id_token"] ?? "";

/** The requests to a path of the app, in order. */
export const requestsTo = ({ app }: World, path: string): readonly Received[] =>
  app.received.filter(({ url }) => url.pathname === path);
