import { queryOf } from "../request/reading.js";
import type { Reply } from "../request/response.js";
import { escaped, htmlPage, link } from "./error-page.js";
import type { RequestContext } from "./request-context.js";
import { routeUrl } from "./site.js";

/**
 * The page of an app with several providers on which the user chooses one. Each link leads to the login route of a provider, with the
 * parameters of the request: that route takes those that it may.
 */
export function choicesPage<Data>({ providers, site, request }: RequestContext<Data>): Reply {
  const links = providers.map(({ config }) =>
    link(`${routeUrl({ site, config }, "login")}?${queryOf(request)}`, escaped(config.label ?? `${config.name}`)),
  );
  return htmlPage(200, "Sign in", `<nav>${links.join("")}</nav>`);
}
