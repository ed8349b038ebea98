/** The engine's own conversions and digest, for what else needs them. In pages, which seal nothing, something smaller. */
export { sha256, toBase64url, toBytes, toText } from "#bytes";
