import Keygrip from "keygrip";

/** The steps of cookie-session and of its cookies module, which export only middleware. */
export default {
  name: "cookie-session",
  note: "signs only: anyone with the cookie can read it; HMAC-SHA1",
  create(session) {
    const keys = new Keygrip(["a secret for the bench of at least thirty-two characters"]);
    return {
      seal() {
        const value = Buffer.from(JSON.stringify(session)).toString("base64");
        return `${value}.${keys.sign(`session=${value}`)}`;
      },
      open(sealed) {
        const at = sealed.lastIndexOf(".");
        const value = sealed.slice(0, at);
        if (keys.index(`session=${value}`, sealed.slice(at + 1)) < 0) return undefined;
        return JSON.parse(Buffer.from(value, "base64").toString("utf8"));
      },
    };
  },
};
