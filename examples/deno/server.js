import { createAuth } from "latchkey/edge";

const auth = createAuth({ env: Deno.env.toObject() });

export default {
  fetch: auth.wrap((_request, { session }) => {
    const page = session
      ? `<p>Signed in.</p><form method="post" action="/auth/logout"><button>Sign out</button></form>`
      : `<a href="/auth/login">Sign in</a>`;
    return new Response(page, { headers: { "content-type": "text/html" } });
  }),
};
