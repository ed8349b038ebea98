import { spawn } from "node:child_process";
import { copyFileSync, mkdtempSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { build } from "esbuild";
import type { Terminal } from "../../adapters/cli/command.js";
import { run } from "../../adapters/cli/run.js";
import { createTestProvider, type TestProvider, type TestProviderOptions } from "../../adapters/testing/index.js";
import { documentAt, root } from "./documents.js";

/** Bundles the command from source, as `npm run build` does, into a folder like that of the package. Returns its path. */
export async function bundleCli(): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), "latchkey-cli-"));
  const outfile = join(folder, "dist/cli.js");
  await build({
    entryPoints: [join(root, "adapters/cli/index.ts")],
    outfile,
    bundle: true,
    format: "esm",
    platform: "node",
    alias: { "#aead": join(root, "core/seal/aead.node.ts"), "#bytes": join(root, "core/seal/aead.node.ts") },
    external: ["@panva/hkdf"],
  });
  copyFileSync(join(root, "package.json"), join(folder, "package.json"));
  symlinkSync(join(root, "node_modules"), join(folder, "node_modules"));
  return outfile;
}

/** What a process printed, and its exit code. */
export interface Ran {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** Runs `latchkey` in a folder as a process of its own, with these variables alone. */
export function runCli(
  cli: string,
  args: readonly string[],
  {
    folder = dirname(cli),
    env = {},
    input = "",
  }: { folder?: string; env?: Record<string, string>; input?: string } = {},
): Promise<Ran> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [cli, ...args], {
      cwd: folder,
      env: { PATH: process.env["PATH"] ?? "", ...env } as unknown as NodeJS.ProcessEnv,
    });
    let [out, err] = ["", ""];
    child.stdout.on("data", (chunk: Buffer) => (out += chunk));
    child.stderr.on("data", (chunk: Buffer) => (err += chunk));
    child.on("error", reject);
    child.on("close", (code) => resolve({ code, out, err }));
    // A command that needs no input may end before it is written (EPIPE). Its exit code and output count.
    child.stdin.on("error", () => {});
    child.stdin.end(input);
  });
}

/** Runs `latchkey` in this process, which is faster, as in a terminal without colours. */
export async function runHere(
  args: readonly string[],
  terminal: Partial<Terminal> & { readonly input?: string } = {},
): Promise<Ran> {
  let out = "";
  const { input = "", ...rest } = terminal;
  const result = await run(
    args,
    {
      print: (lines) => (out += `${lines}\n`),
      env: {},
      folder: tmpdir(),
      isInteractive: false,
      hasColour: false,
      read: async () => input,
      ask: async () => "",
      now: Date.now,
      fetch,
      ...rest,
    },
    JSON.parse(documentAt("package.json")).version,
  );
  if (typeof result === "number") return { code: result, out, err: "" };
  return { code: 2, out, err: `${result.message}\n${result.help}` };
}

/** An empty folder, with these files. */
export function folderWith(files: Record<string, string> = {}): string {
  const folder = mkdtempSync(join(tmpdir(), "latchkey-app-"));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  return folder;
}

/** A server on loopback. */
export interface Served {
  readonly url: string;
  readonly port: number;
  close(): Promise<void>;
}

/** Serves on a free port of loopback. */
export async function serve(listener: RequestListener): Promise<Served> {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, "localhost", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    port,
    url: `http://localhost:${port}`,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** A `fetch` function behind Node's server. `origin`: that of the URLs that it gets. */
function listenerOf(fetch: (request: Request) => Promise<Response>, origin: () => string): RequestListener {
  return async (req, res) => {
    const body: Buffer[] = [];
    for await (const chunk of req) body.push(chunk as Buffer);
    const headers = new Headers();
    for (const [name, value] of Object.entries(req.headers)) headers.set(name, `${value}`);
    const response = await fetch(
      new Request(`${origin()}${req.url}`, {
        method: req.method ?? "GET",
        headers,
        body: body.length > 0 ? Buffer.concat(body) : null,
      }),
    );
    res.writeHead(response.status, Object.fromEntries(response.headers));
    res.end(Buffer.from(await response.arrayBuffer()));
  };
}

/** The options of a provider on a real port. */
export interface ServeProviderOptions extends TestProviderOptions {
  /** The path of the issuer, such as "/". */
  readonly path?: string;
  /** Milliseconds by which the Date of its responses is ahead. */
  readonly ahead?: number;
}

/** A test provider on a real port, where its issuer is. */
export async function serveProvider(
  options: ServeProviderOptions = {},
): Promise<Served & { readonly provider: TestProvider }> {
  const { path = "", ahead = 0, ...rest } = options;
  let provider: TestProvider;
  const answer = async (request: Request) => {
    const response = await provider.fetch(request);
    const date = new Date(Date.now() + ahead).toUTCString();
    return new Response(response.body, { status: response.status, headers: [...response.headers, ["date", date]] });
  };
  const server = await serve(listenerOf(answer, () => server.url));
  provider = await createTestProvider({ issuer: `${server.url}${path}`, ...rest });
  return { ...server, provider };
}
