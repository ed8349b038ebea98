import type { IncomingMessage, ServerResponse } from "node:http";
import { auth, getAuth, type RequestAuth, requireSession } from "../../adapters/node.js";
import type { Framework } from "./app.js";
import { cacheable, describeError, optionsIn, ownCookies, PAUSE, requirementIn, routes } from "./routes.js";

type Respond = (auth: RequestAuth, res: ServerResponse, query: URLSearchParams) => unknown;

/** The routes that test a kind of response. */
const responses: Readonly<Record<string, Respond>> = {
  "/untouched": (_auth, res) => res.setHeader("cache-control", cacheable).end("static"),
  "/cookies": (_auth, res) => res.writeHead(200, { "set-cookie": ownCookies, "cache-control": cacheable }).end("{}"),
  "/redirect": (_auth, res) => res.writeHead(302, { location: "/elsewhere" }).end(),
  "/streamed"(_auth, res) {
    res.write("first,");
    setTimeout(() => res.end("second"), PAUSE);
  },
  "/empty": (_auth, res) => res.writeHead(204).end(),
  "/enter": (auth, _res, query) => auth.login({ returnTo: "/entered", ...optionsIn(query) }),
  "/leave": (auth, _res, query) => auth.logout(optionsIn(query)),
};

function json(res: ServerResponse, status: number, body: unknown): void {
  res.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
}

/** The middleware for Node in front of a handler of `node:http`, without a framework. */
export const nodeApp: Framework = (options) => {
  const signIn = auth(options);
  const guard = requireSession();

  async function answer(req: IncomingMessage, res: ServerResponse): Promise<void> {
    const { pathname, searchParams } = new URL(req.url as string, "http://localhost");
    const [route, respond] = [routes[pathname], responses[pathname]];
    if (route) json(res, 200, await route(getAuth(req), searchParams));
    else if (respond) await respond(getAuth(req), res, searchParams);
    else if (pathname === "/own/enter") await getAuth(req).login(optionsIn(searchParams));
    else if (pathname === "/own/leave") await getAuth(req).logout(optionsIn(searchParams));
    else json(res, 404, {});
  }

  return (req, res) => {
    const fail = (error: unknown) => {
      const { status, body } = describeError(error);
      json(res, status, body);
    };
    const serve = (error?: unknown) => (error ? fail(error) : void answer(req, res).catch(fail));
    signIn(req, res, (error) => {
      const { pathname, searchParams } = new URL(req.url as string, "http://localhost");
      if (!error && pathname === "/private") guard(req, res, serve);
      else if (!error && pathname === "/guarded") requireSession(requirementIn(searchParams))(req, res, serve);
      else serve(error);
    });
  };
};
