import { toBytes, toText } from "#aead";
import type { Codec } from "./sealer.js";

/** JSON text and nothing else, of the lists that sessions seal: smaller to ship than `payload.ts`, which opens what this sealed. */
export const json: Codec = {
  pack: (payload) => toBytes(JSON.stringify(payload)),
  unpack: (bytes) => JSON.parse(toText(bytes)),
};
