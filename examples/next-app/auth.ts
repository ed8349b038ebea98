import { createAuth } from "latchkey/next";

/** The options come from LATCHKEY_ISSUER, _CLIENT_ID, _CLIENT_SECRET, _SECRET and _BASE_URL. */
export const auth = createAuth<{ visits?: number }>();
