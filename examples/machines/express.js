import express from "express";
import { auth, requireSession } from "latchkey/express";
import { html } from "../demo/html.js";
import { page } from "../page.js";
import { fingerprint, machine, options, store } from "./store.js";

const app = express();
app.use(auth(options));

const button = (path, text) => html`<form method="post" action="${path}"><button>${text}</button></form>`;

app.get("/", async (req, res) => {
  const { session, getAccessToken } = req.auth;
  const answered = html`<p>Machine <b>${machine()}</b> answered. Reload the page for the next one.</p>`;
  const title = "latchkey on several machines";
  if (!session) return res.send(page(title, html`${answered}<a href="/auth/login">Sign in</a>`));
  const [token, { length }] = [await getAccessToken(), await store.sessionsOf(session.user.sub)];
  const content = html`${answered}
    <p>Signed in. Your sessions: <b>${length}</b>. Access token: <code>${fingerprint(token)}</code>.</p>
    ${button("/refresh", "Refresh the token")} ${button("/auth/logout", "Sign out")}
    ${button("/sign-out-everywhere", "Sign out everywhere")}`;
  res.send(page(html`Hello ${session.user.name}`, content));
});

app.post("/refresh", requireSession(), async (req, res) => {
  await req.auth.getAccessToken({ refresh: true });
  res.redirect(303, "/");
});

app.post("/sign-out-everywhere", requireSession(), async (req, res) => {
  await store.signOutEverywhere(req.auth.session.user.sub);
  res.redirect(303, "/");
});

const server = app.listen(process.env.PORT, "127.0.0.1");
process.once("SIGTERM", () => server.close(() => process.exit()));
