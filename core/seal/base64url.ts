/** The engine's own, for whoever needs a few random bytes as text. */
export { toBase64url } from "#aead";
