import { describe, expect, test } from "vitest";
import { createNetwork } from "../../../core/provider/network.js";

const ISSUER = "https://op.example";

/** Milliseconds until a request rejects, and its code. */
async function failureOf(fetch: unknown) {
  const startedAt = performance.now();
  const ports = { now: () => 0, random: () => new Uint8Array(), fetch: fetch as never };
  const network = createNetwork({ issuer: ISSUER, httpTimeout: 0.2 }, ports);
  const code = await network.fetch(`${ISSUER}/token`).then(
    () => "no failure",
    (error) => error.code,
  );
  return { code, waited: performance.now() - startedAt };
}

describe("a request ends after httpTimeout, whatever the fetch that an app passed in does", () => {
  const never = () => new Promise<never>(() => {});
  test.each([
    ["never settles, and does not heed its signal", never],
    ["gives a body that never ends", async () => new Response(new ReadableStream({ pull: never }))],
    [
      "gives a body that begins and never ends",
      async () =>
        new Response(
          new ReadableStream({
            start(controller) {
              controller.enqueue(new TextEncoder().encode('{"issuer":'));
            },
          }),
        ),
    ],
  ])("one that %s", async (_what, fetch) => {
    const { code, waited } = await failureOf(fetch);
    expect(code).toBe("provider_unreachable");
    expect(waited).toBeGreaterThan(150);
    expect(waited).toBeLessThan(1200);
  });
});
