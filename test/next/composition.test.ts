import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type Answer, type Client, isOurs, locationOf, printed, signedIn } from "./client.js";
import { startWorld, type World } from "./world.js";

/** Cookies of others, in forms that printing them anew would change. */
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
const seenIn = (answer: Answer) => printed(answer) as Seen;

/** The pairs of ours in a Cookie header, and the rest of it. */
const split = (header: string) => {
  const pairs = header.split("; ");
  return { ours: pairs.filter(isOurs).sort(), others: pairs.filter((pair) => !isOurs(pair)).join("; ") };
};

describe.each(["15", "16"])("Next %s: an app's own proxy inside ours", (version) => {
  let world: World;
  let client: Client;
  beforeAll(async () => {
    // Something is written on each request.
    world = await startWorld(`main-${version}`, { options: { session: { rollAfter: 0 } } });
  });
  beforeEach(async () => {
    client = await signedIn(world);
  });
  afterAll(() => world?.stop());

  const open = (path: string, headers: Record<string, string> = {}) =>
    client.open(world.base + path, { headers: { cookie: FOREIGN, "x-mine": "kept", ...headers } });

  /** Nobody's cookies are lost on the way out. */
  function outgoing({ setCookies, headers }: Answer, own: string[]): void {
    expect(setCookies.filter(isOurs).length).toBe(1);
    expect(setCookies.filter((line) => !isOurs(line)).map((line) => line.split(";")[0])).toEqual(own);
    expect(headers["cache-control"]).toContain("no-store");
  }

  /**
   * The page sees the cookies as the browser will have them, and those of others as they were sent; or, where the app sets
   * some by Next's own means, as Next then prints them.
   */
  function incoming(answer: Answer, added?: string): Seen {
    const seen = seenIn(answer);
    const { ours, others } = split(seen.header);
    expect(seen.user).toBe("ada");
    if (added === undefined) expect(others).toBe(FOREIGN);
    else {
      for (const pair of [...FOREIGN.split("; "), added])
        expect(others).toContain(pair.slice(0, pair.indexOf("=") + 1 || pair.length));
    }
    expect(ours).toEqual(client.cookies(world.base).split("; ").filter(isOurs).sort());
    const written = answer.setCookies.find(isOurs)?.split(";")[0];
    expect(ours).toContain(written);
    expect(seen.cookies.map(([name, value]) => `${name}=${value}`)).toContain(written);
    expect(seen.host).toBe(new URL(world.base).host);
    return seen;
  }

  const own = ["own=1", 'raw="a=b"'];

  test.each(["/look", "/own/nothing"])("%s: answers nothing", async (path) => {
    const answer = await open(path);
    outgoing(answer, []);
    incoming(answer);
  });

  test("goes on, with headers and cookies of its own", async () => {
    const answer = await open("/own/next");
    outgoing(answer, own);
    expect(answer.headers["x-own"]).toBe("yes");
    incoming(answer, "own=1");
  });

  test("adds a request header, which the page sees beside the new cookie", async () => {
    const answer = await open("/own/headers");
    outgoing(answer, own);
    expect(incoming(answer, "own=1").added).toBe("yes");
  });

  test("rewrites, and the other page sees the same", async () => {
    const answer = await open("/own/rewrite");
    expect(answer.status).toBe(200);
    outgoing(answer, own);
    expect(answer.headers["x-own"]).toBe("yes");
    incoming(answer, "own=1");
  });

  test("redirects", async () => {
    const answer = await open("/own/redirect");
    expect(answer.status).toBe(307);
    expect(new URL(locationOf(answer) ?? "").pathname).toBe("/static");
    outgoing(answer, own);
    expect(answer.headers["x-own"]).toBe("yes");
  });

  test("answers by itself, and knows who is there", async () => {
    const answer = await open("/own/json");
    expect(JSON.parse(answer.body)).toEqual({ user: "ada" });
    outgoing(answer, own);
  });

  test("updates the session, and the page sees that in the same request", async () => {
    const [first, second] = [await open("/own/updates"), await open("/own/updates")];
    expect(seenIn(second).count).toBe(seenIn(first).count + 1);
    expect(seenIn(await open("/look")).count).toBe(seenIn(second).count);
    expect(split(seenIn(second).header).others).toBe(FOREIGN);
  });

  test("next-intl redirects, rewrites and sets its cookie as without us", async () => {
    const first = await open("/intl", { "accept-language": "de" });
    expect(first.status).toBe(307);
    expect(new URL(locationOf(first) ?? "").pathname).toBe("/de/intl");
    outgoing(first, []);
    const page = await open("/de/intl", { "accept-language": "en" });
    outgoing(page, ["NEXT_LOCALE=de"]);
    expect(page.headers.link).toContain("hreflang");
    expect(incoming(page, "NEXT_LOCALE=de").locale).toBe("de");
  });

  test("handlers, getServerSideProps and API routes see the new cookie as well", async () => {
    const handler = await open("/handler");
    const written = handler.setCookies.find(isOurs)?.split(";")[0];
    expect(JSON.parse(handler.body).header).toContain(written);
    expect(split(JSON.parse(handler.body).header).others).toBe(FOREIGN);
    for (const path of ["/gssp", "/api/private"]) {
      const answer = await open(path);
      expect([path, answer.status]).toEqual([path, 200]);
      expect(answer.setCookies.filter(isOurs).length).toBeGreaterThan(0);
      expect((await open("/look")).status).toBe(200);
    }
  });

  test("an API route that updates the session keeps its own cookie beside what the proxy wrote", async () => {
    const before = seenIn(await open("/look")).count;
    const answer = await open("/api/count");
    expect(JSON.parse(answer.body).data).toEqual({ count: before + 1 });
    expect(answer.setCookies.filter((line) => !isOurs(line))).toEqual(["own=1; Path=/"]);
    expect(seenIn(await open("/look")).count).toBe(before + 1);
  });
});
