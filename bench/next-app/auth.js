import { createAuth } from "../../dist/next.js";

/** LATCHKEY_ISSUER, _CLIENT_ID, _CLIENT_SECRET, _SECRET and _BASE_URL say the rest. */
export const auth = createAuth();
