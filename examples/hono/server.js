import { Hono } from "hono";
import { createAuth } from "latchkey/edge";
import { page } from "../page.js";

const auth = createAuth({ env: process.env });
const app = new Hono();

app.get("/", async (c) => {
  const form = `<p>Signed in. <a href="/invoices">Your invoices</a></p><form method="post" action="/auth/logout"><button>Sign out</button></form>`;
  const link = `<p>You are not signed in.</p><a href="/auth/login">Sign in</a>`;
  return c.html(page("latchkey on Hono", (await auth.getSession(c.req.raw)) ? form : link));
});
app.get("/invoices", (c) => auth.requireSession((_request, { session }) => c.json(session.user))(c.req.raw));

export default { fetch: auth.wrap((request, _auth, ...passed) => app.fetch(request, ...passed)) };
