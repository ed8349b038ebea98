import { pathOf, targetOf } from "../request/reading.js";
import type { RequestView } from "../request/view.js";
import type { AppConfig, ProviderConfig, Site } from "./config.js";

/** The routes of latchkey under the mount. */
export type Route = "login" | "callback" | "logout" | "me" | "backchannel-logout";
/** The routes of each provider. With several providers, their paths end in its name. */
const OF_PROVIDER: readonly Route[] = ["login", "callback"];
/** The routes of an app with several providers: the login route lets the user choose one. */
const OF_APP: readonly Route[] = ["login", "logout", "me", "backchannel-logout"];

type Mounted = Pick<AppConfig<never>, "mount" | "trailingSlash"> &
  Partial<Pick<ProviderConfig, "name" | "callbackPath">>;

/** A route, and the name of the provider that it is of, if it has one. */
export interface RouteMatch {
  readonly route: Route;
  readonly name?: string | undefined;
}

/**
 * The site whose host is the Host of the request. If several sites have that host, the one with the longest path that the request is
 * under. Without a match, the first. The choice is made anew for each request (S40, test/security/advisories.md).
 */
export function chooseSite(sites: AppConfig<never>["sites"], request: RequestView): Site {
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
export function routeOf(
  request: RequestView,
  site: Site,
  { config, providers }: { readonly config: Mounted; readonly providers: ReadonlyArray<{ readonly config: Mounted }> },
): RouteMatch | undefined {
  const path = withoutSlash(pathOf(request));
  const find = (routes: readonly Route[], config: Mounted) =>
    routes.find((route) => path === withoutSlash(routePath(site, config, route)));
  for (const { config } of providers) {
    const route = find(OF_PROVIDER, config);
    if (route) return { route, name: config.name };
  }
  const route = find(OF_APP, config);
  return route && { route };
}

/** The public URL of a route. */
export const routeUrl = ({ site, config }: { readonly site: Site; readonly config: Mounted }, route: Route): string =>
  site.origin + routePath(site, config, route);

/** The public path of a route, of the provider whose `name` the configuration has. A `callbackPath` is exactly as the app wrote it: providers compare redirect URIs as strings. */
export const routePath = (
  { path }: Pick<Site, "path">,
  { mount, trailingSlash, name, callbackPath }: Mounted,
  route: Route,
): string =>
  path +
  ((route === "callback" && callbackPath) || `${mount}/${route}${name ? `/${name}` : ""}${trailingSlash ? "/" : ""}`);
