import { build } from "esbuild";
import { expect, test } from "vitest";
import { ExchangeError } from "../../core/errors.js";
import { runTokens } from "../../core/exchange/drive.js";

/** What another bundle of the same app has, with names that its minifier made up. */
async function copyOf(): Promise<typeof import("../../core/errors.js")> {
  const { outputFiles } = await build({
    entryPoints: ["core/errors.ts"],
    bundle: true,
    minify: true,
    write: false,
    format: "esm",
  });
  const code = Buffer.from(outputFiles[0]?.contents ?? []).toString("base64");
  return import(`data:text/javascript;base64,${code}`);
}

test("an error of a refresh that another copy of this package began is an ExchangeError here", async () => {
  const { ExchangeError: Copy } = await copyOf();
  expect(Copy).not.toBe(ExchangeError);
  const calls: string[] = [];
  const ended = runTokens(
    { emit() {}, ports: { now: Date.now } },
    { name: "due", request: {}, refreshToken: "r" },
    { name: "refresh_started" },
    {
      refresh: () => Promise.reject(new Copy("grant_ended")),
      write: () => void calls.push("write"),
      end: () => void calls.push("end"),
    },
  );
  await expect(ended).rejects.toMatchObject({ name: "ExchangeError", code: "grant_ended" });
  expect(calls).toEqual(["end"]);
});

test("an app's own error of the same name is none of ours", () => {
  for (const code of [undefined, "no_such_code", "toString", 7])
    expect(Object.assign(new Error("x"), { name: "ExchangeError", code }) instanceof ExchangeError).toBe(false);
});

test.each([undefined, null, 1, "ExchangeError", {}, new TypeError("x"), Object.create(null)])("%s is none", (value) => {
  expect(value instanceof ExchangeError).toBe(false);
});
