import { decode, encode } from "@auth/core/jwt";

export default {
  name: "@auth/core/jwt",
  note: "derives its key (HKDF) and the key's thumbprint each time; A256CBC-HS512",
  create(session) {
    const secret = "a secret for the bench of at least thirty-two characters";
    const salt = "authjs.session-token";
    return {
      seal: () => encode({ token: session, secret, salt }),
      open: (token) => decode({ token, secret, salt }),
    };
  },
};
