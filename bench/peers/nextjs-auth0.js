// The package does not export this module, so it is imported by its file path.
import { decrypt, encrypt } from "../node_modules/@auth0/nextjs-auth0/dist/server/cookies.js";

export default {
  name: "@auth0/nextjs-auth0",
  note: "derives its key each time (HKDF); jose",
  create(session) {
    const secret = "a secret for the bench of at least thirty-two characters";
    return {
      seal: () => encrypt(session, secret, Math.floor(Date.now() / 1000) + 86_400),
      open: async (sealed) => (await decrypt(sealed, secret)).payload,
    };
  },
};
