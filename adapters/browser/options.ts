import type { LatchkeyEvent } from "../../core/events.js";
import type { PortOptions } from "../lib/ports.js";

/** The options of {@link createClient}. */
export interface ClientOptions extends PortOptions {
  /** The issuer, exactly as the provider's discovery document names it. Required. */
  issuer: string;
  /** The id of a public client, which has no secret. Required. */
  clientId: string;
  /** The URL of the page that a sign-in comes back to, on this origin; registered at the provider. Required. */
  redirectUri: string;
  /**
   * The URL of the page that a hidden frame comes back to, registered as well. A small page loads faster than the app.
   * @default the `redirectUri`
   */
  silentRedirectUri?: string | undefined;
  /** The URL that the provider sends the user to after a sign-out, registered there. @default the first page of this origin */
  postLogoutRedirectUri?: string | undefined;
  /** Scope words that every sign-in requests, `openid` among them. `offline_access` requests a refresh token. @default "openid profile email" */
  scope?: string | undefined;
  /** The API that access tokens are for. If there are several, the first is the default of a request. @default none */
  audience?: string | readonly string[] | undefined;
  /**
   * Whether audiences are sent as `resource` (RFC 8707), so that one refresh token serves them all.
   * @default false: one audience is sent as `audience`, as Auth0 expects
   */
  resourceIndicators?: boolean | undefined;
  /**
   * Whether the page itself may go to the provider and back to restore a session, if the browser withholds the provider's
   * cookies from the hidden frame. The page loses its state. @default false
   */
  allowRedirect?: boolean | undefined;
  /** Whether the user has the claims of the userinfo endpoint too. That endpoint takes no token for another API. @default false */
  userinfo?: boolean | undefined;
  /** Authorization parameters of every sign-in. `createClient` throws for those that the protocol sets. @default none */
  authorizationParams?: Readonly<Record<string, string>> | undefined;
  /** The algorithm with which ID Tokens must be signed. @default "RS256" */
  idTokenSigningAlg?: string | undefined;
  /**
   * Seconds that a request to the provider may take. A hidden frame may take three times as long, because it loads several pages.
   * A tab waits at most twelve times as long for a renewal in another tab. A call that has a valid token waits one second at most.
   * @default 5
   */
  httpTimeout?: number | undefined;
  /** Seconds by which the clocks of the provider and of this machine may differ. @default 30 */
  clockTolerance?: number | undefined;
  /** Receives every event. Events contain no secrets and no tokens. @default none */
  onEvent?: ((event: LatchkeyEvent) => void) | undefined;
  /** Sends the page to another URL. @default `location.assign` */
  navigate?: ((url: string) => void) | undefined;
}
