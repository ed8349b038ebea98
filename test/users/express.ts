// An Express app that guards routes. It is compiled, never run: see test/repository/users.test.ts.

import express, { type Request, type Response, Router } from "express";
import { auth, getSignedInAuth, requireSession, verifyAccessToken } from "latchkey/express";

const app = express();
app.use(auth());

app.get("/", (req, res) => {
  res.json(req.auth.session?.user.sub);
  // @ts-expect-error: without a guard the session may be null
  res.json(req.auth.session.user.sub);
});

app.get("/invoices/:id", requireSession(), (req, res) => {
  const id: string = req.params.id;
  res.json({ id, user: req.auth.session.user.sub });
  // @ts-expect-error: the path has no such parameter
  res.json(req.params.other);
});
app.get("/invoices/:id", requireSession(), async (req, res) => {
  await req.auth.update({ seen: req.params.id });
  await req.auth.logout({ returnTo: "/" });
  res.json(req.auth.session.expiresAt);
});

app.use(requireSession());
app.use("/private", requireSession(), (req, res) => void res.json(req.auth.session.user));
app.all("/private", requireSession());
app.route("/route").get(requireSession(), (req, res) => void res.json(req.auth.session.user));

const router = Router();
router.post("/", requireSession(), express.json(), async (req, res) => {
  res.json([req.auth.session.user, req.body]);
});
app.use("/router", router);

// A handler with types of its own.
const profile = (req: Request, res: Response): void => void res.json(getSignedInAuth(req).session.user);
app.get("/profile", requireSession(), profile);
const invoice = (req: Request<{ id: string }>, res: Response<{ sub: string }>): void =>
  void res.json({ sub: req.auth.session?.user.sub ?? req.params.id });
app.get("/profile/:id", requireSession(), invoice);

app.get("/shows/:id", verifyAccessToken({ scope: "read:shows" }), (req, res) => {
  res.json([req.accessToken.claims.sub, req.params.id]);
  // @ts-expect-error: the path has no such parameter
  res.json(req.params.other);
});
