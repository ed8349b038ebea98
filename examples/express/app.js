import express from "express";
import { auth, requireSession } from "latchkey/express";
import { page } from "../page.js";

const app = express();
app.use(auth());

app.get("/", (req, res) => {
  const form = `<p>Signed in. <a href="/invoices">Your invoices</a></p><form method="post" action="/auth/logout"><button>Sign out</button></form>`;
  const link = `<p>You are not signed in.</p><a href="/auth/login">Sign in</a>`;
  res.send(page("latchkey on Express", req.auth.session ? form : link));
});
app.get("/invoices", requireSession(), (req, res) => res.json(req.auth.session.user));

app.listen(process.env.PORT);
