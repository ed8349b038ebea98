import { Auth0Client } from "@auth0/nextjs-auth0/server";

/** AUTH0_DOMAIN, _CLIENT_ID, _CLIENT_SECRET, _SECRET and APP_BASE_URL say the rest. */
export const auth0 = new Auth0Client();
