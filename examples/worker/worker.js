import { env } from "cloudflare:workers";
import { createAuth } from "latchkey/edge";
import { page } from "../page.js";

const auth = createAuth({ env });
const html = { headers: { "content-type": "text/html" } };

export default {
  fetch: auth.wrap((_request, { session }) => {
    const content = session
      ? `<p>Signed in. <a href="/auth/me">Your user</a></p><form method="post" action="/auth/logout"><button>Sign out</button></form>`
      : `<p>You are not signed in.</p><a href="/auth/login">Sign in</a>`;
    return new Response(page("latchkey on Workers", content), html);
  }),
};
