import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { connect } from "node:net";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, describe, expect, test } from "vitest";

const root = fileURLToPath(new URL("../..", import.meta.url));
const names = readdirSync(join(root, "examples")).filter((name) =>
  existsSync(join(root, "examples", name, "example.js")),
);
/** The examples with Next are tested by `npm run test:next`. */
const examples = names.filter((name) => !name.includes("next") && name !== "machines");
const children = new Set<ChildProcess>();
/** Servers that occupy a port. */
const occupants = new Set<Server>();

afterEach(async () => {
  for (const child of children) child.kill("SIGKILL");
  await Promise.all([...occupants].map((server) => new Promise((done) => server.close(done))));
  children.clear();
  occupants.clear();
});

interface Run {
  readonly child: ChildProcess;
  readonly ended: Promise<number | null>;
  output(): string;
}

/** Runs `npm run example -- <name>`, without npm. */
function run(name: string): Run {
  const child = spawn(process.execPath, ["examples/start.js", name], { cwd: root, stdio: ["ignore", "pipe", "pipe"] });
  children.add(child);
  let output = "";
  for (const stream of [child.stdout, child.stderr])
    stream.on("data", (part) => {
      output += part;
    });
  const ended = new Promise<number | null>((resolve) => child.on("close", resolve));
  return { child, ended, output: () => output };
}

/** The address that an example prints once its app responds. */
async function addressOf({ child, output }: Run): Promise<string> {
  for (let attempt = 0; attempt < 600 && child.exitCode === null; attempt++) {
    const address = /: (http:\/\/127\.0\.0\.1:\d+)\n/.exec(output())?.[1];
    if (address) return address;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`the example did not start: ${output()}`);
}

const isListening = (url: string) =>
  new Promise((resolve) => {
    const socket = connect(Number(new URL(url).port), "127.0.0.1")
      .on("connect", () => {
        socket.destroy();
        resolve(true);
      })
      .on("error", () => resolve(false));
  });

describe.each(examples)("npm run example -- %s", (name) => {
  test("a user signs in at the real provider and signs out, and Ctrl+C stops the example", async () => {
    const { createBrowser, location } = await import("../../examples/demo/browser.js");
    const { submitForm, signOutAtProvider } = await import("../../examples/demo/actions.js");
    const example = run(name);
    const app = await addressOf(example);
    const browser = createBrowser();
    const fetchMe = async () => JSON.parse((await browser.fetch(`${app}/auth/me`)).body);

    expect((await browser.open(app)).body).toContain('<a href="/auth/login">Sign in</a>');
    expect(await fetchMe()).toEqual({ user: null });
    const nextUrl = location(await browser.open(`${app}/auth/login`, "same-origin")) as URL;
    const world = { app, issuer: nextUrl.origin } as never;
    const walk = { world, browser, nextUrl };
    await submitForm(walk, /<h1>Sign in<\/h1>/, { name: "ada", password: "demo", action: "sign-in" });
    await submitForm(walk, /<h1>Allow access\?<\/h1>/, { action: "allow" });
    let back: URL | undefined = walk.nextUrl;
    while (back && back.href !== `${app}/`) back = location(await browser.open(back, "cross-site"));
    expect(back?.href).toBe(`${app}/`);
    expect((await browser.open(app)).body).toContain("Signed in.");
    expect((await fetchMe()).user).toMatchObject({ sub: "ada", name: "Ada Lovelace" });

    const providerSignOut = location(await browser.submit(`${app}/auth/logout`)) as URL;
    expect(await fetchMe()).toEqual({ user: null });
    await signOutAtProvider(walk, providerSignOut);
    expect((await browser.open(app)).body).toContain("Sign in</a>");

    example.child.kill("SIGINT");
    expect(await example.ended).toBe(0);
    expect(await isListening(app)).toBe(false);
    expect(await isListening(nextUrl.origin)).toBe(false);
  });
});

