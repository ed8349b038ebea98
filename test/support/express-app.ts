import express5, { type Express, type NextFunction, type Request, type RequestHandler, type Response } from "express";
// @ts-expect-error: the alias has no types; those of Express 5 are used
import express4 from "express4";
import { auth, getAuth, requireSession } from "../../adapters/express.js";
import type { Framework } from "./app.js";
import { cacheable, describeError, optionsIn, ownCookies, PAUSE, requirementIn, routes } from "./routes.js";

const queryOf = ({ query }: Request): URLSearchParams => new URLSearchParams(query as Record<string, string>);

/** The routes that test a kind of response. */
function addResponses(app: Express): void {
  app.get("/untouched", (_req, res) => void res.set("cache-control", cacheable).send("static"));
  app.get("/cookies", (_req, res) => {
    for (const line of ownCookies) res.append("set-cookie", line);
    res.set("cache-control", cacheable).json({});
  });
  app.get("/redirect", (_req, res) => res.redirect("/elsewhere"));
  app.get("/streamed", (_req, res) => {
    res.write("first,");
    setTimeout(() => res.end("second"), PAUSE);
  });
  app.get("/empty", (_req, res) => void res.status(204).end());
  app.get("/enter", (req) => req.auth.login({ returnTo: "/entered", ...optionsIn(queryOf(req)) }));
  app.post("/leave", (req) => req.auth.logout(optionsIn(queryOf(req))));
  app.get("/own/enter", (req) => getAuth(req).login(optionsIn(queryOf(req))));
  app.post("/own/leave", (req) => getAuth(req).logout(optionsIn(queryOf(req))));
}

/** The routes on an Express app that `framework` creates. */
export const onExpress =
  (framework: typeof express5): Framework =>
  (options, extend) => {
    const app = framework();
    app.use(auth(options));
    app.all("/private", requireSession());
    const guarded: RequestHandler = (req, res, next) =>
      requireSession(requirementIn(queryOf(req)))(req, res as never, next);
    app.all("/guarded", guarded);
    for (const [path, route] of Object.entries(routes)) {
      app.all(path, async (req, res, next) => {
        try {
          res.json(await route(req.auth, queryOf(req)));
        } catch (error) {
          next(error);
        }
      });
    }
    addResponses(app);
    extend(app);
    app.use((error: unknown, _req: Request, res: Response, _next: NextFunction) => {
      const { status, body } = describeError(error);
      res.status(status).json(body);
    });
    return app;
  };

export const expressApps = {
  "Express 5": onExpress(express5),
  "Express 4": onExpress(express4 as unknown as typeof express5),
};
