import { describe, expect, test } from "vitest";
import { encrypt } from "#aead";
import { createKeyring } from "../../../core/seal/keyring.js";
import { pack } from "../../../core/seal/payload.js";
import { createRawSealer } from "./raw-sealer.js";
import vectors from "./vectors.json" with { type: "json" };

/** Made by vectors.generate.mjs with node:crypto and jose, from what core/seal documents and without its code. */
describe.each(vectors)("test vector: $purpose at $now", ({ secret, purpose, now, iv, payload, sealed }) => {
  test("opens to its payload", async () => {
    const sealer = createRawSealer({ secret, purpose });
    expect(await sealer.open(sealed, now)).toEqual({ ok: true, payload, stale: false });
  });

  test("is what its payload seals to under its IV", async () => {
    const { key } = await createKeyring([secret], purpose, 60).toSeal(now);
    expect(await encrypt(key, pack(payload), Buffer.from(iv, "hex"))).toBe(sealed);
  });
});
