import type { LatchkeyEvent } from "../../core/events.js";
import type { PortOptions } from "../lib/ports.js";

/** {@link createClient}'s options. */
export interface ClientOptions extends PortOptions {
  /** The provider's issuer, exactly as its metadata says it. */
  issuer: string;
  /** Of a public client: it has no secret. */
  clientId: string;
  /** The page that the provider sends people back to, registered there: a page of this origin. */
  redirectUri: string;
  /** The page that a hidden frame is sent back to, registered as well. A small file of its own loads faster. @default redirectUri */
  silentRedirectUri?: string | undefined;
  /** Where the provider sends people after sign-out, registered there. @default the first page of this origin */
  postLogoutRedirectUri?: string | undefined;
  /** Must contain `openid`; `offline_access` asks for a refresh token. @default "openid profile email" */
  scope?: string | undefined;
  /** The API that access tokens are for; of several, the first is the one meant where none is named. */
  audience?: string | readonly string[] | undefined;
  /** The provider knows audiences as `resource` (RFC 8707), and a refresh token serves them all. @default false: `audience`, as Auth0 has it */
  resourceIndicators?: boolean | undefined;
  /**
   * Where a hidden frame cannot tell who is signed in, for browsers keep the provider's cookies from it: whether the page
   * itself may be sent to the provider and back. What is on it is lost. @default false
   */
  allowRedirect?: boolean | undefined;
  /** Whether to ask the userinfo endpoint for further claims: it takes no token that is for another API. @default false */
  userinfo?: boolean | undefined;
  /** Authorization parameters of every sign-in. Those that the protocol relies on cannot be set. */
  authorizationParams?: Readonly<Record<string, string>> | undefined;
  /** The one algorithm that ID Tokens may be signed with. @default "RS256" */
  idTokenSigningAlg?: string | undefined;
  /** Seconds that a request to the provider may take; a hidden frame, which makes several, three times as long. @default 5 */
  httpTimeout?: number | undefined;
  /** Seconds by which the provider's clock may differ from ours. @default 30 */
  clockTolerance?: number | undefined;
  /** Told what happens, without secrets or tokens. @default nobody */
  onEvent?: ((event: LatchkeyEvent) => void) | undefined;
  /** Sends the page elsewhere. @default `location.assign` */
  navigate?: ((url: string) => void) | undefined;
}
