import { sealData, unsealData } from "iron-session";

export default {
  name: "iron-session",
  note: "derives two keys each time (PBKDF2, one iteration); AES-256-CBC and HMAC",
  create(session) {
    const password = "a password for the bench of at least thirty-two characters";
    return {
      seal: () => sealData(session, { password }),
      open: (sealed) => unsealData(sealed, { password }),
    };
  },
};
