import type { TokenRequest } from "../../core/exchange/token-set.js";
import type { RequestAuth as CoreRequestAuth } from "../../core/relying-party/request-auth.js";

/** {@link CoreRequestAuth} with the platform's own type of request options, which the core does not know. */
export interface RequestAuth<Data, Answer> extends Omit<CoreRequestAuth<Data, Answer>, "fetch"> {
  /**
   * `fetch` with the access token, to `apiOrigins` only; after a 401 it is tried once more with a new token.
   * @throws MisuseError `origin_not_allowed`; ExchangeError as `getAccessToken`
   */
  fetch(url: string | URL, init?: RequestInit, request?: TokenRequest): Promise<Response>;
}