test.each([
  ["worker/worker.js", 15],
  ["deno/server.js", 15],
  ["bun/server.js", 15],
  ["express/app.js", 15],
  ["hono/server.js", 15],
])("%s imports the package by its name and has at most %i lines", (file, lines) => {
  const code = readFileSync(join(root, "examples", file), "utf8");
  expect(code).toMatch(/from "latchkey\/(edge|express)"/);
  expect(code.trim().split("\n").length).toBeLessThanOrEqual(lines);
});

test("an unknown example name prints the names of all examples", async () => {
  const { ended, output } = run("nothing");
  expect(await ended).toBe(2);
  for (const name of names) expect(output()).toContain(name);
});

// The demo is tested in this file so that it does not run at the same time as the examples: they prefer the same ports.

/** Runs `npm run demo -- --once`, without npm and the build. */
const demo = (...nodeOptions: string[]) =>
  new Promise<{ code: number | null; out: string; err: string }>((resolve) => {
    const { FORCE_COLOR: _, ...env } = process.env;
    const child = spawn(process.execPath, [...nodeOptions, "examples/demo/main.js", "--once"], { cwd: root, env });
    children.add(child);
    let out = "";
    let err = "";
    child.stdout.on("data", (part) => {
      out += part;
    });
    child.stderr.on("data", (part) => {
      err += part;
    });
    child.on("close", (code) => {
      children.delete(child);
      resolve({ code, out, err });
    });
  });

/** Occupies a port. Waits up to 30 s if another program has it; if that program keeps the port, it is occupied too. */
async function occupy(port: number): Promise<void> {
  const listen = () =>
    new Promise<boolean>((resolve) => {
      const server = createServer().once("error", () => resolve(false));
      server.listen(port, () => resolve(occupants.add(server) === occupants));
    });
  await expect
    .poll(listen, { timeout: 30_000, interval: 250 })
    .toBe(true)
    .catch(() => {});
}

/** A Node option that makes requests to one endpoint of the provider fail with 503. */
const failingEndpoint = (path: string) => {
  const code = `const real = globalThis.fetch;
    globalThis.fetch = (input, init) => new URL(input.url ?? input).pathname === ${JSON.stringify(path)}
      ? Promise.resolve(new Response("{}", { status: 503 })) : real(input, init);`;
  return `--import=data:text/javascript,${encodeURIComponent(code)}`;
};

describe("npm run demo -- --once", () => {
  test("passes every step and exits with code 0, on free ports if the usual ones are in use", async () => {
    await Promise.all([3000, 4000, 4001].map(occupy));
    const { code, out, err } = await demo();
    expect(err).toBe("");
    expect(out).toMatch(/\b(\d+) of \1 steps passed/);
    expect(code).toBe(0);
    expect(out).not.toMatch(/:(3000|4000|4001)\b/);
    expect(out).toMatch(/exchange {2}idle -> requesting authorization -> awaiting callback/);
    expect(out).toMatch(/redeeming code -> verifying id token -> authenticated/);
    expect(out).toMatch(/token {2}due -> refreshing -> fresh/);
  }, 90_000);

  test("prints no secrets, no colours to a pipe, and no line over 100 columns", async () => {
    const { out } = await demo();
    expect(out).not.toContain("\u001b");
    expect(Math.max(...out.split("\n").map((line) => line.length))).toBeLessThanOrEqual(100);
    // Tokens, sealed values, secrets and codes have 25 characters or more; words of the output have fewer.
    expect(out.split(/[\s/:]+/).filter((word) => /^[\w.~-]{25,}$/.test(word))).toEqual([]);
  });

  test.each([
    ["the code cannot be redeemed", "/token", /FAIL\n.*the callback leads to returnTo/],
    ["the provider cannot be found", "/.well-known/openid-configuration", /FAIL\n.*\/auth\/login redirects/],
  ])("exits with code 1 and names the failed step when %s", async (_, path, words) => {
    const { code, out } = await demo(failingEndpoint(path));
    expect(code).toBe(1);
    expect(out).toMatch(words);
    expect(out).not.toMatch(/\b(\d+) of \1 steps passed/);
  });
});
