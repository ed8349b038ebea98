/*
 * The conversions of core/bytes.ts for a page: smaller code, but slow for more than a few dozen bytes. A page seals nothing.
 */

export const toBytes = (text: string): Uint8Array => new TextEncoder().encode(text);

export const toText = (bytes: Uint8Array, start = 0): string => new TextDecoder().decode(bytes.subarray(start));

export const toBase64url = (bytes: Uint8Array): string =>
  btoa(String.fromCharCode(...bytes))
    .replaceAll("+", "-")
    .replaceAll("/", "_")
    .replaceAll("=", "");

export const sha256 = async (text: string): Promise<string> =>
  toBase64url(new Uint8Array(await crypto.subtle.digest("SHA-256", toBytes(text) as Uint8Array<ArrayBuffer>)));
