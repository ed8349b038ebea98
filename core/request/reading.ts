import type { RequestView } from "./view.js";

/** The path and the query of a request, exactly as sent: `//host/x` stays a path, whatever a URL parser would make of it (S14). */
export function targetOf({ url }: RequestView): string {
  const target = url.startsWith("/") ? url : url.replace(/^[a-z][a-z0-9+.-]*:\/\/[^/?#]*/i, "");
  return target.split("#", 1)[0] || "/";
}

/** The path of a request. */
export const pathOf = (request: RequestView): string => targetOf(request).split("?", 1)[0] || "/";

/** The query of a request, without its "?". */
export function queryOf(request: RequestView): URLSearchParams {
  const target = targetOf(request);
  return new URLSearchParams(target.slice(target.indexOf("?") + 1 || target.length));
}

/** Fetched ahead of need, when nobody has asked for anything yet; or by a Next server for itself, which drops cookies. */
export function isPrefetch({ headers }: RequestView): boolean {
  return (
    headers.get("sec-purpose") !== null ||
    headers.get("purpose") === "prefetch" ||
    headers.get("x-moz") === "prefetch" ||
    headers.get("next-router-prefetch") !== null ||
    headers.get("x-action-redirect") !== null
  );
}

/** A change of protocol (RFC 6455 4.1, RFC 8441 4): whatever answers it, no Set-Cookie line reaches the browser for sure. */
export const isUpgrade = ({ headers, method }: RequestView): boolean =>
  method === "CONNECT" || /(^|[, \t])websocket([,/ \t]|$)/i.test(headers.get("upgrade") ?? "");

/** A person's own navigation of a page: not a script's request, not a prefetch, not a router's data request. */
export function isNavigation(request: RequestView): boolean {
  const { headers, method } = request;
  if (method === "HEAD" || isPrefetch(request)) return false;
  if (["rsc", "next-action", "x-nextjs-data"].some((name) => headers.get(name) !== null)) return false;
  const mode = headers.get("sec-fetch-mode");
  // Fetch Metadata is sent to trustworthy origins only; without it, what a page asks for tells.
  return mode === null ? headers.get("x-requested-with") === null : mode === "navigate";
}

/** A navigation that can show a page: one that may be answered with a redirect to sign in. */
export function wantsPage(request: RequestView): boolean {
  const { headers, method } = request;
  if (method !== "GET" || !isNavigation(request)) return false;
  return headers.get("sec-fetch-mode") !== null || (headers.get("accept") ?? "").includes("text/html");
}

/**
 * Whether the request comes from the app itself, as far as the browser says (Fetch Metadata, else Origin).
 * `undefined`: it does not say.
 */
export function isSameOrigin({ headers }: RequestView, origin: string): boolean | undefined {
  const site = headers.get("sec-fetch-site");
  if (site !== null) return site === "same-origin";
  const from = headers.get("origin");
  return from === null ? undefined : from === origin;
}
