// npm run example -- worker: one of the examples, on its own runtime, in front of the demo's provider, until Ctrl-C.
import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";
import { buildIfNeeded } from "./build.js";
import { startApi } from "./demo/api.js";
import { close, listen } from "./demo/listen.js";
import { startProvider } from "./demo/provider.js";

/**
 * What `example.js` in the folder of an example exports. The app finds its port in PORT, all else in LATCHKEY_*.
 * @typedef {object} Example
 * @property {string} on what it runs on, for people
 * @property {number} port the one to prefer
 * @property {string} [mount] where its routes live, by default "/auth"
 * @property {(place: Place) => Record<string, string>} [variables] others than LATCHKEY_*, for an app that has its own
 * @property {boolean} [isPublic] whether the browser is the client: it has no secret, and lives on the provider's own site,
 *   which lets a hidden frame see the provider's cookies
 * @property {(place: Place) => string} [audience] what an API of the example's own is called
 * @property {(run: { port: string, temporary: string, place: Place }) => Command | Promise<Command>} command run in the example's
 *   folder; programs of this package's dependencies are found by name. `temporary` is a folder for what has to be made first.
 */
/** An app that can be run in several ways has them by name, the usual one first. @typedef {{ flavours: Record<string, Example> }} Flavoured */
/** @typedef {readonly [program: string, ...args: string[]]} Command */
/** @typedef {{ url: string, clientId: string, clientSecret: string, secret: string, issuer: string, api: string }} Place */

const here = fileURLToPath(new URL(".", import.meta.url));
const names = readdirSync(here).filter((name) => existsSync(join(here, name, "example.js")));

/** A port of one's own: the preferred one, or a free one where that is taken. @param {number} preferred */
async function choosePort(preferred) {
  const { server, origin } = await listen("127.0.0.1", preferred);
  await close(server);
  return new URL(origin).port;
}

/** Until it answers, a minute at most. @param {string} url @param {import("node:child_process").ChildProcess} app */
async function answers(url, app) {
  for (const until = Date.now() + 60_000; Date.now() < until && app.exitCode === null; ) {
    const answer = await fetch(url, { signal: AbortSignal.timeout(10_000) }).catch(() => undefined);
    if (answer?.ok) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error(`the example does not answer at ${url}`);
}

/** @param {string} name @param {string | undefined} flavour */
async function start(name, flavour) {
  await buildIfNeeded();
  const folder = join(here, name);
  /** @type {{ default: Example | Flavoured }} */
  const { default: found } = await import(new URL(`${name}/example.js`, import.meta.url).href);
  const flavours = "flavours" in found ? found.flavours : undefined;
  const ways = Object.keys(flavours ?? {});
  const example = flavours ? flavours[flavour ?? ways[0] ?? ""] : flavour ? undefined : found;
  if (!example || !("on" in example)) {
    const calls = (flavours ? ways : [""]).map((way) => `npm run example -- ${name} ${way}`.trim());
    console.error(`usage: ${calls.join("    or: ")}`);
    process.exitCode = 2;
    return;
  }
  const { on, mount = "/auth", isPublic = false, variables, command } = example;
  const port = await choosePort(example.port);
  // Cookies do not know ports: the provider lives on "localhost", an app with cookies of its own on "127.0.0.1".
  const url = `http://${isPublic ? "localhost" : "127.0.0.1"}:${port}`;
  const secret = randomBytes(32).toString("base64url");
  const client = { client_id: name, client_secret: randomBytes(32).toString("base64url") };
  const pages = isPublic ? ["/callback/", "/silent.html"] : [`${mount}/callback`];
  const redirects = {
    redirect_uris: pages.map((page) => url + page),
    post_logout_redirect_uris: [`${url}/`],
    ...(isPublic ? { token_endpoint_auth_method: "none", client_secret: undefined } : {}),
  };
  const grants = { grant_types: ["authorization_code", "refresh_token"] };
  const api = await startApi({ issuer: () => provider.issuer, allowOrigin: isPublic ? url : undefined });
  /** @type {Place} */
  const place = {
    url,
    clientId: client.client_id,
    clientSecret: client.client_secret,
    secret,
    issuer: "",
    api: api.origin,
  };
  const own = example.audience?.(place);
  /** @type {Awaited<ReturnType<typeof startProvider>>} */
  const provider = await startProvider({
    port: 4000,
    apis: { [api.origin]: "read:shows", ...(own ? { [own]: "read:shows" } : {}) },
    clients: [{ ...client, ...grants, ...redirects }],
  });
  const { issuer } = provider;
  place.issuer = issuer;
  const temporary = mkdtempSync(join(tmpdir(), "latchkey-example-"));
  process.once("exit", () => rmSync(temporary, { recursive: true, force: true }));
  // While it is built there is no app to stop.
  const leave = () => process.exit(130);
  process.once("SIGINT", leave).once("SIGTERM", leave);
  console.log(`\n  ${name}: one moment …`);
  const [program, ...args] = await command({ port, temporary, place });
  process.off("SIGINT", leave).off("SIGTERM", leave);
  const env = {
    ...process.env,
    PATH: [join(here, "../node_modules/.bin"), process.env["PATH"]].join(delimiter),
    PORT: port,
    LATCHKEY_ISSUER: issuer,
    LATCHKEY_CLIENT_ID: client.client_id,
    LATCHKEY_CLIENT_SECRET: client.client_secret,
    LATCHKEY_SECRET: secret,
    LATCHKEY_BASE_URL: url,
    ...variables?.(place),
  };
  // What it says on its own is said by its other name, "localhost", where nobody stays signed in.
  const app = spawn(program, args, { cwd: folder, env, stdio: ["ignore", "ignore", "inherit"] });
  const ended = new Promise((resolve) => app.once("error", console.error).once("close", resolve));

  async function stop() {
    app.kill();
    await ended;
    await provider.close();
    await api.close();
  }

  process.once("SIGINT", stop);
  process.once("SIGTERM", stop);
  ended.then(stop);
  try {
    await answers(url, app);
    console.log(`\n  ${name}, on ${on}: ${url}\n  Any name signs in, with the password "demo". Ctrl-C stops all.\n`);
  } catch (error) {
    console.error(String(error));
    process.exitCode = 1;
    app.kill();
  }
}

const [name = "", flavour] = process.argv.slice(2);
if (names.includes(name)) await start(name, flavour);
else {
  console.error(`usage: npm run example -- <name>    ${names.join(", ")}`);
  process.exitCode = 2;
}
