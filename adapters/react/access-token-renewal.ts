import { ExchangeError } from "../../core/errors.js";
import { type AccessTokenRequest, errorOf, type PageClient } from "./model.js";
import { at } from "./timer.js";

/** Milliseconds before its end at which a token without a `dueAt` is renewed: as in core/exchange/token-life.ts, which React may not import. */
const MARGIN = 60_000;
/** Milliseconds between two attempts to renew a token. */
const RETRY = 30_000;

/** What {@link keepRenewed} needs. */
export interface RenewalOptions {
  readonly client: PageClient;
  readonly request: AccessTokenRequest;
  /** When the component last requested this token, in milliseconds since the epoch; -Infinity if it did not yet. Written here. */
  readonly attempt: { at: number };
  /** The token may have changed: render again. */
  onChange(): void;
  /** There is no valid token. */
  onError(error: Error): void;
}

/** Gets an access token if there is none, and a new one when it is due, until the returned function is called. */
export function keepRenewed(options: RenewalOptions): () => void {
  const { client, request, attempt, onChange, onError } = options;
  let isStopped = false;
  let stopRenewal = () => {};
  const { now } = client;
  const peek = () => client.get().peekAccessToken(request);

  const fail = (thrown: unknown) => {
    if (isStopped) return;
    const error = errorOf(thrown);
    // 503: the provider cannot be reached, and may be later. Any other error would stay the same.
    if ((error as { status?: unknown }).status === 503) stopRenewal = at(now() + RETRY, now, onChange);
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
  if (token) stopRenewal = at(Math.max(dueAt, attempt.at + RETRY), now, renew);
  else renew();
  const stopExpiry = at(expiresAt, now, onChange);
  return () => {
    isStopped = true;
    stopRenewal();
    stopExpiry();
  };
}
