import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
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

afterEach(() => {
  for (const child of running) child.kill("SIGKILL");
  running.clear();
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
