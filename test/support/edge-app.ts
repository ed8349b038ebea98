import type { IncomingMessage, ServerResponse } from "node:http";
import { createAuth, type EdgeOptions, ExchangeError, type RequestAuth } from "../../adapters/edge.js";
import type { Framework } from "./app.js";

/** The same routes as those of the Express apps, for anything that maps a Request to a Response. */
const routes: Record<string, (request: Request, auth: RequestAuth) => Response | Promise<Response>> = {
  "/": (_request, auth) => Response.json({ session: auth.session, reason: auth.reason }),
  "/private": (_request, auth) => Response.json({ sub: auth.session?.user.sub }),
  "/untouched": () => new Response("static", { headers: { "cache-control": "public, s-maxage=31536000" } }),
  "/token": async ({ url }, auth) =>
    Response.json({ token: await auth.accessToken({ refresh: new URL(url).searchParams.has("force") }) }),
  async "/update"({ url }, auth) {
    await auth.update(Object.fromEntries(new URL(url).searchParams));
    return Response.json({ data: auth.session?.data });
  },
};

/** The routes on the edge adapter: all that a runtime has to serve. */
export function edgeHandler(options: EdgeOptions): (request: Request) => Promise<Response> {
  const auth = createAuth(options);
  const guarded = auth.requireSession(routes["/private"]!);
  return auth.wrap(async (request, context) => {
    const { pathname } = new URL(request.url);
    if (pathname === "/private") return guarded(request);
    try {
      return (await routes[pathname]?.(request, context)) ?? new Response(null, { status: 404 });
    } catch (error) {
      return new Response(String(error), { status: error instanceof ExchangeError ? error.status : 500 });
    }
  });
}

/** The edge adapter behind Node's HTTP server. */
export const edgeApp: Framework = (options) => {
  const handle = edgeHandler(options);
  return async (req, res) => send(await handle(toRequest(req)), res);
};

export function toRequest(req: IncomingMessage): Request {
  const headers = Object.entries(req.headersDistinct).flatMap(([name, values = []]) =>
    values.map((value): [string, string] => [name, value]),
  );
  const body = req.method === "GET" || req.method === "HEAD" ? null : (req as unknown as ReadableStream);
  const init = { method: req.method as string, headers, body, duplex: "half" };
  return new Request(`http://${req.headers.host}${req.url}`, init as RequestInit);
}

export async function send(response: Response, res: ServerResponse): Promise<void> {
  res.statusCode = response.status;
  for (const [name, value] of response.headers) res.appendHeader(name, value);
  res.end(await response.text());
}
