import { encryptSync, getKeyStore } from "express-openid-connect/lib/crypto.js";
import { compactDecrypt } from "jose";

/** The steps of lib/appSession.js, which exports only a middleware, with the library's own lib/crypto.js. */
export default {
  name: "express-openid-connect",
  note: "derives its key once; seals with node:crypto, opens with jose, which imports the key each time",
  create(session) {
    const [key] = getKeyStore("a secret for the bench of at least thirty-two characters", true);
    const options = { contentEncryptionAlgorithms: ["A256GCM"], keyManagementAlgorithms: ["dir"] };
    return {
      seal() {
        const now = Math.floor(Date.now() / 1000);
        return encryptSync(JSON.stringify(session), key, { iat: now, uat: now, exp: now + 86_400 });
      },
      async open(sealed) {
        const { plaintext } = await compactDecrypt(sealed, key, options);
        return JSON.parse(new TextDecoder().decode(plaintext));
      },
    };
  },
};
