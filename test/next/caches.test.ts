import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Client, type ClientResponse, createClient, createSignedInClient, isLatchkeyCookie } from "./client.js";
import { startWorld, type World, type WorldOptions } from "./world.js";

const latchkeyCookies = ({ setCookies }: ClientResponse) => setCookies.filter(isLatchkeyCookie);

/** A shared cache that stores every response that its headers allow, Set-Cookie included, with the URL as its key. */
function createSharedCache() {
  const stored = new Map<string, ClientResponse>();
  let hits = 0;
  return {
    hits: () => hits,
    async fetch(client: Client, url: string, headers: Record<string, string> = {}): Promise<ClientResponse> {
      const key = `${url} ${headers["rsc"] ?? ""}`;
      const hit = stored.get(key);
      if (hit) {
        hits += 1;
        return hit;
      }
      const response = await client.open(url, { headers });
      const control = response.headers["cache-control"] ?? "";
      const isAllowed = /public|s-maxage|max-age=[1-9]/.test(control) && !/private|no-store/.test(control);
      if (response.status === 200 && isAllowed) stored.set(key, response);
      return response;
    },
  };
}

interface Place {
  readonly name: string;
  readonly path: string;
  readonly headers?: Record<string, string>;
}

/** The URLs of an app: static pages, pages that read the session, and assets. */
async function placesOf({ base }: World): Promise<{ pages: Place[]; dynamic: Place[]; assets: Place[] }> {
  const client = createClient();
  const html = (await client.follow(await client.open(`${base}/stored`))).body;
  const build = /"buildId":"([^"]+)"/.exec(html)?.[1];
  const chunk = /\/_next\/static\/[^"\\]+\.js/.exec(html)?.[0];
  // Next 16 redirects a payload request to a URL with its `_rsc` parameter.
  const slash = base.endsWith("/docs") ? "/" : "";
  const rsc = await client.fetch(`${base}/static${slash}`, { headers: { rsc: "1" } });
  const payload = rsc.headers.location ? new URL(rsc.headers.location, base).search : "";
  return {
    pages: [
      { name: "a prerendered page", path: `/static${slash}` },
      { name: "its payload", path: `/static${slash}${payload}`, headers: { rsc: "1" } },
      { name: "a page that is regenerated every minute", path: `/isr${slash}` },
      { name: "a page with getStaticProps", path: `/stored${slash}` },
      { name: "its data", path: `/_next/data/${build}/stored.json`, headers: { "x-nextjs-data": "1" } },
    ],
    dynamic: [
      "/home",
      "/account",
      "/look",
      "/session",
      "/handler",
      "/gssp",
      "/api/private",
      "/auth/me",
      "/initial",
    ].map((path) => ({ name: path, path: path + slash })),
    assets: [
      { name: "a chunk", path: chunk?.replace(/^\/docs/, "") ?? "" },
      {
        name: "an image",
        path: `/_next/image${slash}?url=${base.endsWith("/docs") ? "/docs" : ""}/logo.png&w=64&q=75`,
      },
      { name: "a file of public/", path: "/logo.png" },
    ],
  };
}

const mounted: WorldOptions = { basePath: "/docs", trailingSlash: true };
const kinds: Array<[string, WorldOptions]> = [
  ["main-15", {}],
  ["main-16", {}],
  ["mounted-15", mounted],
  ["mounted-16", mounted],
];

