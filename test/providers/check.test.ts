import { expect, test } from "vitest";
import { checkSetup } from "../../adapters/check/index.js";
import { playProvider } from "./fake-provider.js";
import { plays } from "./quirks.js";

test.each(Object.entries(plays))("checkSetup finds nothing wrong with %s, played over HTTP", async (_name, play) => {
  const { fetch } = await playProvider(play.quirks);
  const options = { provider: play.describe(), fetch, env: {}, baseUrl: "https://app.example" };
  const { findings } = await checkSetup(
    { ...options, secret: "a secret of at least thirty-two characters" },
    { only: ["options", "issuer", "endpoints", "keys"] },
  );
  expect(findings.filter(({ status }) => status === "failed")).toEqual([]);
  expect(findings.filter(({ status }) => status === "ok").map(({ check }) => check)).toEqual(
    expect.arrayContaining(["options", "issuer", "endpoints"]),
  );
});
