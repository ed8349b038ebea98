import type { Reply } from "../request/response.js";

/** What an API says about itself (RFC 9728 2). */
interface ProtectedResourceSettings {
  /** The resource identifier: the URL of the API. */
  readonly resource: URL;
  /** The document, as JSON. */
  readonly body: string;
}

/** The metadata of an API, at the URL that follows from the URL of the API. */
export interface ProtectedResourceMetadata {
  /** The URL of the metadata, for challenges. */
  readonly url: string;
  /** Answers a request; undefined for a request of another path. */
  reply(request: { readonly method: string; readonly url: string }): Reply | undefined;
}

const WELL_KNOWN = "/.well-known/oauth-protected-resource";

/** Publishes the metadata of an API (RFC 9728 3). */
export function createProtectedResource({ resource, body }: ProtectedResourceSettings): ProtectedResourceMetadata {
  const { origin, pathname, search } = resource;
  // RFC 9728 3.1: between the host and the path, without a slash that ends the host.
  const path = WELL_KNOWN + (pathname === "/" ? "" : pathname);
  // Public, for any client in a page: some send headers of their own, such as `mcp-protocol-version`.
  const cors = {
    "access-control-allow-origin": "*",
    "access-control-allow-methods": "GET",
    "access-control-allow-headers": "*",
  };
  return {
    url: origin + path + search,
    reply({ method, url }) {
      const [requested] = url.replace(/^https?:\/\/[^/?#]*/i, "").split(search ? "#" : /[?#]/);
      if (requested !== path + search) return undefined;
      if (method === "OPTIONS") return { status: 204, headers: cors, body: null };
      if (method !== "GET" && method !== "HEAD")
        return { status: 405, headers: { ...cors, allow: "GET, HEAD" }, body: null };
      const headers = { ...cors, "content-type": "application/json", "cache-control": "public, max-age=300" };
      return { status: 200, headers, body: method === "HEAD" ? null : body };
    },
  };
}
