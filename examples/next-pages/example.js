import { buildNext, next } from "../next-build.js";

/** The app uses `initAuth0` of nextjs-auth0 0.x, with the environment variables that its users have. @type {import("../start.js").Example} */
export default {
  runsOn: "Next.js, Pages Router",
  port: 3007,
  mount: "/api",
  variables: ({ url, clientId, clientSecret, secret, api }) => ({
    AUTH0_DOMAIN: "localhost",
    AUTH0_CLIENT_ID: clientId,
    AUTH0_CLIENT_SECRET: clientSecret,
    AUTH0_SCOPE: "openid profile read:shows",
    REDIRECT_URI: `${url}/api/callback`,
    POST_LOGOUT_REDIRECT_URI: `${url}/`,
    SESSION_COOKIE_SECRET: secret,
    API_URL: api,
  }),
  async command({ port }) {
    await buildNext("next-pages");
    return [process.execPath, next, "start", "-p", port];
  },
};
