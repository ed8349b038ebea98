import type { VerifiedAccessToken } from "../../core/resource-server/access-token.js";
import type { Check } from "./access-token.js";
import { mustBeHandler } from "./checks.js";
import { type WaitUntil, waitUntilIn } from "./wait-until.js";

/** A handler that gets the verified access token after the request, and then what the runtime passes. */
export type ProtectedHandler<Rest extends unknown[]> = (
  request: Request,
  access: VerifiedAccessToken,
  ...rest: Rest
) => Response | Promise<Response>;

/** A verified access token, or the response to return. */
export type VerifiedRequest =
  | (VerifiedAccessToken & { readonly response?: undefined })
  | { readonly response: Response; readonly token?: undefined; readonly claims?: undefined };

/** Protects handlers that map a Request to a Response. */
export interface ProtectedApi {
  /** Calls the handler for requests with a valid access token, and answers all others with 401, 400, 403 or 503. */
  wrap<Rest extends unknown[]>(handler: ProtectedHandler<Rest>): (request: Request, ...rest: Rest) => Promise<Response>;
  /**
   * Verifies a request where there is no handler to wrap.
   *
   * ```ts
   * const { response, claims } = await api.verify(request);
   * if (response) return response;
   * ```
   */
  verify(request: Request): Promise<VerifiedRequest>;
}

/** Protects with a check, which is made at the first request. */
export function protect(checkOf: () => Check, waitUntil?: WaitUntil): ProtectedApi {
  async function verifyUntil(
    { method, url, headers }: Request,
    keepAlive: WaitUntil | undefined = waitUntil,
  ): Promise<VerifiedRequest> {
    const checking = checkOf()({
      method,
      url,
      authorization: headers.get("authorization"),
      proof: headers.get("dpop"),
    });
    // Other requests may wait for the keys that this request fetches.
    keepAlive?.(checking.catch(() => {}));
    const verdict = await checking;
    if ("access" in verdict) return verdict.access;
    const { body, ...init } = verdict.reply;
    return { response: new Response(body, init) };
  }
  return {
    verify: (request) => verifyUntil(request),
    wrap(handler) {
      mustBeHandler(handler, "wrap");
      return async (request, ...rest) => {
        const verified = await verifyUntil(request, waitUntilIn(rest));
        return verified.response ?? handler(request, verified, ...rest);
      };
    },
  };
}
