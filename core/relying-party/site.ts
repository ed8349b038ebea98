import { pathOf } from "../request/reading.js";
import type { RequestView } from "../request/view.js";
import type { RelyingPartyConfig, Site } from "./config.js";

/** Our own routes under the mount. */
export type Route = "login" | "callback" | "logout" | "me" | "backchannel-logout";
const ROUTES: readonly Route[] = ["login", "callback", "logout", "me", "backchannel-logout"];

type Mounted = Pick<RelyingPartyConfig<never>, "mount" | "trailingSlash">;

/**
 * The site a request is for: by its host, an exact match in the allow-list, and of several there the one whose path is
 * the longest that fits; else the first. Never remembered (S40).
 */
export function chooseSite(sites: RelyingPartyConfig<never>["sites"], request: RequestView): Site {
  if (sites.length === 1) return sites[0];
  const host = request.headers.get("host")?.toLowerCase();
  const here = sites.filter(({ origin }) => origin.endsWith(`//${host}`));
  const fitting = here.filter(({ path }) => `${pathOf(request)}/`.startsWith(`${path}/`));
  return fitting.sort((left, right) => right.path.length - left.path.length)[0] ?? here[0] ?? sites[0];
}

/** Which of our routes a request is for: by exact path, a slash at the end aside (S42). */
export function routeOf(request: RequestView, site: Site, { mount }: Mounted): Route | undefined {
  const path = pathOf(request).replace(/\/$/, "");
  return ROUTES.find((route) => path === `${site.path}${mount}/${route}`);
}

/** The URL of a route, as browsers ask for it. */
export const routeUrl = ({ site, config }: { readonly site: Site; readonly config: Mounted }, route: Route): string =>
  site.origin + routePath(site, config, route);

/** The path of a route, as browsers ask for it. */
export const routePath = (site: Site, { mount, trailingSlash }: Mounted, route: Route): string =>
  `${site.path}${mount}/${route}${trailingSlash ? "/" : ""}`;
