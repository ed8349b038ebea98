import { createSealer } from "../../dist/index.js";

export default {
  name: "latchkey",
  ours: true,
  /** The longest value that it opens: servers refuse a longer Cookie header. */
  mostSealed: 16_384,
  create(session) {
    const sealer = createSealer({
      secret: "a secret for the bench of at least thirty-two characters",
      purpose: "bench",
    });
    const open = (opened) => {
      if (!opened.ok) throw new Error(`latchkey: ${opened.reason}`);
      return opened.payload;
    };
    return {
      seal: () => sealer.seal(session, Date.now()),
      // Returns a promise only while a key is derived, and on Web Crypto.
      open(sealed) {
        const opened = sealer.open(sealed, Date.now());
        return opened.ok === undefined ? opened.then(open) : open(opened);
      },
    };
  },
};
