import { auth } from "../../lib/auth.js";
import { setClock } from "../../lib/options.js";
import { cacheable, describeError, optionsIn, ownCookies, PAUSE, requirementIn, routes } from "../../lib/served.js";

/** The routes that test the response itself, not only a JSON body. */
const responses = {
  "/untouched": (_context, res) => res.setHeader("cache-control", cacheable).end("static"),
  "/cookies": (_context, res) => res.setHeader("set-cookie", ownCookies).setHeader("cache-control", cacheable).json({}),
  "/redirect": (_context, res) => res.redirect(302, "/elsewhere"),
  "/streamed"(_context, res) {
    res.write("first,");
    return new Promise((resolve) => setTimeout(() => resolve(res.end("second")), PAUSE));
  },
  "/empty": (_context, res) => res.status(204).end(),
  "/enter": (context, _res, query) => context.login({ returnTo: "/entered", ...optionsIn(query) }),
  "/leave": (context, _res, query) => context.logout(optionsIn(query)),
};

async function respond(req, res) {
  const { pathname, searchParams } = new URL(req.url, "http://localhost");
  const context = await auth.forRequest(req, res);
  const [route, response] = [routes[pathname], responses[pathname]];
  if (route) res.json(await route(context, searchParams));
  else if (response) await response(context, res, searchParams);
  else if (pathname === "/own/enter") await auth.login(req, res, optionsIn(searchParams));
  else if (pathname === "/own/leave") await auth.logout(req, res, optionsIn(searchParams));
  else res.status(404).end();
}

const guarded = auth.requireSessionApi(respond);

export default async function handler(req, res) {
  setClock(req.headers["x-test-now"]);
  try {
    if (req.url.startsWith("/auth/")) await auth.apiHandler(req, res);
    else if (req.url.startsWith("/private")) await guarded(req, res);
    else if (req.url.startsWith("/guarded")) {
      const { searchParams } = new URL(req.url, "http://localhost");
      await auth.requireSessionApi(respond, requirementIn(searchParams))(req, res);
    } else await respond(req, res);
  } catch (error) {
    if (req.url.includes("&throw")) throw error;
    const { status, body } = describeError(error);
    res.status(status).json(body);
  }
}
