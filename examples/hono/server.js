import { Hono } from "hono";
import { createAuth } from "latchkey/edge";
import { page } from "../page.js";

const auth = createAuth({ env: process.env });

/** Runs what comes after it inside of `auth.wrap` or `auth.requireSession`. `c.env` stays what the runtime gives. */
const inside = (wrap) => async (c, next) => {
  const serve = wrap(async (_request, requestAuth) => {
    c.set("auth", requestAuth);
    await next();
    return c.res;
  });
  const response = await serve(c.req.raw);
  // Hono adds the headers of the response before to one that replaces it; without a response before, it adds none.
  c.res = undefined;
  c.res = response;
};

const app = new Hono();
app.use(inside(auth.wrap));

app.get("/", (c) => {
  const form = `<p>Signed in. <a href="/invoices">Your invoices</a></p><form method="post" action="/auth/logout"><button>Sign out</button></form>`;
  const link = `<p>You are not signed in.</p><a href="/auth/login">Sign in</a>`;
  return c.html(page("latchkey on Hono", c.get("auth").session ? form : link));
});
app.get("/invoices", inside(auth.requireSession), (c) => c.json(c.get("auth").session.user));

export default app;
