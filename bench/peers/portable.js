import ironSession from "./iron-session.js";
import jose from "./jose.js";
import latchkey from "./latchkey.js";
import nextjsAuth0 from "./nextjs-auth0.js";
import webCrypto from "./web-crypto.js";

/** The peers that run on every runtime with Web Crypto. */
export const portable = [latchkey, webCrypto, jose, nextjsAuth0, ironSession];
