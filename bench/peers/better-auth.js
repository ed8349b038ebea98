import { safeJSONParse } from "@better-auth/core/utils/json";
import { base64Url } from "@better-auth/utils/base64";
import { binary } from "@better-auth/utils/binary";
import { createHMAC } from "@better-auth/utils/hmac";
import { symmetricDecodeJWT, symmetricEncodeJWT } from "better-auth/crypto";

const secret = "a secret for the bench of at least thirty-two characters";

/** The steps of better-auth for `cookieCache: { strategy: "jwe" }`. */
export const encrypted = {
  name: "better-auth, jwe",
  note: "derives its key (HKDF in JavaScript) and the key's thumbprint each time; A256CBC-HS512",
  create: (session) => ({
    seal: () => symmetricEncodeJWT(session, secret, "better-auth-session", 300),
    open: (sealed) => symmetricDecodeJWT(sealed, secret, "better-auth-session"),
  }),
};

/** The steps of better-auth's default, `compact`, from its dist/cookies/index.mjs, with its modules. */
export const signed = {
  name: "better-auth, compact",
  note: "signs only: anyone with the cookie can read it; imports the key each time; without its schema check",
  create(session) {
    const hmac = createHMAC("SHA-256", "base64urlnopad");
    return {
      async seal() {
        const expiresAt = Date.now() + 300_000;
        const signature = await hmac.sign(secret, JSON.stringify({ ...session, expiresAt }));
        return base64Url.encode(JSON.stringify({ session, expiresAt, signature }), { padding: false });
      },
      async open(sealed) {
        const { session, expiresAt, signature } = safeJSONParse(binary.decode(base64Url.decode(sealed)));
        const isValid = await hmac.verify(secret, JSON.stringify({ ...session, expiresAt }), signature);
        return isValid ? session : undefined;
      },
    };
  },
};
