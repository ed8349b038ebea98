/** Base64url without padding (RFC 4648 5) of a few random bytes; the seal has its own, faster one. */
export const toBase64url = (bytes: Uint8Array): string =>
  btoa(String.fromCharCode(...bytes))
    .replaceAll("+", "-")
    .replaceAll("/", "_")
    .replaceAll("=", "");
