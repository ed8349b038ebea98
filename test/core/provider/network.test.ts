import { describe, expect, test } from "vitest";
import { createNetwork } from "../../../core/provider/network.js";

const ISSUER = "https://op.example";

/** The code with which a request rejects, and the milliseconds until then. */
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

describe("a request ends after httpTimeout, even with an app's own fetch", () => {
  const never = () => new Promise<never>(() => {});
  test.each([
    ["never settles, and ignores its signal", never],
    ["returns a body that never ends", async () => new Response(new ReadableStream({ pull: never }))],
    [
      "returns a body that begins and never ends",
      async () =>
        new Response(
          new ReadableStream({
            start(controller) {
              controller.enqueue(new TextEncoder().encode('{"issuer":'));
            },
          }),
        ),
    ],
  ])("that %s", async (_what, fetch) => {
    const { code, waited } = await failureOf(fetch);
    expect(code).toBe("provider_unreachable");
    expect(waited).toBeGreaterThan(150);
    expect(waited).toBeLessThan(1200);
  });
});
