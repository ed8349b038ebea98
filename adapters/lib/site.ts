import { must } from "../../core/errors.js";
import type { RelyingPartyConfig, Site } from "../../core/relying-party/config.js";
import type { CookieOptions } from "../../core/session/options.js";
import { urlOf } from "./checks.js";
import { label } from "./variables.js";

/** The site of a base URL. @throws MisuseError (`invalid_config`) unless it is one */
export function siteOf(value: string): Site {
  const { origin, pathname, protocol } = urlOf(value, label("baseUrl"));
  return { origin, path: pathname.replace(/\/+$/, ""), secure: protocol === "https:" };
}

/** The options that depend on the base URL. */
interface SiteOptions extends Pick<RelyingPartyConfig<never>, "mount" | "callbackPath" | "postLogoutPath"> {
  readonly session?: { readonly cookie?: Pick<CookieOptions, "domain" | "sameSite"> };
}

/**
 * Checks the options that depend on a base URL.
 * @throws MisuseError (`invalid_config`) for paths that repeat the path of the site, and for cookies that its browsers would drop or withhold
 */
export function mustFit({ origin, path }: Site, { mount, callbackPath, postLogoutPath, session }: SiteOptions): void {
  const callback = callbackPath ?? `${mount}/callback`;
  const { domain, sameSite } = session?.cookie ?? {};
  must(
    /^(\/[\w.~-]+)+\/?$/.test(callback) &&
      !/^\/(login(\/.*)?|(backchannel-)?logout|me)\/?$/.test(callback.replace(mount, "")),
    'callbackPath must be a path of its own, such as "/callback"',
  );
  must(
    !path ||
      !(path.endsWith(callback) || [mount, callbackPath, postLogoutPath].some((each) => each?.startsWith(`${path}/`))),
    "mount, callbackPath and postLogoutPath follow baseUrl: neither may repeat the other",
  );
  // RFC 6265bis 5.7: browsers drop a cookie for a domain that its host is not in.
  must(
    !domain || `.${new URL(origin).hostname}`.endsWith(domain.toLowerCase().replace(/^\.?/, ".")),
    "session.cookie.domain must be above every baseUrl",
  );
  // Browsers send no Strict cookie with the page after the callback, to which the provider leads: each sign-in would start another.
  must(sameSite !== "strict", 'session.cookie.sameSite "strict" is lost on the way back from the provider: use "lax"');
}
