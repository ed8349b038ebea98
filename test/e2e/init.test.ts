import type { ChildProcess } from "node:child_process";
import { mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseEnv } from "node:util";
import { build } from "esbuild";
import type { Browser } from "playwright-core";
import { afterEach, describe, expect, test } from "vitest";
import { createCookieJar } from "../../adapters/testing/index.js";
import { plainRequest } from "../support/app.js";
import { launch } from "../support/chromium.js";
import { folderWith, runHere, serveProvider } from "../support/cli.js";
import { root } from "../support/documents.js";
import { bin, freePort, startServer } from "../support/process.js";

/*
 * The files of `latchkey init`, started as its output says, with the variables that it wrote. Those of Next are built by
 * `npm run test:next`.
 */

const running = new Set<ChildProcess>();
const closers: Array<() => unknown> = [];
afterEach(async () => {
  for (const child of running) child.kill();
  running.clear();
  for (const close of closers.splice(0)) await close();
});

/** A user's folder, in which latchkey and what the output of `init` says are installed. */
function folderOf(files: Record<string, string> = {}): string {
  const folder = folderWith({ "package.json": '{ "type": "module" }', ...files });
  mkdirSync(join(folder, "node_modules"));
  symlinkSync(root, join(folder, "node_modules/latchkey"));
  for (const name of ["express", "hono", "react", "react-dom"])
    symlinkSync(join(root, "node_modules", name), join(folder, "node_modules", name));
  closers.push(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** The command in the last step of the output, on this port. */
function commandIn(out: string, port: number): [command: string, args: string[]] {
  const [, line = ""] = /^\d+\. (.+), and open /m.exec(out.slice(out.indexOf("What to do next"))) ?? [];
  const [command = "", ...args] = line.replace(/\b3000\b/, `${port}`).split(" ");
  return [command === "node" ? process.execPath : bin(command), args];
}

/** Bundles a Worker as wrangler does, with the day of `wrangler.toml` and the variables of `.dev.vars`. */
async function commandOfWorker(folder: string, port: number): Promise<[command: string, args: string[]]> {
  const settings = readFileSync(join(folder, "wrangler.toml"), "utf8");
  const [, main = ""] = /^main = "(.+)"$/m.exec(settings) ?? [];
  const [, day = ""] = /^compatibility_date = "(.+)"$/m.exec(settings) ?? [];
  await build({
    entryPoints: [join(folder, main)],
    outfile: join(folder, "worker.mjs"),
    bundle: true,
    format: "esm",
    conditions: ["workerd", "worker", "browser"],
    external: ["cloudflare:*"],
  });
  const variables = Object.entries(parseEnv(readFileSync(join(folder, ".dev.vars"), "utf8")));
  const bindings = variables.map(([name, value]) => `(name = "${name}", text = ${JSON.stringify(value)})`);
  writeFileSync(
    join(folder, "config.capnp"),
    `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [
    (name = "main", worker = (
      modules = [(name = "worker.mjs", esModule = embed "worker.mjs")],
      compatibilityDate = "${day}",
      bindings = [${bindings.join(", ")}],
    )),
    (name = "internet", network = (allow = ["private", "local"])),
  ],
  sockets = [(name = "http", address = "127.0.0.1:${port}", http = (), service = "main")],
);`,
  );
  return [bin("workerd"), ["serve", "config.capnp"]];
}

describe.each([
  ["express", "--js"],
  ["node", "--js"],
  ["bun", "--ts"],
  ["bun", "--js"],
  ["hono", "--ts"],
  ["hono", "--js"],
  ["deno", "--ts"],
  ["deno", "--js"],
  ["workers", "--ts"],
  ["workers", "--js"],
])("latchkey init --runtime %s %s", (runtime, language) => {
  test("writes an app in which a user signs in, sees a page with a guard, and signs out", async () => {
    const port = await freePort();
    const base = `http://localhost:${port}`;
    const { provider, close } = await serveProvider();
    closers.push(close);
    const folder = folderOf();
    const { issuer, clientId, clientSecret } = provider;
    const settings = [`--issuer=${issuer}`, `--client-id=${clientId}`, `--client-secret=${clientSecret}`];
    const { code, out } = await runHere(
      ["init", "--yes", "--runtime", runtime, language, ...settings, `--base-url=${base}`],
      { folder },
    );
    expect([code, out]).toEqual([0, expect.stringContaining(`and open ${base}/`)]);
    // These two listen on a port that stands in the file.
    for (const file of ["app.mjs", "server.mjs"].filter((each) => out.includes(`+ ${each}`))) {
      const path = join(folder, file);
      writeFileSync(path, readFileSync(path, "utf8").replace("listen(3000)", `listen(${port}, "127.0.0.1")`));
    }
    const command = runtime === "workers" ? await commandOfWorker(folder, port) : commandIn(out, port);
    running.add(await startServer(command, port, { PORT: `${port}` }, folder));

    const jar = createCookieJar();
    const open = async (path: string, options = {}) => {
      const cookie = jar.header(base);
      const headers = { host: `localhost:${port}`, accept: "text/html", "sec-fetch-mode": "navigate", cookie };
      const answer = await plainRequest(`http://127.0.0.1:${port}`, path, { headers, ...options });
      jar.store(answer.setCookies, base);
      return answer;
    };
    expect((await open("/")).body).toContain('<a href="/auth/login">Sign in</a>');
    const guarded = await open("/invoices");
    expect([guarded.status, guarded.headers.location]).toEqual([302, `${base}/auth/login?returnTo=%2Finvoices`]);
    const login = await open("/auth/login?returnTo=%2Finvoices");
    const { url } = await provider.authorize(`${login.headers.location}`, { user: { sub: "alice", name: "Alice" } });
    const callback = await open(url.slice(base.length));
    expect([callback.status, callback.headers.location]).toEqual([302, `${base}/invoices`]);
    expect((await open("/invoices")).body).toMatch(/alice|Alice/);
    expect((await open("/")).body).toContain("Sign out");
    const cookie = jar.header(base);
    const headers = { host: `localhost:${port}`, cookie, origin: base, "sec-fetch-site": "same-origin" };
    const left = await open("/auth/logout", { method: "POST", headers });
    expect(left.status).toBe(303);
    expect((await open("/")).body).toContain("Sign in</a>");

    // As the output says.
    const checked = await runHere(["check"], { folder, fetch });
    expect([checked.code, checked.out]).toEqual([0, expect.not.stringContaining("failed")]);
  });
});

describe.each([
  ["--ts", "main.tsx", "App.tsx"],
  ["--js", "main.jsx", "App.jsx"],
])("latchkey init --runtime react %s", (language, main, app) => {
  let chromium: Browser | undefined;
  afterEach(() => chromium?.close());

  test("writes a page that Vite builds, and whose button leads to the provider", async () => {
    const port = await freePort();
    const origin = `http://localhost:${port}`;
    const { provider, close } = await serveProvider();
    closers.push(close);
    // What create-vite writes, but for its own page.
    const folder = folderOf({
      "index.html": `<div id="root"></div><script type="module" src="/src/${main}"></script>`,
      "vite.config.js": "export default { oxc: { jsx: { runtime: 'automatic' } } };",
    });
    const { code, out } = await runHere(["init", "--yes", "--runtime", "react", language], { folder });
    expect([code, out]).toEqual([0, expect.stringContaining(`+ src/${app}`)]);
    writeFileSync(
      join(folder, "src", main),
      `import { createRoot } from "react-dom/client";
import App from "./${app}";
createRoot(document.getElementById("root")).render(<App />);`,
    );
    // The step of the output: issuer, client id and redirect URI into the file.
    const path = join(folder, "src", app);
    const text = readFileSync(path, "utf8")
      .replace("https://tenant.eu.auth0.com/", provider.issuer)
      .replace("your-client-id", "spa")
      .replace("https://app.example/callback/", `${origin}/callback/`);
    writeFileSync(path, text);
    const vite = ["--host", "localhost", "--port", `${port}`, "--strictPort"];
    const built = await startServer([bin("vite"), ["build"]], port, {}, folder).catch((error: Error) => error.message);
    expect(built).toContain("exit code 0");
    running.add(await startServer([bin("vite"), ["preview", ...vite]], port, {}, folder));

    chromium = await launch();
    const page = await chromium.newPage();
    // The provider has no page, and allows no other origin: the test answers in its place.
    await page.route(`${provider.issuer}/**`, async (route) => {
      const { pathname } = new URL(route.request().url());
      if (pathname === "/authorize") return route.fulfill({ body: "the page of the provider" });
      const answer = await provider.fetch(route.request().url());
      const headers = { "access-control-allow-origin": "*", "content-type": "application/json" };
      return route.fulfill({ status: answer.status, headers, body: await answer.text() });
    });
    const errors: string[] = [];
    page.on("pageerror", ({ message }) => errors.push(message));
    await page.goto(origin);
    await page.waitForSelector("button", { timeout: 10_000 }).catch(() => {});
    expect(errors).toEqual([]);
    await page.click("button:has-text('Sign in')");
    await page.waitForURL(`${provider.issuer}/authorize?**`);
    const { searchParams } = new URL(page.url());
    expect([searchParams.get("client_id"), searchParams.get("redirect_uri")]).toEqual(["spa", `${origin}/callback/`]);
  });
});
