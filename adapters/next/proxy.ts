import type { NextRequest } from "next/server.js";
import { readCookies } from "../../core/cookie/header.js";
import { cookieAfter, cookieHeaderAfter, mayHavePrefix } from "../../core/cookie/lines.js";
import type { RegisteredData } from "../../core/register.js";
import { AuthRequest } from "../../core/relying-party/auth-request.js";
import { rollAndRefresh } from "../../core/relying-party/roll-and-refresh.js";
import type { RequestAuth } from "../lib/serve.js";
import { waitUntilIn } from "../lib/wait-until.js";
import { toRequestView } from "../lib/web-request.js";
import { createWebWriter } from "../lib/web-writer.js";
import type { Configured } from "./configured.js";

/** What an app's own proxy is given. */
export interface ProxyAuth<Data = RegisteredData> extends RequestAuth<Data> {
  /**
   * The answer to who is not signed in: a redirect to sign in for a page navigation, 401 for the rest, server actions
   * included (who sends one to a page is shown that page); undefined for who is.
   */
  requireSession(): Response | undefined;
}

/** An app's own proxy (middleware before Next 16): its answer goes out with what latchkey wrote. */
export type ProxyHandler<Data = RegisteredData> = (
  request: NextRequest,
  auth: ProxyAuth<Data>,
) => Response | undefined | null | Promise<Response | undefined | null>;

const ASSET =
  /\.(?:avif|css|eot|gif|gz|ico|jpe?g|js|json|map|mjs|mp3|mp4|otf|pdf|png|svg|ttf|txt|wasm|webm|webmanifest|webp|woff2?|xml|zip)$/i;

/** What no session changes, and every cache keeps: nothing of ours is written there, whatever the app's matcher says. */
function isAsset({ nextUrl: { pathname }, headers }: NextRequest): boolean {
  if (headers.has("x-nextjs-data") || pathname.startsWith("/_next/data/")) return false;
  const kind = headers.get("sec-fetch-dest") ?? "empty";
  return pathname.startsWith("/_next/") || ASSET.test(pathname) || !/^(document|empty|i?frame)$/.test(kind);
}

/** Next's word for: go on to the page. */
const next = (): Response => new Response(null, { headers: { "x-middleware-next": "1" } });

/** Lets the rest of this request see the cookies as they will be. */
function showCookies({ headers, cookies }: NextRequest, lines: readonly string[], prefix: string): void {
  const header = cookieHeaderAfter(headers.get("cookie"), lines, prefix);
  const read = new Set(readCookies(header, prefix).map(([name]) => name));
  const parsed = cookies.getAll().map(({ name }) => name);
  // The parsed cookies first, since they print the header anew, and others' not quite as they were; then the header.
  cookies.delete(parsed.filter((name) => mayHavePrefix(name, prefix) && !read.has(name)));
  for (const [name, value] of lines.map(cookieAfter)) if (value !== undefined) cookies.set(name, value);
  if (header) headers.set("cookie", header);
  else headers.delete("cookie");
}

/**
 * Sends the cookies on to the page as they will be. Next drops every request header that its list does not name. `sent`: the
 * Cookie header of the request. It is passed on clean even when nothing was written: where the app sets a cookie, Next
 * prints the header anew, and gives a value to a pair that had none.
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
  // The app may have changed those of others, and ours since the request was opened.
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

/** Runs ahead of pages: rolls and refreshes the session, so that Server Components, which cannot write, see it as it is. */
export const createProxy =
  <Data>(configured: () => Configured<Data>) =>
  (handler: ProxyHandler<Data> = next) =>
  async (request: NextRequest, ...passed: unknown[]): Promise<Response> => {
    const writer = createWebWriter({ ahead: true });
    const sent = request.headers.get("cookie");
    const opened = await configured().relyingParty.open(toRequestView(request, "", waitUntilIn(passed)), writer);
    const context = AuthRequest.contextOf(opened);
    const { cookiePrefix } = context;
    if (!isAsset(request)) await rollAndRefresh(context);
    if (writer.lines().length > 0) showCookies(request, writer.lines(), cookiePrefix);
    const requireSession: ProxyAuth<Data>["requireSession"] = () => {
      const reply = opened.guard();
      return reply && writer.send(reply);
    };
    const auth = Object.defineProperty(opened, "requireSession", { value: requireSession }) as typeof opened &
      ProxyAuth<Data>;
    const response = writer.apply((await handler(request, auth)) ?? next());
    passOnCookies(request, response, writer.lines(), cookiePrefix, sent);
    return response;
  };
