import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, test } from "vitest";
import { launch } from "../support/chromium.js";
import { clientKey } from "../support/client-key.js";
import { startSpaApp } from "../support/spa-app.js";
import type { Exception } from "./exceptions.js";
import { pageApp } from "./page-app.js";
import type { ClientRegistration, Exceptions, Provider, RunningProvider } from "./provider.js";
import { type Row, type RowId, rows, serverRows } from "./rows.js";
import { type Server, type ServerName, startServer } from "./server-app.js";
import { endpointOf, type ServerWorld, serverClients, type World } from "./world.js";

const SERVERS: readonly ServerName[] = ["Express", "workerd"];

/** The same key for the clients of both servers. */
const key = JSON.stringify({ ...JSON.parse(clientKey()), kid: "1" });

/** What all apps at one provider share. */
interface Shared {
  readonly browser: Browser;
  readonly provider: RunningProvider;
  readonly metadata: World["metadata"];
}

/** Starts the servers, the browser and the provider, which registers the apps. */
async function begin(description: Provider) {
  const page = await startSpaApp(() => ({
    issuer: running?.issuer,
    clientId: "page",
    scope: description.options?.scope,
    userinfo: description.options?.userinfo,
  }));
  const servers = new Map<ServerName, Server>();
  for (const name of SERVERS) servers.set(name, await startServer(name));
  const { origin } = page;
  const clients: ClientRegistration[] = [
    { id: "page", origin, redirectUri: `${origin}/callback/`, postLogoutUri: `${origin}/` },
    ...[...servers].flatMap(([name, server]) => Object.values(serverClients(name.toLowerCase(), server.origin, key))),
  ];
  let running: RunningProvider | undefined;
  const [browser, provider] = await Promise.all([launch(), description.start(clients)]);
  running = provider;
  const document = await fetch(`${provider.issuer}/.well-known/openid-configuration`);
  const metadata = (await document.json()) as World["metadata"];
  const shared: Shared = { browser, provider, metadata };
  return {
    shared,
    page,
    servers,
    async end() {
      await browser.close();
      for (const server of servers.values()) await server.close();
      await page.stop();
      await provider.stop();
    },
  };
}

type Begun = Awaited<ReturnType<typeof begin>>;

const openPage = async ({ browser }: Shared) => {
  const context = await browser.newContext();
  context.setDefaultTimeout(10_000);
  return context.newPage();
};

/** The world of an app on a server. */
async function serverWorld({ shared, servers }: Begun, description: Provider, name: ServerName): Promise<ServerWorld> {
  const server = servers.get(name) as Server;
  const clients = serverClients(name.toLowerCase(), server.origin, key);
  const { provider, metadata } = shared;
  const page = await openPage(shared);
  const options = {
    issuer: provider.issuer,
    clientId: clients.secret.id,
    clientSecret: clients.secret.secret as string,
    apiOrigins: [new URL(provider.issuer).origin],
    ...(provider.discoveryUrl ? { differences: { discoveryUrl: provider.discoveryUrl } } : {}),
    ...description.options,
  };
  const app = server.app(options, page, endpointOf(shared, "userinfo"));
  await app.serve();
  return { app, page, provider, metadata, description, clients, key };
}

/** The world of the page's client. */
async function pageWorld({ shared, page: spa }: Begun, description: Provider): Promise<World> {
  const { provider, metadata } = shared;
  const page = await openPage(shared);
  return { app: await pageApp(spa, page, endpointOf(shared, "userinfo")), page, provider, metadata, description };
}

/** Runs rows in their order in a world. A row with an exception does not run; the proof of the exception does. */
function runRows<Kind extends World>(
  selected: Readonly<Record<string, Row<Kind>>>,
  exceptions: Exceptions,
  makeWorld: () => Promise<Kind>,
  fault?: Exception<Kind>,
): void {
  let world: Kind;
  beforeAll(async () => {
    world = await makeWorld();
  });
  afterAll(() => world?.page.context().close());
  for (const [id, { name, run }] of Object.entries(selected)) {
    const exception = exceptions[id as RowId] as Exception<Kind> | undefined;
    if (!exception) test(name, () => run(world));
    else
      test(`${exception.isFault ? "a fault of the provider" : "not offered"}: ${name}`, () => exception.proof(world));
  }
  if (fault) test(`a fault of the provider: ${fault.reason}`, () => fault.proof(world));
}

/** Runs the rows of all apps at one provider. */
export function runInterop(description: Provider): void {
  const { name, missing, exceptions = {}, pageExceptions = {} } = description;
  // Where all providers must be there, the tests of one that is not installed fail.
  const isSkipped = missing !== undefined && !process.env["LATCHKEY_ALL_PROVIDERS"];
  describe.skipIf(isSkipped)(missing ? `${name} (not installed here: ${missing})` : name, () => {
    let begun: Begun;
    beforeAll(async () => {
      if (missing) throw new Error(`${name} is not installed: ${missing}`);
      begun = await begin(description);
    });
    afterAll(() => begun?.end());
    describe.each(SERVERS)("%s", (server) => {
      runRows<ServerWorld>(
        { ...rows, ...serverRows },
        exceptions,
        () => serverWorld(begun, description, server),
        description.fault as Exception<ServerWorld> | undefined,
      );
    });
    describe("the page's client", () => {
      runRows<World>(rows, { ...exceptions, ...pageExceptions }, () => pageWorld(begun, description));
    });
  });
}
