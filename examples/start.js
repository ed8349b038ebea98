// npm run example -- worker: runs one of the examples on its own runtime, with the demo's provider, until Ctrl+C.
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
 * What `example.js` in the folder of an example exports. The app receives its port in PORT, and its options in LATCHKEY_*.
 * @typedef {object} Example
 * @property {string} runsOn the runtime or framework, for the output
 * @property {number} port the preferred port
 * @property {string} [mount] the path of latchkey's routes, by default "/auth"
 * @property {(settings: Settings) => Record<string, string>} [variables] environment variables in addition to LATCHKEY_*
 * @property {boolean} [isPublic] whether the browser is the client. The app then has no client secret, and is on the
 *   provider's site ("localhost"), so that the provider receives its cookies in a hidden frame
 * @property {boolean} [isTyped] whether the example is TypeScript, and so needs the package's declarations
 * @property {(settings: Settings) => string} [audience] the resource indicator of the example's own API
 * @property {(run: { port: string, temporary: string, settings: Settings }) => Command | Promise<Command>} command builds the
 *   example if necessary, and returns the command to run in the example's folder. It may name programs of this package's
 *   dependencies. `temporary` is a folder for build output
 */
/** An example in several variants, by name; the first one is the default. @typedef {{ variants: Record<string, Example> }} ExampleWithVariants */
/** @typedef {readonly [program: string, ...args: string[]]} Command */
/** `api` is the origin of the demo's API. @typedef {{ url: string, clientId: string, clientSecret: string, secret: string, issuer: string, api: string }} Settings */

const here = fileURLToPath(new URL(".", import.meta.url));
const names = readdirSync(here).filter((name) => existsSync(join(here, name, "example.js")));
const randomSecret = () => randomBytes(32).toString("base64url");

/** Prints how to call this program, and exits with code 2. @param {string} usage @returns {never} */
function exitWithUsage(usage) {
  console.error(`usage: ${usage}`);
  process.exit(2);
}

/** Loads an example, in the variant of this name if it has variants. @param {string} name @param {string | undefined} variant */
async function loadExample(name, variant) {
  if (!names.includes(name)) exitWithUsage(`npm run example -- <name>    ${names.join(", ")}`);
  /** @type {{ default: Example | ExampleWithVariants }} */
  const { default: exported } = await import(new URL(`${name}/example.js`, import.meta.url).href);
  const call = `npm run example -- ${name}`;
  if (!("variants" in exported)) return variant === undefined ? exported : exitWithUsage(call);
  const variants = Object.keys(exported.variants);
  const usage = variants.map((each) => `${call} ${each}`).join("    or: ");
  return exported.variants[variant ?? variants[0] ?? ""] ?? exitWithUsage(usage);
}

/** The preferred port, or a free one if the preferred port is in use. @param {number} preferred */
async function choosePort(preferred) {
  const { server, origin } = await listen("127.0.0.1", preferred);
  await close(server);
  return new URL(origin).port;
}

/** The client as the provider registers it. @param {Example} example @param {Omit<Settings, "issuer" | "api">} settings */
function clientMetadata({ mount = "/auth", isPublic = false }, { url, clientId, clientSecret }) {
  const callbacks = isPublic ? ["/callback/", "/silent.html"] : [`${mount}/callback`];
  return {
    client_id: clientId,
    ...(isPublic ? { token_endpoint_auth_method: "none" } : { client_secret: clientSecret }),
    grant_types: ["authorization_code", "refresh_token"],
    redirect_uris: callbacks.map((path) => url + path),
    post_logout_redirect_uris: [`${url}/`],
  };
}

/** Starts the demo's provider and API for an example. @param {string} name @param {Example} example @param {string} port */
async function startServers(name, example, port) {
  const { isPublic = false, audience } = example;
  // Cookies ignore ports. An app with cookies of its own is on "127.0.0.1", so that the provider on "localhost" has others.
  const url = `http://${isPublic ? "localhost" : "127.0.0.1"}:${port}`;
  const client = { url, clientId: name, clientSecret: randomSecret(), secret: randomSecret() };
  const api = await startApi({ issuer: () => provider.issuer, allowOrigin: isPublic ? url : undefined });
  const apis = [api.origin, ...(audience ? [audience({ ...client, issuer: "", api: api.origin })] : [])];
  /** @type {Awaited<ReturnType<typeof startProvider>>} */
  const provider = await startProvider({
    port: 4000,
    apis: Object.fromEntries(apis.map((resource) => [resource, "read:shows"])),
    clients: [clientMetadata(example, client)],
  });
  const stop = async () => {
    await provider.close();
    await api.close();
  };
  return { settings: { ...client, issuer: provider.issuer, api: api.origin }, stop };
}

/** The environment variables of the app. @param {Example} example @param {string} port @param {Settings} settings */
const environment = ({ variables }, port, settings) => ({
  ...process.env,
  PATH: [join(here, "../node_modules/.bin"), process.env["PATH"]].join(delimiter),
  PORT: port,
  LATCHKEY_ISSUER: settings.issuer,
  LATCHKEY_CLIENT_ID: settings.clientId,
  LATCHKEY_CLIENT_SECRET: settings.clientSecret,
  LATCHKEY_SECRET: settings.secret,
  LATCHKEY_BASE_URL: settings.url,
  ...variables?.(settings),
});

/** Waits until the app responds, for a minute at most. @param {string} url @param {import("node:child_process").ChildProcess} app */
async function waitForApp(url, app) {
  for (
    const deadline = Date.now() + 60_000;
    Date.now() < deadline && app.exitCode === null && app.signalCode === null;
  ) {
    const response = await fetch(url, { signal: AbortSignal.timeout(10_000) }).catch(() => undefined);
    if (response?.ok) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error(`the example does not respond at ${url}`);
}

/** @param {string} name @param {string | undefined} variant */
async function start(name, variant) {
  const example = await loadExample(name, variant);
  await buildIfNeeded({ types: example.isTyped === true });
  const port = await choosePort(example.port);
  const { settings, stop: stopServers } = await startServers(name, example, port);
  const temporary = mkdtempSync(join(tmpdir(), "latchkey-example-"));
  process.once("exit", () => rmSync(temporary, { recursive: true, force: true }));
  // During the build no app is running yet, so Ctrl+C just exits.
  const exit = () => process.exit(130);
  process.once("SIGINT", exit).once("SIGTERM", exit);
  console.log(`\n  ${name}: starting …`);
  const [program, ...args] = await example.command({ port, temporary, settings });
  process.off("SIGINT", exit).off("SIGTERM", exit);
  // The app's standard output is hidden: some frameworks print the address with "localhost", where sign-in does not work.
  const app = spawn(program, args, {
    cwd: join(here, name),
    env: environment(example, port, settings),
    stdio: ["ignore", "ignore", "inherit"],
  });
  const ended = new Promise((resolve) => app.once("error", console.error).once("close", resolve));
  ended.then(stopServers);
  const stop = () => app.kill();
  process.once("SIGINT", stop).once("SIGTERM", stop);
  try {
    await waitForApp(settings.url, app);
    console.log(
      `\n  ${name}, on ${example.runsOn}: ${settings.url}\n\n` +
        `  Open ${settings.url} in a browser, and click “Sign in”.\n` +
        "  At the provider click “Sign in” and “Allow”: the form is filled in, with the password “demo” of every user.\n" +
        "  Press Ctrl+C to stop.\n",
    );
  } catch (error) {
    console.error(String(error));
    process.exitCode = 1;
    stop();
  }
}

const [name = "", variant] = process.argv.slice(2);
await start(name, variant);
