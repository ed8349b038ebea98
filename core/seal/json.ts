import { toBytes, toText } from "#aead";
import type { Codec } from "./sealer.js";

/** A codec of plain JSON text, for the lists that sessions seal. It is smaller to ship than `packed`, which can unpack its bytes. */
export const json: Codec = {
  pack: (payload) => toBytes(JSON.stringify(payload)),
  unpack: (bytes) => JSON.parse(toText(bytes)),
};
