import express from "express";
import { auth } from "../../../dist/express.js";

export function createApp(settings) {
  const app = express();
  app.use(auth({ ...settings, scope: "openid profile email offline_access" }));
  app.get("/token", async (request, response) => {
    response.json({ token: await request.auth.getAccessToken({ refresh: "refresh" in request.query }) });
  });
  return app;
}
