import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Answer, ask, createClient, isOurs, locationOf, signedIn } from "./client.js";
import { startWorld, type World } from "./world.js";

/** What a client may try to tell Next, or us, about a request. */
const SPOOFED: Record<string, string> = {
  "x-middleware-subrequest": Array(5).fill("middleware").join(":"),
  "x-middleware-subrequest-id": "1",
  "x-middleware-next": "1",
  "x-middleware-rewrite": "/static",
  "x-middleware-skip": "1",
  "x-middleware-invoke": "1",
  "x-middleware-override-headers": "cookie,x-user",
  "x-middleware-request-cookie": "latchkey.aaaaaaaa.id.0=forged",
  "x-middleware-set-cookie": "latchkey.aaaaaaaa.id.0=forged; Path=/",
  "x-invoke-path": "/static",
  "x-invoke-status": "200",
  "x-matched-path": "/static",
  "x-now-route-matches": "1=static",
  "x-forwarded-host": "evil.example",
  "x-forwarded-proto": "https",
  "x-user": "ada",
  "x-latchkey-session": '{"user":{"sub":"ada"}}',
  "x-latchkey-user": "ada",
  "set-cookie": "latchkey.aaaaaaaa.id.0=forged",
  "x-action-redirect": "1",
};

/** Pages answer with a redirect to sign in, the rest with 401. */
const guarded = ["/account", "/inside", "/gssp", "/session", "/api/private", "/cached"];
function isRefused(answer: Answer, { base }: World): boolean {
  const { status, body } = answer;
  if (/Ada|"ada"|Inside/.test(body)) return false;
  if (status === 401) return body.includes("not_authenticated");
  // Next's proxy calls 127.0.0.1 localhost.
  const to = locationOf(answer)?.replace("//localhost:", "//127.0.0.1:") ?? "";
  return (status === 302 || status === 307) && to.startsWith(`${base}/auth/login?returnTo=`);
}

const internal = ({ headers }: Answer) =>
  Object.keys(headers).filter((name) => /^x-(middleware-(?!rewrite)|latchkey|invoke|user|action-redirect)/.test(name));

const worlds = ["main-15", "main-16", "bare-15", "bare-16"];
const isBare = (name: string) => name.startsWith("bare");

describe.each(worlds)("%s", (name) => {
  let world: World;
  beforeAll(async () => {
    world = await startWorld(name, { options: { session: { rollAfter: 0 } } });
  });
  afterAll(() => world?.stop());

  const paths = isBare(name) ? guarded : [...guarded, "/own/guarded"];

  test("S10: pages, layouts, handlers, API routes and getServerSideProps refuse who is signed out", async () => {
    for (const path of paths) {
      const answer = await createClient().open(world.base + path);
      expect([path, isRefused(answer, world), answer.status]).toEqual([path, true, expect.any(Number)]);
    }
    for (const path of ["/session", "/api/private", ...(isBare(name) ? [] : ["/own/guarded"])])
      expect([path, (await createClient().fetch(world.base + path)).status]).toEqual([path, 401]);
  });

  test("S10: and serve who is signed in", async () => {
    const client = await signedIn(world);
    for (const path of paths) {
      const answer = await client.open(world.base + path);
      expect([path, answer.status, /Ada Lovelace|ada/.test(decodeURIComponent(answer.body))]).toEqual([
        path,
        200,
        true,
      ]);
    }
  });

  test("S9: no header from outside makes anybody somebody", async () => {
    for (const path of paths) {
      const answer = await createClient().open(world.base + path, { headers: SPOOFED });
      expect([path, isRefused(answer, world)]).toEqual([path, true]);
      expect(JSON.stringify(answer.headers)).not.toContain("evil.example");
      for (const [header, value] of Object.entries(SPOOFED)) {
        const one = await createClient().open(world.base + path, { headers: { [header]: value } });
        expect([path, header, isRefused(one, world)]).toEqual([path, header, true]);
      }
    }
  });

  test("S9: nor does it take anything from who is signed in", async () => {
    const client = await signedIn(world);
    for (const path of paths) {
      const answer = await client.open(world.base + path, { headers: SPOOFED });
      expect([path, answer.status]).toEqual([path, 200]);
      expect(answer.setCookies.filter((line) => line.includes("forged"))).toEqual([]);
    }
    expect((await client.open(`${world.base}/session`)).status).toBe(200);
  });

  test("S5: no header that is for Next or for us alone is in a response", async () => {
    const client = await signedIn(world);
    const all = [...paths, "/static", "/look", "/handler", "/home", "/auth/me", "/auth/login", "/nowhere"];
    const more = isBare(name)
      ? []
      : ["next", "headers", "rewrite", "redirect", "json", "updates"].map((what) => `/own/${what}`);
    for (const path of [...all, ...more]) {
      for (const by of [client, createClient()]) {
        const answer = await by.open(world.base + path, { headers: SPOOFED });
        expect([path, internal(answer)]).toEqual([path, []]);
        const vary = (answer.headers.vary ?? "").split(",").filter((header) => /^\s*cookie\s*$/i.test(header));
        expect([path, vary.length <= 1]).toEqual([path, true]);
      }
    }
  });

  test("S22: where the provider cannot be reached nobody is let in", async () => {
    const lost = await startWorld(name, { options: { issuer: "http://127.0.0.1:9", httpTimeout: 1 } });
    try {
      for (const path of paths) {
        const answer = await createClient().open(lost.base + path);
        expect([path, isRefused(answer, lost)]).toEqual([path, true]);
      }
      const login = await createClient().open(`${lost.base}/auth/login`);
      expect(login.status).toBeGreaterThanOrEqual(500);
      expect(login.body).toContain("provider_unreachable");
    } finally {
      await lost.stop();
    }
  });

  test("an action posted from another site is refused by Next, and changes nothing", async () => {
    const client = await signedIn(world);
    const home = await client.open(`${world.base}/home`);
    const action = /name="(\$ACTION_ID_[0-9a-f]+)"/.exec(home.body)?.[1] as string;
    const post = (origin: string) => {
      const boundary = "----edge";
      return ask(`${world.base}/home`, {
        method: "POST",
        headers: {
          cookie: client.cookies(world.base),
          origin,
          "sec-fetch-mode": "navigate",
          "content-type": `multipart/form-data; boundary=${boundary}`,
        },
        body: `--${boundary}\r\ncontent-disposition: form-data; name="${action}"\r\n\r\n\r\n--${boundary}--\r\n`,
      });
    };
    const sealed = ({ setCookies }: Answer) => setCookies.filter((line) => isOurs(line) && line.includes(".id."));
    expect(action).toMatch(/./);
    const foreign = await post("https://evil.example");
    expect(foreign.status).toBe(500);
    expect(sealed(foreign)).toEqual([]);
    expect(sealed(await post(world.origin)).length).toBe(1);
  });
});
