import { ExchangeError } from "../../core/errors.js";
import { type AccessTokenRequest, errorOf, type PageClient } from "./model.js";
import { callAt } from "./timer.js";

/** A token without `dueAt` is renewed this many milliseconds before its end. The value of core/exchange/token-life.ts, copied to keep pages small. */
const MARGIN = 60_000;
/** Milliseconds between two attempts to renew a token. */
const RETRY = 30_000;

/** The options of {@link keepRenewed}. */
export interface RenewalOptions {
  readonly client: PageClient;
  readonly request: AccessTokenRequest;
  /** When the component last requested this token, in milliseconds since the epoch; at first -Infinity. Set by {@link keepRenewed}. */
  readonly attempt: { at: number };
  /** Called when the token may have changed, so that the component renders again. */
  onChange(): void;
  /** Called when no token is valid. */
  onError(error: Error): void;
}

/** Gets an access token if none is valid, and renews it when it is due, until the returned function is called. */
export function keepRenewed(options: RenewalOptions): () => void {
  const { client, request, attempt, onChange, onError } = options;
  let isStopped = false;
  let stopRenewal = () => {};
  const { now } = client;
  const peek = () => client.get().peekAccessToken(request);

  const fail = (thrown: unknown) => {
    if (isStopped) return;
    const error = errorOf(thrown);
    // 503: the provider may answer later. Any other error would come again.
    if ((error as { status?: unknown }).status === 503) stopRenewal = callAt(now() + RETRY, now, onChange);
    if (!peek()) onError(error);
  };
  const renew = () => {
    attempt.at = now();
    client
      .get()
      .getAccessToken(request)
      .then(() => {
        if (!peek()) fail(new ExchangeError("no_access_token", { cause: "the token expired before it arrived" }));
        else if (!isStopped) onChange();
      }, fail);
  };

  const token = peek();
  const { expiresAt = Infinity, dueAt = expiresAt - MARGIN } = token ?? {};
  // A token that is due and could not be renewed is not requested again at once.
  if (token) stopRenewal = callAt(Math.max(dueAt, attempt.at + RETRY), now, renew);
  else renew();
  const stopExpiry = callAt(expiresAt, now, onChange);
  return () => {
    isStopped = true;
    stopRenewal();
    stopExpiry();
  };
}
