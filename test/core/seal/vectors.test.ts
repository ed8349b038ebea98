import { describe, expect, test } from "vitest";
import { encrypt } from "#aead";
import { createKeyring } from "../../../core/seal/keyring.js";
import { pack } from "../../../core/seal/payload.js";
import { createRawSealer } from "./raw-sealer.js";
import vectors from "./vectors.json" with { type: "json" };

/** vectors.generate.mjs made them with node:crypto and jose, without the code of core/seal. */
describe.each(vectors)("test vector: $purpose at $now", ({ secret, purpose, now, iv, payload, sealed }) => {
  test("opens to its payload", async () => {
    const sealer = createRawSealer({ secret, purpose });
    expect(await sealer.open(sealed, now)).toEqual({ ok: true, payload, stale: false });
  });

  test("is the result of sealing its payload with its IV", async () => {
    const { key } = await createKeyring([secret], purpose, 60).toSeal(now);
    expect(await encrypt(key, pack(payload), Buffer.from(iv, "hex"))).toBe(sealed);
  });
});
