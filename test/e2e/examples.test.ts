import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { connect } from "node:net";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, describe, expect, test } from "vitest";

const root = fileURLToPath(new URL("../..", import.meta.url));
/** Those that Next has to build are tested with the others that it builds: `npm run test:next`. */
const examples = readdirSync(join(root, "examples")).filter(
  (name) => existsSync(join(root, "examples", name, "example.js")) && !name.includes("next"),
);
const running = new Set<ChildProcess>();
const held = new Set<Server>();

afterEach(async () => {
  for (const child of running) child.kill("SIGKILL");
  await Promise.all([...held].map((server) => new Promise((done) => server.close(done))));
  running.clear();
  held.clear();
});

interface Run {
  readonly child: ChildProcess;
  readonly ended: Promise<number | null>;
  output(): string;
}

/** Runs what `npm run example -- <name>` runs. */
function run(name: string): Run {
  const child = spawn(process.execPath, ["examples/start.js", name], { cwd: root, stdio: ["ignore", "pipe", "pipe"] });
  running.add(child);
  let output = "";
  for (const stream of [child.stdout, child.stderr])
    stream.on("data", (part) => {
      output += part;
    });
  const ended = new Promise<number | null>((resolve) => child.on("close", resolve));
  return { child, ended, output: () => output };
}

/** The address that it prints once it is up. */
async function addressOf({ child, output }: Run): Promise<string> {
  for (let attempt = 0; attempt < 600 && child.exitCode === null; attempt++) {
    const address = /: (http:\/\/127\.0\.0\.1:\d+)\n/.exec(output())?.[1];
    if (address) return address;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`it did not start: ${output()}`);
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
  test("somebody signs in at the real provider, is known, signs out, and Ctrl-C stops all", async () => {
    const { createBrowser, location } = await import("../../examples/demo/browser.js");
    const { answerForm, signOutAtProvider } = await import("../../examples/demo/moves.js");
    const { mount = "/auth" } = (await import(`../../examples/${name}/example.js`)).default;
    const example = run(name);
    const app = await addressOf(example);
    const browser = createBrowser();
    const me = async () => JSON.parse((await browser.fetch(`${app}${mount}/me`)).body);

    expect((await browser.open(app)).body).toContain(`<a href="${mount}/login">Sign in</a>`);
    expect(await me()).toEqual({ user: null });
    const at = location(await browser.open(`${app}${mount}/login`, "same-origin")) as URL;
    const world = { app, issuer: at.origin } as never;
    const walk = { world, browser, at };
    await answerForm(walk, /<h1>Sign in<\/h1>/, { name: "ada", password: "demo", action: "sign-in" });
    await answerForm(walk, /<h1>Allow access\?<\/h1>/, { action: "allow" });
    let back: URL | undefined = walk.at;
    while (back && back.href !== `${app}/`) back = location(await browser.open(back, "cross-site"));
    expect(back?.href).toBe(`${app}/`);
    expect((await browser.open(app)).body).toContain("Signed in.");
    expect((await me()).user).toMatchObject({ sub: "ada", name: "Ada Lovelace" });

    const leaving = location(await browser.submit(`${app}${mount}/logout`)) as URL;
    expect(await me()).toEqual({ user: null });
    await signOutAtProvider(walk, leaving);
    expect((await browser.open(app)).body).toContain("Sign in</a>");

    example.child.kill("SIGINT");
    expect(await example.ended).toBe(0);
    expect(await isListening(app)).toBe(false);
    expect(await isListening(at.origin)).toBe(false);
  });
});

test.each(["worker/worker.js", "deno/server.js", "bun/server.js", "hono/server.js", "express/app.js"])(
  "%s is about a dozen lines that import the package by its name",
  (file) => {
    const code = readFileSync(join(root, "examples", file), "utf8");
    expect(code).toMatch(/from "latchkey\/(edge|express)"/);
    expect(code.trim().split("\n").length).toBeLessThanOrEqual(15);
  },
);

test("an example that there is not: its name is answered with those that there are", async () => {
  const { ended, output } = run("nothing");
  expect(await ended).toBe(2);
  for (const name of examples) expect(output()).toContain(name);
});

// In one file with the examples, one after the other: all of them want the usual ports.

/** Runs what `npm run demo -- --once` runs after the build. */
const demo = (...nodeOptions: string[]) =>
  new Promise<{ code: number | null; out: string; err: string }>((resolve) => {
    const { FORCE_COLOR: _, ...env } = process.env;
    const child = spawn(process.execPath, [...nodeOptions, "examples/demo/main.js", "--once"], { cwd: root, env });
    running.add(child);
    let out = "";
    let err = "";
    child.stdout.on("data", (part) => {
      out += part;
    });
    child.stderr.on("data", (part) => {
      err += part;
    });
    child.on("close", (code) => {
      running.delete(child);
      resolve({ code, out, err });
    });
  });

/** Holds a port. Who has it for a while only, as another test, is waited for; who keeps it has it taken as well. */
async function hold(port: number): Promise<void> {
  const listen = () =>
    new Promise<boolean>((resolve) => {
      const server = createServer().once("error", () => resolve(false));
      server.listen(port, () => resolve(held.add(server) === held));
    });
  await expect
    .poll(listen, { timeout: 30_000, interval: 250 })
    .toBe(true)
    .catch(() => {});
}

/** A preload that makes one endpoint of the provider answer 503. */
const broken = (path: string) => {
  const code = `const real = globalThis.fetch;
    globalThis.fetch = (input, init) => new URL(input.url ?? input).pathname === ${JSON.stringify(path)}
      ? Promise.resolve(new Response("{}", { status: 503 })) : real(input, init);`;
  return `--import=data:text/javascript,${encodeURIComponent(code)}`;
};

describe("npm run demo -- --once", () => {
  test("walks one sign-in over HTTP and exits 0, on free ports where the usual are taken", async () => {
    await Promise.all([3000, 4000, 4001].map(hold));
    const { code, out, err } = await demo();
    expect(err).toBe("");
    expect(out).toMatch(/\b(\d+) of \1 steps passed/);
    expect(code).toBe(0);
    expect(out).not.toMatch(/:(3000|4000|4001)\b/);
    expect(out).toMatch(/exchange {2}idle -> awaiting callback/);
    expect(out).toMatch(/redeeming code -> verifying id token -> authenticated/);
    expect(out).toMatch(/token {2}due -> refreshing -> fresh/);
  }, 90_000);

  test("prints nothing secret, no colours into a pipe, and fits 100 columns", async () => {
    const { out } = await demo();
    expect(out).not.toContain("\u001b");
    expect(Math.max(...out.split("\n").map((line) => line.length))).toBeLessThanOrEqual(100);
    // Tokens, seals, secrets and codes are all longer than any word of the output.
    expect(out.split(/[\s/:]+/).filter((word) => /^[\w.~-]{25,}$/.test(word))).toEqual([]);
  });

  test.each([
    ["the code cannot be redeemed", "/token", /FAIL\n.*the callback leads to returnTo/],
    ["the provider cannot be found", "/.well-known/openid-configuration", /FAIL\n.*\/auth\/login redirects/],
  ])("exits non-zero and says which step failed when %s", async (_, path, words) => {
    const { code, out } = await demo(broken(path));
    expect(code).toBe(1);
    expect(out).toMatch(words);
    expect(out).not.toMatch(/\b(\d+) of \1 steps passed/);
  });
});
