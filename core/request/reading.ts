import type { RequestView } from "./view.js";

/** The path and the query of a request, exactly as sent: `//host/x` stays a path, whatever a URL parser would make of it (S14). */
export function targetOf({ url }: RequestView): string {
  const target = url.replace(/^[a-z][a-z0-9+.-]*:\/\/[^/?#]*/i, "");
  return target.split("#", 1)[0] || "/";
}

/** The path of a request. */
export const pathOf = (request: RequestView): string => targetOf(request).split("?", 1)[0] || "/";

/** The query of a request, without its "?". */
export function queryOf(request: RequestView): URLSearchParams {
  const target = targetOf(request);
  return new URLSearchParams(target.slice(target.indexOf("?") + 1 || target.length));
}

/** Whether the browser fetches ahead of a navigation, or a Next server fetches for itself: such a response may lose its cookies. */
export function isPrefetch({ headers }: RequestView): boolean {
  return (
    headers.get("sec-purpose") !== null ||
    headers.get("purpose") === "prefetch" ||
    headers.get("x-moz") === "prefetch" ||
    headers.get("next-router-prefetch") !== null ||
    headers.get("x-action-redirect") !== null
  );
}

/** Whether the request changes the protocol (RFC 6455 4.1, RFC 8441 4): Set-Cookie lines of its response may not reach the browser. */
export const isUpgrade = ({ headers, method }: RequestView): boolean =>
  method === "CONNECT" || /(^|[, \t])websocket([,/ \t]|$)/i.test(headers.get("upgrade") ?? "");

/** Whether a router of Next, in the page, requests data. */
export const isRouterRequest = ({ headers }: RequestView): boolean =>
  ["rsc", "next-action", "x-nextjs-data"].some((name) => headers.get(name) !== null);

/** Whether the user navigates to a page: not a script's request, not a prefetch, not a router's data request. */
export function isNavigation(request: RequestView): boolean {
  const { headers, method } = request;
  if (method === "HEAD" || isPrefetch(request)) return false;
  if (isRouterRequest(request) || headers.get("hx-request") !== null) return false;
  const mode = headers.get("sec-fetch-mode");
  // Browsers send Fetch Metadata to trustworthy origins only. Without it, this header marks requests of scripts.
  return mode === null ? headers.get("x-requested-with") === null : mode === "navigate";
}

/** Whether the request is a navigation that can show a page, and so may be redirected to sign in. */
export function wantsPage(request: RequestView): boolean {
  const { headers, method } = request;
  if (method !== "GET" || !isNavigation(request)) return false;
  return headers.get("sec-fetch-mode") !== null || (headers.get("accept") ?? "").includes("text/html");
}

/**
 * Whether the request comes from a page of the app, according to Fetch Metadata or Origin. Undefined when the browser sends
 * neither.
 */
export function isSameOrigin({ headers }: RequestView, origin: string): boolean | undefined {
  const site = headers.get("sec-fetch-site");
  if (site !== null) return site === "same-origin";
  const from = headers.get("origin");
  return from === null ? undefined : from === origin;
}
