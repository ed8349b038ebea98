import { type ChildProcess, spawn } from "node:child_process";
import { createServer, type Server } from "node:http";
import { fileURLToPath } from "node:url";
import { afterEach, describe, expect, test } from "vitest";

const root = fileURLToPath(new URL("../..", import.meta.url));
const running = new Set<ChildProcess>();
const held = new Set<Server>();

afterEach(async () => {
  for (const child of running) child.kill("SIGKILL");
  await Promise.all([...held].map((server) => new Promise((done) => server.close(done))));
  running.clear();
  held.clear();
});

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
