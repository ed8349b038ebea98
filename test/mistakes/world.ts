import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { vi } from "vitest";
import type { AuthOptions, Failure } from "../../adapters/express.js";
import type { LatchkeyEvent } from "../../core/events.js";
import { type MachineProviderOptions, startProvider } from "../machines/provider.js";
import { Browser } from "../machines/world.js";
import type { Framework } from "../support/app.js";
import { createCanary } from "./canary.js";

/** Secrets that nothing may print: no other text of the tests contains them. */
export const SECRETS = {
  // Its characters have another form in a URL.
  clientSecret: "canary/client+secret=48151623",
  secret: "canary-sealing-secret-of-thirty-two-characters",
};

/** Everything that an app said to whoever runs it, and the pages that it showed. */
export interface Emitted {
  readonly lines: string[];
  readonly events: LatchkeyEvent[];
  readonly failures: Failure[];
  readonly pages: string[];
}

/** Who listens to the app: nobody, so that it prints; or `onEvent` and `onFailure`. */
export type Listening = "console" | "hooks";

/** A provider of another library on a real port, and the options of an app that is right. */
export interface World {
  readonly url: string;
  readonly port: number;
  readonly provider: Awaited<ReturnType<typeof startProvider>>;
  readonly right: AuthOptions & { readonly issuer: string; readonly clientId: string };
  /** All secrets that went over a wire, and whether a text has one. */
  readonly canary: ReturnType<typeof createCanary>;
  /** Serves at the port of the app from now on. */
  serve(listener: RequestListener): void;
  browser(): Browser;
  /** Shows a port in emitted text as this number, so that a row can quote whole lines. */
  name(port: number, shown: number): void;
  /** Emitted text without what differs from run to run. */
  plain(text: string): string;
  /** Closes the world with it. */
  alsoClose(close: () => unknown): void;
  close(): Promise<void>;
}

export async function listen(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return (server.address() as AddressInfo).port;
}

export const closing = (server: Server) => async (): Promise<void> => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
};

/** The provider. `callbackPath`: the path of the redirect URI that it knows. @default "/auth/callback" */
export interface WorldOptions extends Partial<MachineProviderOptions> {
  readonly callbackPath?: string;
}

export async function startWorld({ callbackPath = "/auth/callback", ...options }: WorldOptions = {}): Promise<World> {
  let listener: RequestListener = (_req, res) => res.writeHead(404).end();
  const server = createServer((req, res) => listener(req, res));
  const port = await listen(server);
  const url = `http://localhost:${port}`;
  const provider = await startProvider({
    redirectUri: `${url}${callbackPath}`,
    clientSecret: SECRETS.clientSecret,
    ...options,
  });
  const closers: Array<() => unknown> = [closing(server), provider.stop];
  const shown = new Map([
    [port, 3000],
    [Number(new URL(provider.issuer).port), 4000],
  ]);
  const canary = createCanary(Object.values(SECRETS));
  return {
    url,
    port,
    provider,
    canary,
    right: {
      issuer: provider.issuer,
      clientId: provider.clientId,
      clientSecret: provider.clientSecret,
      secret: SECRETS.secret,
      baseUrl: url,
      fetch: canary.fetch,
    },
    serve(next) {
      listener = next;
    },
    browser: () => canary.watch(new Browser(url)),
    name: (other, number) => void shown.set(other, number),
    plain: (text) =>
      text
        .replace(/:(\d+)\b/g, (whole, digits) => (shown.has(Number(digits)) ? `:${shown.get(Number(digits))}` : whole))
        .replace(/\b1\d{9}\b/g, "<time>")
        .replace(/\b\d{5} bytes/, "<many> bytes")
        .replace(/\((\d+)\)/g, "(<n>)")
        .replace(/::1(?=:)/, "127.0.0.1")
        // OpenSSL's words differ between versions.
        .replace(/[0-9A-F]{8,}:error:.*(?=, code)/, "<TLS>"),
    alsoClose: (close) => void closers.push(close),
    close: async () => void (await Promise.all(closers.map((close) => close()))),
  };
}

/** A listener behind a proxy that takes the prefix off. */
const behind =
  (prefix: string, listener: RequestListener): RequestListener =>
  (req, res) => {
    if (!req.url?.startsWith(prefix)) return res.writeHead(404).end("no such page");
    req.url = req.url.slice(prefix.length) || "/";
    return listener(req, res);
  };

/** Starts the app with these options, and records what it emits while `act` runs. */
export async function record(
  world: World,
  framework: Framework,
  options: AuthOptions,
  listening: Listening,
  act: (browser: Browser, world: World, emitted: Emitted) => Promise<void> = navigate,
  prefix = "",
): Promise<Emitted> {
  const emitted: Emitted = { lines: [], events: [], failures: [], pages: [] };
  const printed = vi.spyOn(console, "error").mockImplementation((...line) => void emitted.lines.push(line.join(" ")));
  const hooks: AuthOptions = {
    onEvent: (event) => void emitted.events.push(event),
    onFailure: (failure) => void emitted.failures.push(failure),
  };
  try {
    world.serve(behind(prefix, await framework({ ...options, ...(listening === "hooks" ? hooks : {}) }, () => {})));
    await act(world.browser(), world, emitted);
  } finally {
    printed.mockRestore();
  }
  return emitted;
}

const NAVIGATION = { "sec-fetch-mode": "navigate", "sec-fetch-dest": "document", accept: "text/html" };

/**
 * Follows redirects, as the browser of a user does, until a page comes or nothing listens where the browser is sent.
 * @param options `cookies`: whether the browser keeps those of the app
 */
export async function navigate(
  browser: Browser,
  world: World,
  { pages }: Emitted,
  { start = "/auth/login", cookies = true } = {},
): Promise<void> {
  let url = new URL(start, world.url).href;
  for (let hops = 0; hops < 20; hops++) {
    const isApp = Number(new URL(url).port) === world.port;
    let answer: Awaited<ReturnType<Browser["get"]>>;
    try {
      answer = await browser.get(url, { headers: NAVIGATION, ...(isApp && !cookies ? { cookie: "" } : {}) });
    } catch (error) {
      // The browser shows a page of its own.
      if (/ECONNREFUSED|ECONNRESET|EPROTO|wrong version|socket/i.test(`${error} ${(error as { code?: string }).code}`))
        return;
      throw error;
    }
    const { location } = answer.headers;
    if (!location) {
      if (isApp) pages.push(`${answer.body["text"] ?? JSON.stringify(answer.body)}`);
      return;
    }
    url = new URL(location, url).href;
  }
  throw new Error("too many redirects");
}
