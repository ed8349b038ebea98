// Another package declares `auth` and `accessToken` on every request. Compiled, never run: see test/repository/users.test.ts.

import express from "express";
import { auth, requireSession, verifyAccessToken } from "latchkey/express";

declare global {
  namespace Express {
    interface Request {
      auth?: { payload: string };
      accessToken?: { kid: string };
    }
  }
}

const app = express();
app.use(auth());
app.get("/", (req, res) => void res.json([req.auth.session?.data, req.auth.payload]));
app.get("/private", requireSession(), (req, res) => void res.json(req.auth.session.user));
app.get("/api", verifyAccessToken(), (req, res) => void res.json([req.accessToken.claims.sub, req.accessToken.kid]));
