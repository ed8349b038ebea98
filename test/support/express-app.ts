import express5 from "express";
// @ts-expect-error: the alias has no types of its own; those of Express 5 serve
import express4 from "express4";
import { auth, requireSession } from "../../adapters/express.js";
import type { Framework } from "./app.js";

/** The routes on an Express app that `framework` makes. */
export const onExpress =
  (framework: typeof express5): Framework =>
  (options, extend) => {
    const app = framework();
    app.use(auth(options));
    app.get("/", (req, res) => {
      res.json({ session: req.auth.session, reason: req.auth.reason });
    });
    app.get("/private", requireSession(), (req, res) => {
      res.json({ sub: req.auth.session?.user.sub });
    });
    app.get("/untouched", (_req, res) => {
      res.set("cache-control", "public, s-maxage=31536000").send("static");
    });
    app.get("/token", async (req, res, next) => {
      try {
        res.json({ token: await req.auth.accessToken({ refresh: req.query["force"] !== undefined }) });
      } catch (error) {
        next(error);
      }
    });
    app.get("/update", async (req, res, next) => {
      try {
        await req.auth.update(req.query as Record<string, unknown>);
        res.json({ data: req.auth.session?.data });
      } catch (error) {
        next(error);
      }
    });
    extend(app);
    return app;
  };

export const expressApps = {
  "Express 5": onExpress(express5),
  "Express 4": onExpress(express4 as unknown as typeof express5),
};
