import { createServer, type IncomingMessage, type RequestListener, request, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import express5 from "express";
// @ts-expect-error: the alias has no types; those of Express 5 are used
import express4 from "express4";
import * as edge from "../../adapters/edge.js";
import * as onExpress from "../../adapters/express.js";
import type { AccessTokenOptions } from "../../adapters/lib/access-token.js";
import * as next from "../../adapters/next/index.js";
import * as node from "../../adapters/node.js";
import { type ApiRecipes, optionsOf } from "./api-recipes.js";
import { runtimes } from "./runtimes.js";

interface ApiResponse {
  readonly status: number;
  readonly headers: Headers;
  readonly body: string;
}

/** APIs that are served, at an origin. */
export interface ServedApis {
  readonly origin: string;
  send(path: string, headers?: Readonly<Record<string, string | string[]>>, method?: string): Promise<ApiResponse>;
  close?(): void;
}

/** What the APIs of a server need: the recipes for its origin, the network of the provider and the observer. */
export interface ApiSetting {
  readonly recipes: (origin: string) => ApiRecipes;
  readonly fetch: NonNullable<AccessTokenOptions["fetch"]>;
  readonly onRefused: NonNullable<AccessTokenOptions["onRefused"]>;
}

/** Serves over HTTP what `make` returns for the origin. */
async function overHttp(make: (origin: string) => RequestListener | Promise<RequestListener>): Promise<ServedApis> {
  let listener: RequestListener = () => {};
  const server = createServer((req, res) => listener(req, res));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const origin = `http://127.0.0.1:${port}`;
  listener = await make(origin);
  return {
    origin,
    close: () => void server.close().closeAllConnections(),
    send: (path, headers = {}, method = "GET") =>
      new Promise((resolve, reject) => {
        const outgoing = request({ host: "127.0.0.1", port, path, method, agent: false }, async (incoming) => {
          let body = "";
          for await (const piece of incoming) body += piece;
          const received = new Headers(incoming.headers as Record<string, string>);
          resolve({ status: incoming.statusCode as number, headers: received, body });
        });
        for (const [name, value] of Object.entries(headers)) outgoing.setHeader(name, value);
        outgoing.on("error", reject).end();
      }),
  };
}

/** The APIs in Express, of this version. */
const inExpress = (framework: typeof express5, { recipes, ...ports }: ApiSetting) =>
  overHttp((origin) => {
    const app = framework();
    for (const [path, recipe] of Object.entries(recipes(origin))) {
      const metadata = recipe.resource && onExpress.protectedResource(recipe.resource);
      if (metadata) app.use(metadata);
      const verify = onExpress.verifyAccessToken(optionsOf(recipe, metadata?.url, ports));
      app.use(path, verify, (req, res) => void res.json(req.accessToken));
    }
    return app as unknown as RequestListener;
  });

const onNode = ({ recipes, ...ports }: ApiSetting) =>
  overHttp((origin) => {
    const listeners = Object.entries(recipes(origin)).map(([path, recipe]): [string, node.Middleware] => {
      const metadata = recipe.resource && node.protectedResource(recipe.resource);
      const verify = node.verifyAccessToken(optionsOf(recipe, metadata?.url, ports));
      const both: node.Middleware = (req, res, go) => (metadata ? metadata(req, res, go) : go());
      return [
        path,
        (req, res, go) => both(req, res, () => (req.url?.split("?")[0] === path ? verify(req, res, go) : go("other"))),
      ];
    });
    return (req, res) => {
      const [first, ...others] = listeners.map(([, middleware]) => middleware);
      const run = (middleware: node.Middleware | undefined): void =>
        middleware
          ? middleware(req, res, (error) =>
              error === "other"
                ? run(others.shift())
                : res.end(JSON.stringify((req as node.VerifiedMessage).accessToken)),
            )
          : void res.writeHead(404).end();
      run(first);
    };
  });

/** Sends requests to handlers by path, without a network. */
function asFunctions(
  make: (origin: string) => ReadonlyMap<string, (request: Request) => Response | Promise<Response>>,
): ServedApis {
  const origin = "https://api.example";
  const handlers = make(origin);
  return {
    origin,
    async send(path, headers = {}, method = "GET") {
      const url = new URL(path, origin);
      const lines = Object.entries(headers).flatMap(([name, values]) =>
        [values].flat().map((value): [string, string] => [name, value]),
      );
      const response = await handlers.get(url.pathname)?.(new Request(url, { method, headers: lines }));
      if (!response) throw new Error(`no API at ${path}`);
      return { status: response.status, headers: response.headers, body: await response.text() };
    },
  };
}

/** The APIs of an entry whose handlers map a Request to a Response. */
const ofWeb = (entry: typeof edge | typeof next, { recipes, ...ports }: ApiSetting) =>
  asFunctions((origin) => {
    const handlers = new Map<string, (request: Request) => Response | Promise<Response>>();
    for (const [path, recipe] of Object.entries(recipes(origin))) {
      const metadata = recipe.resource && entry.protectedResource(recipe.resource);
      if (metadata) handlers.set(new URL(metadata.url).pathname, metadata.handler);
      const api = entry.verifyAccessToken(optionsOf(recipe, metadata?.url, ports));
      handlers.set(
        path,
        api.wrap((_request, access) => Response.json(access)),
      );
    }
    return handlers;
  });

const inPagesRouter = ({ recipes, ...ports }: ApiSetting) =>
  overHttp((origin) => {
    const handlers = new Map<string, (req: IncomingMessage, res: ServerResponse) => unknown>();
    for (const [path, recipe] of Object.entries(recipes(origin))) {
      const metadata = recipe.resource && next.protectedResource(recipe.resource);
      const api = next.verifyAccessToken(optionsOf(recipe, metadata?.url, ports));
      handlers.set(path, api.wrapApi((_req, res, access) => res.end(JSON.stringify(access))) as never);
    }
    return (req, res) =>
      void (handlers.get(`${req.url}`.split("?")[0] ?? "") ?? (() => res.writeHead(404).end()))(req, res);
  });

/** The APIs on a runtime other than Node. */
const onRuntime = (name: keyof typeof runtimes, { recipes, fetch, onRefused }: ApiSetting) => {
  let close: (() => void) | undefined;
  return overHttp(async (origin) => {
    const client = { clientId: "unused", clientSecret: "unused", secret: "0123456789abcdef0123456789abcdef" };
    const [recipe] = Object.values(recipes(origin));
    const issuer = recipe?.issuer as string;
    const options = { ...client, issuer, baseUrl: origin, fetch, now: Date.now, apis: recipes(origin) };
    const app = await runtimes[name](options as never, () => {});
    close = () => app.close?.();
    return app;
  }).then((served) => ({
    ...served,
    async send(...sent: Parameters<ServedApis["send"]>) {
      const response = await served.send(...sent);
      const refusal = response.headers.get("x-test-refusal");
      if (refusal) onRefused(JSON.parse(refusal));
      return response;
    },
    close() {
      close?.();
      served.close?.();
    },
  }));
};

/** The same APIs on each adapter and runtime. Each responds with what its handler got of the access token. */
export const surfaces: Readonly<Record<string, (setting: ApiSetting) => ServedApis | Promise<ServedApis>>> = {
  "Express 5": (setting) => inExpress(express5, setting),
  "Express 4": (setting) => inExpress(express4 as unknown as typeof express5, setting),
  "node:http": onNode,
  Edge: (setting) => ofWeb(edge, setting),
  "edge-runtime": (setting) => onRuntime("edge-runtime", setting),
  workerd: (setting) => onRuntime("workerd", setting),
  Bun: (setting) => onRuntime("Bun", setting),
  Deno: (setting) => onRuntime("Deno", setting),
  "Next App Router": (setting) => ofWeb(next, setting),
  "Next Pages Router": inPagesRouter,
};
