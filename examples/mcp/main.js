// npm run mcp: an MCP server that latchkey protects, a real OpenID Provider, and the official client of the MCP SDK, which registers
// itself, lets you sign in, and calls a tool. With `--once` it signs in by itself.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { buildIfNeeded } from "../build.js";
import { close, listen } from "../demo/listen.js";
import { startProvider } from "../demo/provider.js";
import { callTool } from "./client.js";
import { signInBySelf } from "./sign-in.js";

/** A free port, if the preferred one is in use. @param {number} preferred */
async function choosePort(preferred) {
  const { server, origin } = await listen("127.0.0.1", preferred);
  await close(server);
  return new URL(origin).port;
}

/** Waits until the server responds, for a minute at most. @param {string} url */
async function waitFor(url) {
  for (const deadline = Date.now() + 60_000; Date.now() < deadline; ) {
    if (await fetch(url).catch(() => undefined)) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`the server does not respond at ${url}`);
}

await buildIfNeeded({ types: false });
const callback = await listen("127.0.0.1", 3007);
const url = `http://127.0.0.1:${await choosePort(3006)}/mcp`;
const provider = await startProvider({ port: 4000, clients: [], apis: { [url]: "shows:read" }, registration: true });
const server = spawn(process.execPath, ["server.js"], {
  cwd: fileURLToPath(new URL(".", import.meta.url)),
  env: { ...process.env, LATCHKEY_ISSUER: provider.issuer, LATCHKEY_AUDIENCE: url },
  stdio: "inherit",
});
process.once("SIGINT", () => process.exit(130));
process.once("exit", () => server.kill());

await waitFor(url);
console.log(`\n  MCP server: ${url}\n  Provider:   ${provider.issuer}`);
const { tools, result } = await callTool(url, `${callback.origin}/callback`, async (authorizationUrl) => {
  const received = once(callback.server, "request");
  if (process.argv.includes("--once")) signInBySelf(authorizationUrl, provider.issuer).catch(console.error);
  else console.log(`\n  Open this page to sign in, with the password “demo”:\n\n  ${authorizationUrl}\n`);
  const [request, response] = await received;
  response.end("You are signed in. The client goes on in the terminal.");
  return new URL(request.url, callback.origin).searchParams;
});
console.log(`  Tools:      ${tools.join(", ")}\n  Result:     ${result.content[0].text}\n`);

server.kill();
await Promise.all([close(callback.server), provider.close()]);
