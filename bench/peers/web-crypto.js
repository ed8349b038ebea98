/** Base64url by Buffer, or by hand on a runtime without Buffer. */
const { encode, decode } = globalThis.Buffer ? withBuffer() : withoutBuffer();

function withBuffer() {
  return {
    encode: (bytes) => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("base64url"),
    decode: (text) => Buffer.from(text, "base64url"),
  };
}

function withoutBuffer() {
  return {
    encode: (bytes) =>
      btoa(String.fromCharCode.apply(null, bytes)).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", ""),
    decode(text) {
      const binary = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
      const bytes = new Uint8Array(binary.length);
      for (let at = 0; at < bytes.length; at++) bytes[at] = binary.charCodeAt(at);
      return bytes;
    },
  };
}

export default {
  name: "Web Crypto by hand",
  note: "a limit: AES-256-GCM, JSON, base64url; the key is imported once",
  async create(session) {
    const secret = crypto.getRandomValues(new Uint8Array(32));
    const key = await crypto.subtle.importKey("raw", secret, "AES-GCM", false, ["encrypt", "decrypt"]);
    const utf8 = new TextEncoder();
    const text = new TextDecoder();
    return {
      async seal() {
        const iv = crypto.getRandomValues(new Uint8Array(12));
        const body = await crypto.subtle.encrypt({ name: "AES-GCM", iv }, key, utf8.encode(JSON.stringify(session)));
        const bytes = new Uint8Array(12 + body.byteLength);
        bytes.set(iv);
        bytes.set(new Uint8Array(body), 12);
        return encode(bytes);
      },
      async open(sealed) {
        const bytes = decode(sealed);
        const iv = bytes.subarray(0, 12);
        return JSON.parse(text.decode(await crypto.subtle.decrypt({ name: "AES-GCM", iv }, key, bytes.subarray(12))));
      },
    };
  },
};
