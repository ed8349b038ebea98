import { build } from "esbuild";
import { beforeAll, describe, expect, test } from "vitest";
import { AccessTokenError } from "../../adapters/next/auth0/access-token-error.js";
import { SessionError } from "../../adapters/react/server-session.js";
import { CookieTooLargeError, ExchangeError, LatchkeyError, MisuseError } from "../../core/errors.js";
import { renewToken } from "../../core/exchange/renewal.js";

const classes = { AccessTokenError, CookieTooLargeError, ExchangeError, LatchkeyError, MisuseError, SessionError };
type Classes = typeof classes;

/** The error classes of another bundle of the same app, with the short names that a minifier gives them. */
async function copyOf(): Promise<Classes> {
  const contents = `export * from "./core/errors.ts";
    export { AccessTokenError } from "./adapters/next/auth0/access-token-error.ts";
    export { SessionError } from "./adapters/react/server-session.ts";`;
  const { outputFiles } = await build({
    stdin: { contents, resolveDir: process.cwd() },
    bundle: true,
    minify: true,
    write: false,
    format: "esm",
  });
  const code = Buffer.from(outputFiles[0]?.contents ?? []).toString("base64");
  return import(`data:text/javascript;base64,${code}`);
}

const errorsOf = (from: Classes) => ({
  AccessTokenError: new from.AccessTokenError("invalid_session"),
  CookieTooLargeError: new from.CookieTooLargeError(8000, 7600, []),
  ExchangeError: new from.ExchangeError("grant_ended"),
  MisuseError: new from.MisuseError("invalid_config", "x"),
  SessionError: new from.SessionError(500),
});
const names = Object.keys(errorsOf(classes)) as Array<keyof ReturnType<typeof errorsOf>>;

let copy: Classes;
beforeAll(async () => {
  copy = await copyOf();
});

test("a copy has classes of its own", () => {
  for (const name of names) expect(copy[name]).not.toBe(classes[name]);
});

describe.each(names)("%s", (name) => {
  test("of one copy is an instance of the other copy's class of that name, of LatchkeyError, and of no other class", () => {
    for (const [made, tested] of [
      [copy, classes],
      [classes, copy],
      [classes, classes],
    ] as const) {
      const error = errorsOf(made)[name];
      const recognised = (["LatchkeyError", ...names] as const).filter((other) => error instanceof tested[other]);
      expect(recognised).toEqual(["LatchkeyError", name]);
    }
  });

  test("has its name and a stable code", () => {
    for (const from of [classes, copy]) {
      const error = errorsOf(from)[name];
      expect(`${error}`).toMatch(new RegExp(`^${name}: latchkey: `));
      expect(error.code).toMatch(/^[a-z]+(_[a-z]+)+$/);
    }
  });
});

describe("a class that an app derives", () => {
  class Derived extends ExchangeError {}

  test("has only its own errors as instances, which are also instances of the classes it derives from", () => {
    const derived = new Derived("grant_ended");
    for (const type of [Derived, ExchangeError, LatchkeyError, copy.ExchangeError, copy.LatchkeyError])
      expect(derived instanceof type).toBe(true);
    for (const error of [new ExchangeError("grant_ended"), new copy.ExchangeError("grant_ended")])
      expect(error instanceof Derived).toBe(false);
  });
});

test("an ExchangeError of another copy of this package, thrown by a refresh, ends the session here", async () => {
  const calls: string[] = [];
  const ended = renewToken(
    { emit() {}, ports: { now: Date.now } },
    { name: "due", request: {} },
    { name: "refresh_started" },
    {
      refresh: () => Promise.reject(new copy.ExchangeError("grant_ended")),
      storeTokens: () => calls.push("storeTokens") > 0,
      endSession: () => void calls.push("endSession"),
    },
  );
  await expect(ended).rejects.toMatchObject({ name: "ExchangeError", code: "grant_ended" });
  expect(calls).toEqual(["endSession"]);
});

test.each([
  ["no code", {}],
  ["a code of latchkey", { code: "grant_ended" }],
  ["text in the place of latchkey's method", { code: "grant_ended", latchkeyError: "ExchangeError" }],
  ["all members that JSON can hold", JSON.parse(JSON.stringify({ ...new ExchangeError("grant_ended") }))],
])("an app's own error with the name ExchangeError and %s is no instance of latchkey's classes", (_what, members) => {
  const error = Object.assign(new Error("x"), { name: "ExchangeError" }, members);
  for (const type of Object.values(classes)) expect(error instanceof type).toBe(false);
});

test.each([undefined, null, 1, "ExchangeError", {}, new TypeError("x"), Object.create(null)])(
  "%s is no instance of latchkey's classes",
  (value) => {
    for (const type of Object.values(classes)) expect(value instanceof type).toBe(false);
  },
);
