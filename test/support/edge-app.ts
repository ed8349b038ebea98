import type { IncomingMessage, ServerResponse } from "node:http";
import { type Auth, createAuth, type EdgeOptions, type Handler } from "../../adapters/edge.js";
import type { Framework } from "./app.js";
import { cacheable, describeError, optionsIn, ownCookies, PAUSE, requirementIn, routes } from "./routes.js";

type Respond = Handler<Record<string, unknown>, []>;

/** A body of two pieces; the second follows `PAUSE` milliseconds after the first. */
function inTwoPieces(): ReadableStream {
  const encoder = new TextEncoder();
  return new ReadableStream({
    async start(controller) {
      controller.enqueue(encoder.encode("first,"));
      await new Promise((resolve) => setTimeout(resolve, PAUSE));
      controller.enqueue(encoder.encode("second"));
      controller.close();
    },
  });
}

/** Opens a WebSocket, on a runtime that has them. The handler requests a token before it answers. */
async function openSocket(request: Request, auth: Parameters<Respond>[1]): Promise<Response> {
  await auth.getAccessToken({ refresh: true }).catch(() => {});
  const { WebSocketPair, Deno } = globalThis as {
    WebSocketPair?: new () => Record<"0" | "1", { accept(): void }>;
    Deno?: { upgradeWebSocket(request: Request): { response: Response } };
  };
  if (Deno) return Deno.upgradeWebSocket(request).response;
  if (!WebSocketPair) return new Response(null, { status: 501 });
  const { 0: client, 1: server } = new WebSocketPair();
  server.accept();
  return new Response(null, { status: 101, webSocket: client } as ResponseInit);
}

/** The routes that test a kind of response. */
const responses: Readonly<Record<string, Respond>> = {
  "/untouched": () => new Response("static", { headers: { "cache-control": cacheable } }),
  "/cookies": () => {
    const headers = new Headers({ "cache-control": cacheable });
    for (const line of ownCookies) headers.append("set-cookie", line);
    return Response.json({}, { headers });
  },
  "/redirect": ({ url }) => Response.redirect(new URL("/elsewhere", url), 302),
  "/fetched": (_request, auth) => auth.fetch("https://op.example/userinfo"),
  "/streamed": () => new Response(inTwoPieces()),
  "/empty": () => new Response(null, { status: 204 }),
  "/socket": openSocket,
  "/enter": ({ url }, auth) => auth.login({ returnTo: "/entered", ...optionsIn(new URL(url).searchParams) }),
  "/leave": ({ url }, auth) => auth.logout(optionsIn(new URL(url).searchParams)),
};

export const respondTo: Respond = async (request, auth) => {
  const { pathname, searchParams } = new URL(request.url);
  const [route, respond] = [routes[pathname], responses[pathname]];
  if (route) return Response.json(await route(auth, searchParams));
  return respond ? respond(request, auth) : new Response(null, { status: 404 });
};

/** The routes as a handler with sessions, guarded by the adapter's `wrap` and `requireSession`. */
export function serveWith(
  auth: Pick<Auth<Record<string, unknown>>, "wrap" | "requireSession" | "login" | "logout">,
): (request: Request, ...rest: unknown[]) => Promise<Response> {
  const guarded = auth.requireSession(respondTo);
  return auth.wrap(async (request, context, ..._rest: unknown[]) => {
    const { pathname, searchParams } = new URL(request.url);
    if (pathname === "/private") return guarded(request);
    if (pathname === "/guarded") return auth.requireSession(respondTo, requirementIn(searchParams))(request);
    try {
      if (pathname === "/own/enter") return await auth.login(request, optionsIn(searchParams));
      if (pathname === "/own/leave") return await auth.logout(request, optionsIn(searchParams));
      return await respondTo(request, context);
    } catch (error) {
      // The caller of latchkey's handler answers this error: the runtime, or a framework.
      if (searchParams.has("throw")) throw error;
      const { status, body } = describeError(error);
      return Response.json(body, { status });
    }
  });
}

/** The routes on the edge adapter, as a handler that any runtime can serve. */
export const edgeHandler = (options: EdgeOptions): ((request: Request, ...rest: unknown[]) => Promise<Response>) =>
  serveWith(createAuth(options));

/** The edge adapter behind Node's HTTP server. */
export const edgeApp: Framework = (options) => {
  const handle = edgeHandler(options);
  return async (req, res) => {
    try {
      await send(await handle(toRequest(req)), res);
    } catch {
      res.writeHead(500).end();
    }
  };
};

export function toRequest(req: IncomingMessage): Request {
  const headers = Object.entries(req.headersDistinct).flatMap(([name, values = []]) =>
    values.map((value): [string, string] => [name, value]),
  );
  const body = req.method === "GET" || req.method === "HEAD" ? null : (req as unknown as ReadableStream);
  const init = { method: req.method as string, headers, body, duplex: "half" };
  return new Request(`http://${req.headers.host}${req.url}`, init as RequestInit);
}

export async function send({ status, headers, body }: Response, res: ServerResponse): Promise<void> {
  res.statusCode = status;
  for (const [name, value] of headers) res.appendHeader(name, value);
  for await (const chunk of (body ?? []) as AsyncIterable<Uint8Array>) res.write(chunk);
  res.end();
}
