import { Auth0Client } from "@auth0/nextjs-auth0/server";

/** The other options come from AUTH0_DOMAIN, _CLIENT_ID, _CLIENT_SECRET, _SECRET and APP_BASE_URL. */
export const auth0 = new Auth0Client();
