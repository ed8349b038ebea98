import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const root = fileURLToPath(new URL("../../", import.meta.url));

/** Bundles a module for a page, with the client from source. */
export const bundle = async (contents: string): Promise<string> => {
  const { outputFiles } = await build({
    stdin: { contents, resolveDir: root },
    bundle: true,
    write: false,
    format: "esm",
    platform: "browser",
    target: "es2022",
    alias: {
      "#bytes": `${root}adapters/browser/bytes.ts`,
      "latchkey/browser": `${root}adapters/browser/index.ts`,
      "latchkey/react": `${root}adapters/react/index.ts`,
    },
    define: { "process.env.NODE_ENV": '"development"' },
  });
  return outputFiles[0]?.text ?? "";
};

let client: Promise<string> | undefined;
const clientBundle = () => {
  client ??= bundle('import * as latchkey from "latchkey/browser"; globalThis.latchkey = latchkey;');
  return client;
};

export interface SpaApp {
  readonly origin: string;
  /** Pages that a test defines, by path. */
  readonly pages: Map<string, { body: string; headers?: Record<string, string> }>;
  /** Headers of every response. */
  headers: Record<string, string>;
  /** The response to a URL waits for this promise. */
  before?: (url: string) => Promise<unknown> | undefined;
  stop(): Promise<void>;
}

/** A site of static files. Each page creates a client with `options()` and shows the signed-in user. */
export async function startSpaApp(options: () => object, host = "localhost"): Promise<SpaApp> {
  const script = await clientBundle();
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, host, resolve));
  const pages: SpaApp["pages"] = new Map();
  const app: SpaApp = {
    origin: `http://${host}:${(server.address() as AddressInfo).port}`,
    pages,
    headers: {},
    stop: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
  const page =
    () => `<!doctype html><title>app</title><p id="user">…</p><button id="login">in</button><button id="popup">popup</button>
<script type="module" src="/client.js"></script><script type="module">
const config = ${JSON.stringify(options())};
window.events = [];
window.clientOptions = { redirectUri: location.origin + "/callback/", onEvent: (event) => events.push(event), ...config };
window.client = latchkey.createClient(window.clientOptions);
const show = ({ user, isLoading, error }) => { document.querySelector("#user").textContent = isLoading ? "…" : user ? user.sub : "no user"; window.shownError = error?.code ?? error?.message; };
client.onChange(show);
window.done = (async () => {
  const end = location.pathname === "/callback/" ? await client.handleCallback() : undefined;
  window.end = end;
  if (!config.idle) await client.getUser();
})().catch((error) => { window.failed = error.code; window.cause = String(error.cause); }).finally(() => { document.body.dataset.done = "yes"; });
document.querySelector("#login").onclick = () => client.login(window.loginOptions).catch((error) => { window.failed = error.code; });
document.querySelector("#popup").onclick = () => { window.popped = client.login({ popup: true, ...window.loginOptions }).then(() => "in", (error) => error.code); };
</script>`;
  server.on("request", async (req, res) => {
    await app.before?.(req.url ?? "");
    const { pathname } = new URL(req.url ?? "", app.origin);
    const own = pages.get(pathname);
    const send = (type: string, body: string, headers = {}) =>
      res.writeHead(200, { "content-type": `${type}; charset=utf-8`, ...app.headers, ...headers }).end(body);
    if (own) return send("text/html", own.body, own.headers);
    if (pathname === "/client.js") return send("text/javascript", script);
    if (pathname === "/silent.html") return send("text/html", "");
    return send("text/html", page());
  });
  return app;
}
