/** The conversions and the digest of the crypto engine. Pages, which seal nothing, get a smaller implementation. */
export { sha256, toBase64url, toBytes, toText } from "#bytes";
