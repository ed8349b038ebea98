import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Answer, type Client, createClient, isOurs, signedIn } from "./client.js";
import { startWorld, type World, type WorldOptions } from "./world.js";

const ours = ({ setCookies }: Answer) => setCookies.filter(isOurs);

/** A shared cache that keeps what it is allowed to keep, Set-Cookie and all, and looks at nothing but the URL. */
function createSharedCache() {
  const kept = new Map<string, Answer>();
  let hits = 0;
  return {
    hits: () => hits,
    async fetch(client: Client, url: string, headers: Record<string, string> = {}): Promise<Answer> {
      const key = `${url} ${headers["rsc"] ?? ""}`;
      const known = kept.get(key);
      if (known) {
        hits += 1;
        return known;
      }
      const answer = await client.open(url, { headers });
      const control = answer.headers["cache-control"] ?? "";
      const isAllowed = /public|s-maxage|max-age=[1-9]/.test(control) && !/private|no-store/.test(control);
      if (answer.status === 200 && isAllowed) kept.set(key, answer);
      return answer;
    },
  };
}

interface Place {
  readonly name: string;
  readonly path: string;
  readonly headers?: Record<string, string>;
}

/** What each page of an app is fetched by. */
async function placesOf({ base }: World): Promise<{ pages: Place[]; dynamic: Place[]; assets: Place[] }> {
  const client = createClient();
  const html = (await client.follow(await client.open(`${base}/stored`))).body;
  const build = /"buildId":"([^"]+)"/.exec(html)?.[1];
  const chunk = /\/_next\/static\/[^"\\]+\.js/.exec(html)?.[0];
  // Next 16 says which mark it wants to see in the URL of a payload.
  const slash = base.endsWith("/docs") ? "/" : "";
  const rsc = await client.fetch(`${base}/static${slash}`, { headers: { rsc: "1" } });
  const payload = rsc.headers.location ? new URL(rsc.headers.location, base).search : "";
  return {
    pages: [
      { name: "a prerendered page", path: `/static${slash}` },
      { name: "its payload", path: `/static${slash}${payload}`, headers: { rsc: "1" } },
      { name: "a page that is made anew each minute", path: `/isr${slash}` },
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

  test("S4 S6: whatever a session is rolled on is kept by no cache, prerendered or not", async () => {
    const client = await signedIn(rolling);
    for (const { name: what, path, headers } of all.pages) {
      const answer = await client.open(rolling.base + path, { headers: headers ?? {} });
      expect([what, answer.status]).toEqual([what, 200]);
      expect([what, ours(answer).length]).toEqual([what, 1]);
      expect([what, answer.headers["cache-control"]]).toEqual([what, "private, no-store"]);
      expect([what, Object.keys(answer.headers).filter((header) => /cdn|surrogate|^expires/.test(header))]).toEqual([
        what,
        [],
      ]);
    }
  });

  test("S4 S6: the same where a token was refreshed; what writes nothing stays with the caches", async () => {
    const client = await signedIn(brief);
    const open = ({ path, headers = {} }: Place, by = client) => by.open(brief.base + path, { headers });
    for (const place of all.pages) {
      const nothing = await open(place, createClient());
      expect([place.name, ours(nothing), nothing.headers["cache-control"]]).toEqual([
        place.name,
        [],
        expect.stringContaining("s-maxage="),
      ]);
    }
    await new Promise((resolve) => setTimeout(resolve, 4100));
    const refreshed = await open(all.pages[0] as Place);
    expect(ours(refreshed).length).toBeGreaterThan(0);
    expect(refreshed.headers["cache-control"]).toBe("private, no-store");
    const second = await open(all.pages[0] as Place);
    expect(ours(second)).toEqual([]);
    expect(second.headers["cache-control"]).toContain("s-maxage=");
  });

  test("S6: nor is a session rolled onto what every cache keeps", async () => {
    const client = await signedIn(rolling);
    for (const { name: what, path } of all.assets) {
      const answer = await client.open(rolling.base + path, {
        headers: { "sec-fetch-mode": "no-cors", "sec-fetch-dest": "", accept: "*/*" },
      });
      expect([what, answer.status]).toEqual([what, 200]);
      expect([what, answer.setCookies]).toEqual([what, []]);
      expect([what, answer.headers["cache-control"]]).toEqual([what, expect.not.stringMatching(/private|no-store/)]);
      if (what === "a chunk") expect(answer.headers["cache-control"]).toContain("immutable");
    }
  });

  test("S8: a shared cache never hands out what was somebody else's", async () => {
    const cache = createSharedCache();
    const [ada, grace, nobody] = [await signedIn(rolling, "ada"), await signedIn(rolling, "grace"), createClient()];
    const places = [...all.pages, ...all.dynamic, ...all.assets];
    const given = new Map<Client, string[]>();
    const bodies = new Map<Client, string>();
    for (const client of [ada, grace, nobody, ada, grace, nobody]) {
      for (const { path, headers } of places) {
        const answer = await cache.fetch(client, rolling.base + path, headers);
        given.set(client, [...(given.get(client) ?? []), ...ours(answer)]);
        bodies.set(client, (bodies.get(client) ?? "") + answer.body);
      }
    }
    expect(cache.hits()).toBeGreaterThan(places.length);
    const [toAda = [], toGrace = [], toNobody = []] = [ada, grace, nobody].map((client) => given.get(client));
    expect(toAda.length).toBeGreaterThan(all.pages.length);
    expect(toNobody).toEqual([]);
    expect(toAda.filter((line) => toGrace.includes(line))).toEqual([]);
    expect(bodies.get(ada)).toContain("Ada Lovelace");
    expect(bodies.get(grace)).not.toContain("Ada Lovelace");
    expect(bodies.get(nobody)).not.toMatch(/Ada Lovelace|Grace Hopper/);
  });

  test("S7: what our own routes answer is kept by none", async () => {
    const slash = options.trailingSlash ? "/" : "";
    for (const route of ["me", "login", "logout", "callback"]) {
      const answer = await createClient().open(`${rolling.base}/auth/${route}${slash}`);
      expect([route, answer.headers["cache-control"]]).toEqual([route, "private, no-store"]);
    }
    for (const path of ["/session", "/api/private"]) {
      const answer = await createClient().fetch(rolling.base + path + slash);
      expect([path, answer.status, answer.headers["cache-control"]]).toEqual([path, 401, "private, no-store"]);
    }
  });
});
