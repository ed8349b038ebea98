import type { NextRequest } from "next/server.js";
import { chain } from "../../core/awaitable.js";
import { readCookies } from "../../core/cookie/header.js";
import { cookieAfter, cookieHeaderAfter, mayHavePrefix } from "../../core/cookie/lines.js";
import type { RegisteredData } from "../../core/register.js";
import { RelyingPartyRequest } from "../../core/relying-party/relying-party-request.js";
import { checkRequirement, type SessionRequirement } from "../../core/relying-party/requirement.js";
import { rollAndRefresh } from "../../core/relying-party/roll-and-refresh.js";
import type { RequestAuth } from "../lib/serve.js";
import { waitUntilIn } from "../lib/wait-until.js";
import { toRequestView } from "../lib/web-request.js";
import { createWebWriter } from "../lib/web-writer.js";
import type { Configured } from "./configured.js";

/** The second argument of an app's own proxy: {@link RequestAuth}, and a guard. */
export interface ProxyAuth<Data = RegisteredData> extends RequestAuth<Data> {
  /**
   * The response to a request without a session: a redirect to sign in for a page navigation, and 401 for all other requests,
   * server actions included. Undefined if a user is signed in.
   */
  requireSession(): Response | undefined;
  /** The same, with the requirement that the session must meet; else the response has status 403, or leads to sign in again. */
  requireSession(requirement: SessionRequirement<Data>): Promise<Response | undefined>;
}

/** An app's own proxy (middleware before Next 16). Its response gets the cookies that latchkey wrote. */
export type ProxyHandler<Data = RegisteredData> = (
  request: NextRequest,
  auth: ProxyAuth<Data>,
) => Response | undefined | null | Promise<Response | undefined | null>;

const ASSET =
  /\.(?:avif|css|eot|gif|gz|ico|jpe?g|js|json|map|mjs|mp3|mp4|otf|pdf|png|svg|ttf|txt|wasm|webm|webmanifest|webp|woff2?|xml|zip)$/i;

/** Whether a request is for a static file, which caches store: its response must not set cookies, even if the app's matcher includes it. */
function isAsset({ nextUrl: { pathname }, headers }: NextRequest): boolean {
  if (headers.has("x-nextjs-data") || pathname.startsWith("/_next/data/")) return false;
  const kind = headers.get("sec-fetch-dest") ?? "empty";
  return pathname.startsWith("/_next/") || ASSET.test(pathname) || !/^(document|empty|i?frame)$/.test(kind);
}

/** The response that makes Next continue to the page. */
const next = (): Response => new Response(null, { headers: { "x-middleware-next": "1" } });

/** Changes the cookies of the request to those that the browser will hold, for the app's proxy. */
function showCookies({ headers, cookies }: NextRequest, lines: readonly string[], prefix: string): void {
  const header = cookieHeaderAfter(headers.get("cookie"), lines, prefix);
  const names = new Set(readCookies(header, prefix).map(([name]) => name));
  const parsed = cookies.getAll().map(({ name }) => name);
  // The header is set last: a change of `cookies` prints the header anew, and can spell cookies of other software differently.
  cookies.delete(parsed.filter((name) => mayHavePrefix(name, prefix) && !names.has(name)));
  for (const [name, value] of lines.map(cookieAfter)) if (value !== undefined) cookies.set(name, value);
  if (header) headers.set("cookie", header);
  else headers.delete("cookie");
}

/**
 * Makes Next pass the cookies that the browser will hold to the page. Next drops every request header that is missing in
 * `x-middleware-override-headers`, so the list gets all of them. `sent`: the Cookie header as the browser sent it. Planted
 * cookies are removed from it even if latchkey wrote nothing: when the app sets a cookie, Next prints the header anew, and gives
 * a value to a pair that had none.
 */
function passOnCookies(
  request: NextRequest,
  { headers }: Response,
  lines: readonly string[],
  prefix: string,
  sent: string | null,
): void {
  if (!headers.has("x-middleware-next") && !headers.has("x-middleware-rewrite")) return;
  const listed = headers.get("x-middleware-override-headers");
  const names = new Set(listed?.split(",") ?? request.headers.keys());
  // The app's proxy may have changed the cookies since the request was opened.
  const changed = listed === null ? request.headers.get("cookie") : headers.get("x-middleware-request-cookie");
  const before = listed === null && lines.length === 0 ? sent : names.has("cookie") ? changed : "";
  const cookie = cookieHeaderAfter(before, lines, prefix, sent);
  if (lines.length === 0 && cookie === (before ?? "")) return;
  if (listed === null) {
    for (const [name, value] of request.headers) headers.set(`x-middleware-request-${name}`, value);
  }
  names.delete("cookie");
  headers.delete("x-middleware-request-cookie");
  if (cookie) {
    names.add("cookie");
    headers.set("x-middleware-request-cookie", cookie);
  }
  headers.set("x-middleware-override-headers", [...names].join(","));
}

/** Runs before pages: writes activity and refreshes the token, because Server Components, which come later, cannot write cookies. */
export const createProxy =
  <Data>(configured: () => Configured<Data>) =>
  (handler: ProxyHandler<Data> = next) =>
  async (request: NextRequest, ...rest: unknown[]): Promise<Response> => {
    // Neither the app nor latchkey has a use for the session of such a request: it is not read.
    if (handler === next && isAsset(request)) return next();
    const writer = createWebWriter({ ahead: true });
    const sent = request.headers.get("cookie");
    const opened = await configured().relyingParty.open(toRequestView(request, "", waitUntilIn(rest)), writer);
    const context = RelyingPartyRequest.contextOf(opened);
    const { prefix } = context.sessions;
    if (!isAsset(request)) await rollAndRefresh(context);
    if (writer.lines().length > 0) showCookies(request, writer.lines(), prefix);
    const requireSession = (requirement?: SessionRequirement<Data>) => {
      checkRequirement(requirement);
      return chain(opened.guard(requirement), (reply) => reply && writer.send(reply));
    };
    const auth = Object.defineProperty(opened, "requireSession", { value: requireSession }) as typeof opened &
      ProxyAuth<Data>;
    const response = writer.apply((await handler(request, auth)) ?? next());
    passOnCookies(request, response, writer.lines(), prefix, sent);
    return response;
  };
