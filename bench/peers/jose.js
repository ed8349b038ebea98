import { CompactEncrypt, compactDecrypt } from "jose";

export default {
  name: "jose",
  note: "CompactEncrypt, with a key that was imported once",
  async create(session) {
    const bytes = crypto.getRandomValues(new Uint8Array(32));
    const key = await crypto.subtle.importKey("raw", bytes, "AES-GCM", false, ["encrypt", "decrypt"]);
    const utf8 = new TextEncoder();
    const text = new TextDecoder();
    return {
      seal: () =>
        new CompactEncrypt(utf8.encode(JSON.stringify(session)))
          .setProtectedHeader({ alg: "dir", enc: "A256GCM" })
          .encrypt(key),
      open: async (sealed) => JSON.parse(text.decode((await compactDecrypt(sealed, key)).plaintext)),
    };
  },
};
