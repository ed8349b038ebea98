import type { ExchangeError } from "../errors.js";

/** A sign-in that failed: the argument of `onFailure`. */
export interface Failure {
  /** `code` says what failed, `cause` what the provider said, the message both in one line. The message is for logs, not for users. */
  readonly error: ExchangeError;
  /** What to check, mostly options: `clientId, clientSecret, clientAuthentication`. For logs. */
  readonly advice: string | undefined;
  readonly request: {
    readonly method: string;
    readonly url: string;
    readonly headers: { get(name: string): string | null };
  };
  /** The name of the provider, where the app has several. */
  readonly provider?: string | undefined;
  /** The path that the sign-in was to lead to, as far as it is known; else the first page. */
  readonly returnTo: string;
  /** The URL that begins the sign-in again, and leads to `returnTo`. */
  readonly retryUrl: string;
  /** The URL of the first page. */
  readonly homeUrl: string;
}
