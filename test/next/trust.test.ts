import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  type ClientResponse,
  createClient,
  createSignedInClient,
  isLatchkeyCookie,
  locationOf,
  sendRequest,
} from "./client.js";
import { startWorld, type World } from "./world.js";

/** Headers with which an attacker may try to deceive Next or latchkey. */
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

const guarded = ["/account", "/inside", "/gssp", "/session", "/api/private", "/cached"];
/** Whether a response refuses access: pages redirect to sign in, other routes respond with 401. */
function isRefused(response: ClientResponse, { base }: World): boolean {
  const { status, body } = response;
  if (/Ada|"ada"|Inside/.test(body)) return false;
  if (status === 401) return body.includes("not_authenticated");
  // In Next's proxy, request URLs have "localhost" instead of 127.0.0.1.
  const to = locationOf(response)?.replace("//localhost:", "//127.0.0.1:") ?? "";
  return (status === 302 || status === 307) && to.startsWith(`${base}/auth/login?returnTo=`);
}

const internal = ({ headers }: ClientResponse) =>
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

  test("S10: pages, layouts, handlers, API routes and getServerSideProps refuse a request without a session", async () => {
    for (const path of paths) {
      const response = await createClient().open(world.base + path);
      expect([path, isRefused(response, world), response.status]).toEqual([path, true, expect.any(Number)]);
    }
    for (const path of ["/session", "/api/private", ...(isBare(name) ? [] : ["/own/guarded"])])
      expect([path, (await createClient().fetch(world.base + path)).status]).toEqual([path, 401]);
  });

  test("S10: pages, layouts, handlers, API routes and getServerSideProps serve a signed-in user", async () => {
    const client = await createSignedInClient(world);
    for (const path of paths) {
      const response = await client.open(world.base + path);
      expect([path, response.status, /Ada Lovelace|ada/.test(decodeURIComponent(response.body))]).toEqual([
        path,
        200,
        true,
      ]);
    }
  });

  test("S9: no spoofed header signs a visitor in", async () => {
    for (const path of paths) {
      const response = await createClient().open(world.base + path, { headers: SPOOFED });
      expect([path, isRefused(response, world)]).toEqual([path, true]);
      expect(JSON.stringify(response.headers)).not.toContain("evil.example");
      for (const [header, value] of Object.entries(SPOOFED)) {
        const single = await createClient().open(world.base + path, { headers: { [header]: value } });
        expect([path, header, isRefused(single, world)]).toEqual([path, header, true]);
      }
    }
  });

  test("S9: spoofed headers do not change the session of a signed-in user", async () => {
    const client = await createSignedInClient(world);
    for (const path of paths) {
      const response = await client.open(world.base + path, { headers: SPOOFED });
      expect([path, response.status]).toEqual([path, 200]);
      expect(response.setCookies.filter((line) => line.includes("forged"))).toEqual([]);
    }
    expect((await client.open(`${world.base}/session`)).status).toBe(200);
  });

  test("S5: no response has an internal header of Next or latchkey", async () => {
    const client = await createSignedInClient(world);
    const all = [...paths, "/static", "/look", "/handler", "/home", "/auth/me", "/auth/login", "/nowhere"];
    const more = isBare(name)
      ? []
      : ["next", "headers", "rewrite", "redirect", "json", "updates"].map((what) => `/own/${what}`);
    for (const path of [...all, ...more]) {
      for (const by of [client, createClient()]) {
        const response = await by.open(world.base + path, { headers: SPOOFED });
        expect([path, internal(response)]).toEqual([path, []]);
        const vary = (response.headers.vary ?? "").split(",").filter((header) => /^\s*cookie\s*$/i.test(header));
        expect([path, vary.length <= 1]).toEqual([path, true]);
      }
    }
  });

  test("S22: if the provider cannot be reached, guards still refuse, and a sign-in shows an error", async () => {
    const unreachable = await startWorld(name, { options: { issuer: "http://127.0.0.1:9", httpTimeout: 1 } });
    try {
      for (const path of paths) {
        const response = await createClient().open(unreachable.base + path);
        expect([path, isRefused(response, unreachable)]).toEqual([path, true]);
      }
      const login = await createClient().open(`${unreachable.base}/auth/login`);
      expect(login.status).toBeGreaterThanOrEqual(500);
      expect(login.body).toContain("provider_unreachable");
    } finally {
      await unreachable.stop();
    }
  });

  test("a server action posted from another site is refused by Next and changes nothing", async () => {
    const client = await createSignedInClient(world);
    const home = await client.open(`${world.base}/home`);
    const action = /name="(\$ACTION_ID_[0-9a-f]+)"/.exec(home.body)?.[1] as string;
    const post = (origin: string) => {
      const boundary = "----edge";
      return sendRequest(`${world.base}/home`, {
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
    const sealed = ({ setCookies }: ClientResponse) =>
      setCookies.filter((line) => isLatchkeyCookie(line) && line.includes(".id."));
    expect(action).toMatch(/./);
    const foreign = await post("https://evil.example");
    expect(foreign.status).toBe(500);
    expect(sealed(foreign)).toEqual([]);
    expect(sealed(await post(world.origin)).length).toBe(1);
  });
});