describe.each(kinds)("caches in front of %s", (name, options) => {
  let rolling: World;
  let brief: World;
  let all: Awaited<ReturnType<typeof placesOf>>;

  beforeAll(async () => {
    rolling = await startWorld(name, { ...options, options: { session: { rollAfter: 0 } } });
    brief = await startWorld(name, { ...options, accessTokenLifetime: 5 });
    all = await placesOf(rolling);
  });
  afterAll(async () => void (await Promise.all([rolling?.stop(), brief?.stop()])));

  test("S4 S6: a response that rolls the session is `private, no-store`, prerendered or not", async () => {
    const client = await createSignedInClient(rolling);
    for (const { name: what, path, headers } of all.pages) {
      const response = await client.open(rolling.base + path, { headers: headers ?? {} });
      expect([what, response.status]).toEqual([what, 200]);
      expect([what, latchkeyCookies(response).length]).toEqual([what, 1]);
      expect([what, response.headers["cache-control"]]).toEqual([what, "private, no-store"]);
      expect([what, Object.keys(response.headers).filter((header) => /cdn|surrogate|^expires/.test(header))]).toEqual([
        what,
        [],
      ]);
    }
  });

  test("S4 S6: a response with a refreshed token is `private, no-store`; one that sets no cookie stays cacheable", async () => {
    const client = await createSignedInClient(brief);
    const open = ({ path, headers = {} }: Place, by = client) => by.open(brief.base + path, { headers });
    for (const place of all.pages) {
      const response = await open(place, createClient());
      expect([place.name, latchkeyCookies(response), response.headers["cache-control"]]).toEqual([
        place.name,
        [],
        expect.stringContaining("s-maxage="),
      ]);
    }
    await new Promise((resolve) => setTimeout(resolve, 4100));
    const refreshed = await open(all.pages[0] as Place);
    expect(latchkeyCookies(refreshed).length).toBeGreaterThan(0);
    expect(refreshed.headers["cache-control"]).toBe("private, no-store");
    const second = await open(all.pages[0] as Place);
    expect(latchkeyCookies(second)).toEqual([]);
    expect(second.headers["cache-control"]).toContain("s-maxage=");
  });

  test("S6: assets stay cacheable and set no cookie", async () => {
    const client = await createSignedInClient(rolling);
    for (const { name: what, path } of all.assets) {
      const response = await client.open(rolling.base + path, {
        headers: { "sec-fetch-mode": "no-cors", "sec-fetch-dest": "", accept: "*/*" },
      });
      expect([what, response.status]).toEqual([what, 200]);
      expect([what, response.setCookies]).toEqual([what, []]);
      expect([what, response.headers["cache-control"]]).toEqual([what, expect.not.stringMatching(/private|no-store/)]);
      if (what === "a chunk") expect(response.headers["cache-control"]).toContain("immutable");
    }
  });

  test("S8: behind a shared cache, no user gets another user's page or cookies", async () => {
    const cache = createSharedCache();
    const [ada, grace, visitor] = [
      await createSignedInClient(rolling, "ada"),
      await createSignedInClient(rolling, "grace"),
      createClient(),
    ];
    const places = [...all.pages, ...all.dynamic, ...all.assets];
    const cookies = new Map<Client, string[]>();
    const bodies = new Map<Client, string>();
    for (const client of [ada, grace, visitor, ada, grace, visitor]) {
      for (const { path, headers } of places) {
        const response = await cache.fetch(client, rolling.base + path, headers);
        cookies.set(client, [...(cookies.get(client) ?? []), ...latchkeyCookies(response)]);
        bodies.set(client, (bodies.get(client) ?? "") + response.body);
      }
    }
    expect(cache.hits()).toBeGreaterThan(places.length);
    const [toAda = [], toGrace = [], toVisitor = []] = [ada, grace, visitor].map((client) => cookies.get(client));
    expect(toAda.length).toBeGreaterThan(all.pages.length);
    expect(toVisitor).toEqual([]);
    expect(toAda.filter((line) => toGrace.includes(line))).toEqual([]);
    expect(bodies.get(ada)).toContain("Ada Lovelace");
    expect(bodies.get(grace)).not.toContain("Ada Lovelace");
    expect(bodies.get(visitor)).not.toMatch(/Ada Lovelace|Grace Hopper/);
  });

  test("S7: responses of latchkey's routes and guards are `private, no-store`", async () => {
    const slash = options.trailingSlash ? "/" : "";
    for (const route of ["me", "login", "logout", "callback"]) {
      const response = await createClient().open(`${rolling.base}/auth/${route}${slash}`);
      expect([route, response.headers["cache-control"]]).toEqual([route, "private, no-store"]);
    }
    for (const path of ["/session", "/api/private"]) {
      const response = await createClient().fetch(rolling.base + path + slash);
      expect([path, response.status, response.headers["cache-control"]]).toEqual([path, 401, "private, no-store"]);
    }
  });
});
