import { type ProtectedResourceOptions, protectedResourceOf } from "./protected-resource.js";

/** The metadata of an API, for handlers that map a Request to a Response. */
export interface ProtectedResource {
  /** The URL of the metadata, for the option `resourceMetadata` of `verifyAccessToken`. */
  readonly url: string;
  /** Answers `GET` and `OPTIONS` of that URL's path; other paths get 404. */
  handler(request: Request): Response;
}

/**
 * Publishes the metadata of an API, by which a client finds the provider that issues its tokens (RFC 9728). The URL follows from the URL
 * of the API: `/.well-known/oauth-protected-resource`, and then the API's path.
 *
 * @example
 * ```ts
 * import { protectedResource, verifyAccessToken } from "latchkey/edge";
 *
 * const issuer = "https://op.example/";
 * const resource = "https://api.example/mcp";
 * const metadata = protectedResource({ resource, authorizationServers: [issuer] });
 * const api = verifyAccessToken({ issuer, audience: resource, resourceMetadata: metadata.url });
 * const shows = api.wrap((request, { claims }) => Response.json({ for: claims.sub }));
 *
 * export default {
 *   fetch: (request: Request) =>
 *     new URL(request.url).pathname === new URL(metadata.url).pathname ? metadata.handler(request) : shows(request),
 * };
 * ```
 * @throws MisuseError (`invalid_config`) at once when an option is wrong or missing
 */
export function protectedResource(options: ProtectedResourceOptions): ProtectedResource {
  const { url, reply } = protectedResourceOf(options);
  return {
    url,
    handler(request) {
      const { body, ...init } = reply(request) ?? { status: 404, headers: {}, body: null };
      return new Response(body, init);
    },
  };
}
