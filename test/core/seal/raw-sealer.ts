import { type AppSealer, type SealerOptions, toAppSealer } from "../../../core/seal/app-sealer.js";
import { packed } from "../../../core/seal/payload.js";
import { createSealer } from "../../../core/seal/sealer.js";

/** A sealer for exactly this purpose: `createSealer` puts a word before the purpose of an app. */
export const createRawSealer = ({ secret, purpose, maxAge = 604_800 }: SealerOptions): AppSealer =>
  toAppSealer(createSealer(secret, purpose, maxAge, packed), Date.now);
