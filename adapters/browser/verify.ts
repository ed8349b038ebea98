import { toText } from "../../core/bytes.js";
import type { VerifyJws } from "../../core/provider/keys.js";
import { createVerifier } from "../../core/provider/signature.js";

const bytesOf = (base64url: string): Uint8Array =>
  Uint8Array.from(atob(base64url.replaceAll("-", "+").replaceAll("_", "/")), (character) => character.charCodeAt(0));

/** Verifies a JWS in a page, whose bundle has no room for jose. */
export const verifyJws: VerifyJws = /* @__PURE__ */ createVerifier(
  (head) => JSON.parse(toText(bytesOf(head))),
  bytesOf,
);
