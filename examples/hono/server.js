import { Hono } from "hono";
import { createAuth } from "latchkey/edge";

const auth = createAuth({ env: process.env });
const app = new Hono();

app.get("/", (c) => {
  const form = `<p>Signed in.</p><form method="post" action="/auth/logout"><button>Sign out</button></form>`;
  return c.html(c.env.session ? form : `<a href="/auth/login">Sign in</a>`);
});
app.get("/invoices", (c) => auth.requireSession((_request, { session }) => c.json(session.user))(c.req.raw));

export default { fetch: auth.wrap((request, { session }) => app.fetch(request, { session })) };
