import { Auth } from "@auth/core";
import auth0 from "@auth/core/providers/auth0";
import { baseUrl, clientId, issuer, secret } from "./shared.js";

const config = {
  basePath: "/auth",
  secret,
  trustHost: true,
  providers: [auth0({ issuer, clientId, clientSecret: "client-secret" })],
  callbacks: { session: ({ session, token }) => ({ ...session, user: token.user }) },
};

export default {
  async fetch(request) {
    const headers = { cookie: request.headers.get("cookie") };
    const response = await Auth(new Request(`${baseUrl}/auth/session`, { headers }), config);
    return new Response((await response.json())?.user?.sub);
  },
};
