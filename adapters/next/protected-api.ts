import type { NextApiHandler, NextApiRequest, NextApiResponse } from "next";
import type { VerifiedAccessToken } from "../../core/resource-server/access-token.js";
import { type AccessTokenOptions, createCheck } from "../lib/access-token.js";
import { mustBeHandler, mustBeOptions } from "../lib/checks.js";
import { toAccessTokenRequest } from "../lib/node-request.js";
import { answer } from "../lib/node-writer.js";
import { type ProtectedApi, protect } from "../lib/protect.js";
import { lazily, uncachedFetch } from "./configured.js";

/** Protects route handlers of the App Router, and API routes of the Pages Router. */
export interface NextProtectedApi extends ProtectedApi {
  /** A handler in `pages/api` for requests with a valid access token; other requests get 401, 400, 403 or 503. */
  wrapApi(handler: (req: NextApiRequest, res: NextApiResponse, access: VerifiedAccessToken) => unknown): NextApiHandler;
}

/**
 * Protects an API with the access tokens (JWT) of a provider, sent as `Authorization: Bearer` (RFC 6750). Where it serves pages
 * of other origins, its CORS headers are its own, and preflights must be answered without it: they carry no token. Options
 * that are missing come from `LATCHKEY_*` variables, at the first request: a build needs none.
 *
 * @example
 * ```ts
 * import { verifyAccessToken } from "latchkey/next";
 *
 * const api = verifyAccessToken({ audience: "https://api.example", scope: "read:shows" });
 * export const GET = api.wrap((request, { claims }) => Response.json({ for: claims.sub }));        // route.ts
 * export default api.wrapApi((req, res, { claims }) => res.json({ for: claims.sub }));             // pages/api
 * ```
 * The functions that it returns throw MisuseError (`invalid_config`) at the first request when an option is wrong or missing.
 */
export function verifyAccessToken(options: AccessTokenOptions = {}): NextProtectedApi {
  mustBeOptions(options, "verifyAccessToken");
  const check = lazily(() => createCheck({ ...options, fetch: options.fetch ?? uncachedFetch() }, process.env));
  return {
    ...protect(check),
    wrapApi(handler) {
      mustBeHandler(handler, "wrapApi");
      return async (req, res) => {
        const verdict = await check()(toAccessTokenRequest(req));
        return "access" in verdict ? handler(req, res, verdict.access) : answer(res, verdict.reply);
      };
    },
  };
}
