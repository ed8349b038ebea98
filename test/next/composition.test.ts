import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import {
  type Client,
  type ClientResponse,
  createSignedInClient,
  isLatchkeyCookie,
  jsonIn,
  locationOf,
} from "./client.js";
import { startWorld, type World } from "./world.js";

/** Cookies that are not latchkey's, in forms that change if they are parsed and serialized again. */
const FOREIGN = 'q="x y"; e=a=b==; dup=1; dup=2; odd; pct=%7B%22a%22%3A1%7D; =nameless';

/** What a page saw. */
interface Seen {
  user: string | null;
  count: number;
  header: string;
  cookies: Array<[string, string]>;
  added: string | null;
  host: string;
  locale?: string;
}
const seenIn = (response: ClientResponse) => jsonIn(response) as Seen;

/** Splits a Cookie header into latchkey's pairs and the rest. */
const split = (header: string) => {
  const pairs = header.split("; ");
  return {
    latchkeyPairs: pairs.filter(isLatchkeyCookie).sort(),
    others: pairs.filter((pair) => !isLatchkeyCookie(pair)).join("; "),
  };
};

describe.each(["15", "16"])("Next %s: the app's own proxy inside `withProxy`", (version) => {
  let world: World;
  let client: Client;
  beforeAll(async () => {
    // With `rollAfter: 0` latchkey sets a cookie on each request.
    world = await startWorld(`main-${version}`, { options: { session: { rollAfter: 0 } } });
  });
  beforeEach(async () => {
    client = await createSignedInClient(world);
  });
  afterAll(() => world?.stop());

  const open = (path: string, headers: Record<string, string> = {}) =>
    client.open(world.base + path, { headers: { cookie: FOREIGN, "x-mine": "kept", ...headers } });

  /** Expects the response to set one cookie of latchkey, and these of the app. */
  function expectResponse({ setCookies, headers }: ClientResponse, own: string[]): void {
    expect(setCookies.filter(isLatchkeyCookie).length).toBe(1);
    expect(setCookies.filter((line) => !isLatchkeyCookie(line)).map((line) => line.split(";")[0])).toEqual(own);
    expect(headers["cache-control"]).toContain("no-store");
  }

  /**
   * Expects the page to see latchkey's cookies as the browser will have them, and other cookies as the browser sent them.
   * If the app sets a cookie with Next's API (`added`), Next serializes the other cookies again.
   */
  function expectPage(response: ClientResponse, added?: string): Seen {
    const seen = seenIn(response);
    const { latchkeyPairs, others } = split(seen.header);
    expect(seen.user).toBe("ada");
    if (added === undefined) expect(others).toBe(FOREIGN);
    else {
      for (const pair of [...FOREIGN.split("; "), added])
        expect(others).toContain(pair.slice(0, pair.indexOf("=") + 1 || pair.length));
    }
    expect(latchkeyPairs).toEqual(client.cookies(world.base).split("; ").filter(isLatchkeyCookie).sort());
    const written = response.setCookies.find(isLatchkeyCookie)?.split(";")[0];
    expect(latchkeyPairs).toContain(written);
    expect(seen.cookies.map(([name, value]) => `${name}=${value}`)).toContain(written);
    expect(seen.host).toBe(new URL(world.base).host);
    return seen;
  }

  const own = ["own=1", 'raw="a=b"'];

  test.each(["/look", "/own/nothing"])("%s: returns nothing", async (path) => {
    const response = await open(path);
    expectResponse(response, []);
    expectPage(response);
  });

  test("returns NextResponse.next() with headers and cookies of its own", async () => {
    const response = await open("/own/next");
    expectResponse(response, own);
    expect(response.headers["x-own"]).toBe("yes");
    expectPage(response, "own=1");
  });

  test("adds a request header, and the page sees it and the new cookie", async () => {
    const response = await open("/own/headers");
    expectResponse(response, own);
    expect(expectPage(response, "own=1").added).toBe("yes");
  });

  test("rewrites to another page, which sees the same cookies", async () => {
    const response = await open("/own/rewrite");
    expect(response.status).toBe(200);
    expectResponse(response, own);
    expect(response.headers["x-own"]).toBe("yes");
    expectPage(response, "own=1");
  });

  test("redirects", async () => {
    const response = await open("/own/redirect");
    expect(response.status).toBe(307);
    expect(new URL(locationOf(response) ?? "").pathname).toBe("/static");
    expectResponse(response, own);
    expect(response.headers["x-own"]).toBe("yes");
  });

  test("responds by itself, with the session's user", async () => {
    const response = await open("/own/json");
    expect(JSON.parse(response.body)).toEqual({ user: "ada" });
    expectResponse(response, own);
  });

  test("updates the session, and the page sees the update in the same request", async () => {
    const [first, second] = [await open("/own/updates"), await open("/own/updates")];
    expect(seenIn(second).count).toBe(seenIn(first).count + 1);
    expect(seenIn(await open("/look")).count).toBe(seenIn(second).count);
    expect(split(seenIn(second).header).others).toBe(FOREIGN);
  });

  test("next-intl redirects, rewrites and sets its cookie as it does without latchkey", async () => {
    const first = await open("/intl", { "accept-language": "de" });
    expect(first.status).toBe(307);
    expect(new URL(locationOf(first) ?? "").pathname).toBe("/de/intl");
    expectResponse(first, []);
    const page = await open("/de/intl", { "accept-language": "en" });
    expectResponse(page, ["NEXT_LOCALE=de"]);
    expect(page.headers.link).toContain("hreflang");
    expect(expectPage(page, "NEXT_LOCALE=de").locale).toBe("de");
  });

  test("route handlers, getServerSideProps and API routes see the new cookie too", async () => {
    const handler = await open("/handler");
    const written = handler.setCookies.find(isLatchkeyCookie)?.split(";")[0];
    expect(JSON.parse(handler.body).header).toContain(written);
    expect(split(JSON.parse(handler.body).header).others).toBe(FOREIGN);
    for (const path of ["/gssp", "/api/private"]) {
      const response = await open(path);
      expect([path, response.status]).toEqual([path, 200]);
      expect(response.setCookies.filter(isLatchkeyCookie).length).toBeGreaterThan(0);
      expect((await open("/look")).status).toBe(200);
    }
  });

  test("an API route that updates the session can also set a cookie of its own", async () => {
    const before = seenIn(await open("/look")).count;
    const response = await open("/api/count");
    expect(JSON.parse(response.body).data).toEqual({ count: before + 1 });
    expect(response.setCookies.filter((line) => !isLatchkeyCookie(line))).toEqual(["own=1; Path=/"]);
    expect(seenIn(await open("/look")).count).toBe(before + 1);
  });
});
