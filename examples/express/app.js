import express from "express";
import { auth, requireSession } from "latchkey/express";

const app = express();
app.use(auth());

app.get("/", (req, res) => {
  const form = `<p>Signed in.</p><form method="post" action="/auth/logout"><button>Sign out</button></form>`;
  res.send(req.auth.session ? form : `<a href="/auth/login">Sign in</a>`);
});
app.get("/invoices", requireSession(), (req, res) => res.json(req.auth.session.user));

app.listen(process.env.PORT);
