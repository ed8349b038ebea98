import type { IncomingMessage, ServerResponse } from "node:http";
import { auth, type RequestAuth, requireSession } from "../../adapters/express.js";
import type { Framework } from "./app.js";
import { cacheable, describeError, ownCookies, PAUSE, routes } from "./routes.js";

type Respond = (req: IncomingMessage & { auth: RequestAuth }, res: ServerResponse) => unknown;

/** The routes that test a kind of response. */
const responses: Readonly<Record<string, Respond>> = {
  "/untouched": (_req, res) => res.setHeader("cache-control", cacheable).end("static"),
  "/cookies": (_req, res) => res.writeHead(200, { "set-cookie": ownCookies, "cache-control": cacheable }).end("{}"),
  "/redirect": (_req, res) => res.writeHead(302, { location: "/elsewhere" }).end(),
  "/streamed"(_req, res) {
    res.write("first,");
    setTimeout(() => res.end("second"), PAUSE);
  },
  "/empty": (_req, res) => res.writeHead(204).end(),
  "/enter": (req) => req.auth.login({ returnTo: "/entered" }),
  "/leave": (req) => req.auth.logout(),
};

function json(res: ServerResponse, status: number, body: unknown): void {
  res.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
}

/** The Express adapter in front of a handler of `node:http`, without a framework. */
export const nodeApp: Framework = (options) => {
  const signIn = auth(options);
  const guard = requireSession();

  async function answer(req: Parameters<Respond>[0], res: ServerResponse): Promise<void> {
    const { pathname, searchParams } = new URL(req.url as string, "http://localhost");
    const [route, respond] = [routes[pathname], responses[pathname]];
    if (route) json(res, 200, await route(req.auth, searchParams));
    else if (respond) await respond(req, res);
    else json(res, 404, {});
  }

  return (req, res) => {
    const fail = (error: unknown) => {
      const { status, body } = describeError(error);
      json(res, status, body);
    };
    const serve = (error?: unknown) =>
      error ? fail(error) : void answer(req as Parameters<Respond>[0], res).catch(fail);
    signIn(req, res, (error) => {
      if (error || !req.url?.startsWith("/private")) serve(error);
      else guard(req, res, serve);
    });
  };
};
