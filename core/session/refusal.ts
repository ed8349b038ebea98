import type { ChunkRefusal } from "../cookie/chunks.js";
import type { SealRefusal } from "../seal/sealer.js";

/**
 * Why a request has no session although it sent session cookies: the seal or the chunks were refused, a limit has passed
 * (`expired`: absolute, `inactive`: inactivity), a later sign-in or sign-out in this browser ended it (`superseded`), the
 * store does not have it (`revoked`), or the schema refused its data (`invalid_content`).
 */
export type SessionRefusal =
  | SealRefusal
  | ChunkRefusal
  | "expired"
  | "inactive"
  | "superseded"
  | "revoked"
  | "invalid_content";
