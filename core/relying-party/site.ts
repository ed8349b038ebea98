import { pathOf, targetOf } from "../request/reading.js";
import type { RequestView } from "../request/view.js";
import type { RelyingPartyConfig, Site } from "./config.js";

/** The routes of latchkey under the mount. */
export type Route = "login" | "callback" | "logout" | "me" | "backchannel-logout";
const ROUTES: readonly Route[] = ["login", "callback", "logout", "me", "backchannel-logout"];

type Mounted = Pick<RelyingPartyConfig<never>, "mount" | "trailingSlash" | "callbackPath">;

/**
 * The site whose host is the Host of the request. If several sites have that host, the one with the longest path that the request is
 * under. Without a match, the first. The choice is made anew for each request (S40, test/security/advisories.md).
 */
export function chooseSite(sites: RelyingPartyConfig<never>["sites"], request: RequestView): Site {
  if (sites.length === 1) return sites[0];
  const host = request.headers.get("host")?.toLowerCase();
  // Some proxies name the default port of the scheme, which an origin leaves out.
  const onHost = sites.filter(({ origin, secure }) =>
    [origin, `${origin}:${secure ? 443 : 80}`].some((each) => each.endsWith(`//${host}`)),
  );
  const fitting = onHost.filter(({ path }) => `${pathOf(request)}/`.startsWith(`${path}/`));
  return fitting.sort((left, right) => right.path.length - left.path.length)[0] ?? onHost[0] ?? sites[0];
}

/**
 * The request with its public URL. An app has no page outside of its base URL, so a path that is not under the path of the site has
 * lost that path, or the first segments of it, to a proxy that took them off.
 */
export function withPublicUrl(request: RequestView, { path }: Site): RequestView {
  let rest = path;
  while (rest && !`${pathOf(request)}/`.startsWith(`${rest}/`)) rest = rest.replace(/^\/[^/]*/, "");
  if (rest === path) return request;
  return Object.create(request, { url: { value: path.slice(0, path.length - rest.length) + targetOf(request) } });
}

const withoutSlash = (path: string): string => path.replace(/\/$/, "");

/** The route that a request is for: by the exact path, with or without a slash at the end (S42). */
export function routeOf(request: RequestView, site: Site, config: Mounted): Route | undefined {
  const path = withoutSlash(pathOf(request));
  return ROUTES.find((route) => path === withoutSlash(routePath(site, config, route)));
}

/** The public URL of a route. */
export const routeUrl = ({ site, config }: { readonly site: Site; readonly config: Mounted }, route: Route): string =>
  site.origin + routePath(site, config, route);

/** The public path of a route. A `callbackPath` is exactly as the app wrote it: providers compare redirect URIs as strings. */
export const routePath = ({ path }: Site, { mount, trailingSlash, callbackPath }: Mounted, route: Route): string =>
  path + ((route === "callback" && callbackPath) || `${mount}/${route}${trailingSlash ? "/" : ""}`);
