/** The engine's own conversions and digest, for what else needs them. */
export { sha256, toBase64url, toBytes, toText } from "#aead";
