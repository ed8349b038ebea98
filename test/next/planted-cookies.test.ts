import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  type Client,
  type ClientResponse,
  createSignedInClient,
  isLatchkeyCookie,
  jsonIn,
  sendRequest,
} from "./client.js";
import { startWorld, type World } from "./world.js";

/** What a page of the fixture shows of its request. */
interface Seen {
  user: string | null;
  header: string | null;
}

/** The pair of the identity cookie in a Cookie header. */
const identityOf = (cookies: string) => cookies.split("; ").find((pair) => pair.includes(".id.")) as string;
const tagOf = (pair: string) => pair.split(".", 2)[1] as string;

/** The name of an `end` cookie with a time after every session of this test began: if it counted, it would end them. */
const END = `latchkey.end.${Date.now() + 3_600_000}`;

/** Ways for a sibling sub-domain to hide a cookie name, for example behind a no-break space, which browsers keep and send. */
const hidden = (pair: string) => [`\u00a0${pair}`, `\u00a0\u00a0${pair}`, `\u00c2\u00a0${pair}`, `"${pair}`];

describe.each(["main-15", "main-16", "bare-15", "bare-16"])("%s:", (name) => {
  const hasProxy = name.startsWith("main");
  let world: World;
  let victim: Client;
  let attacker: string;
  beforeAll(async () => {
    // With `rollAfter: 0` the proxy and API routes set a session cookie on each request.
    world = await startWorld(name, { options: { session: { rollAfter: 0 } } });
    victim = await createSignedInClient(world, "ada");
    // The attacker's session began later, so it would win if latchkey read its cookie.
    attacker = identityOf((await createSignedInClient(world, "bob")).cookies(world.base));
  });
  afterAll(() => world?.stop());

  const get = (path: string, cookie: string) =>
    sendRequest(world.base + path, {
      headers: { cookie, "sec-fetch-mode": "navigate", "sec-fetch-site": "same-origin" },
    });
  /** The victim's Cookie header with a planted cookie before it and after it, because browsers may send either order. */
  const withPlanted = (planted: string) => [
    `${planted}; ${victim.cookies(world.base)}`,
    `${victim.cookies(world.base)}; ${planted}`,
  ];
  const writtenTags = ({ setCookies }: ClientResponse) => [
    ...new Set(
      setCookies.filter((line) => isLatchkeyCookie(line)).map((line) => tagOf(line.split("=", 1)[0] as string)),
    ),
  ];
  const victimTag = () => tagOf(identityOf(victim.cookies(world.base)));
  const plantedCookies = () => [...hidden(attacker), ...hidden(`${END}=1`), END, `=${END}`, `=${attacker}`];

  test("with planted cookies, a page, a handler, getServerSideProps and an API route still see the victim's session", async () => {
    for (const cookie of plantedCookies().flatMap(withPlanted)) {
      const seen = jsonIn(await get("/look", cookie)) as Seen;
      expect([cookie, seen.user]).toEqual([cookie, "ada"]);
      for (const path of ["/handler", "/gssp", "/api/private"]) {
        const response = await get(path, cookie);
        expect([path, cookie, response.status, /ada/i.test(response.body)]).toEqual([path, cookie, 200, true]);
        expect(writtenTags(response).filter((tag) => tag !== victimTag())).toEqual([]);
      }
      if (!hasProxy) continue;
      const pairs = (seen.header ?? "").split("; ").map((pair) => pair.replace(/^[^\w]+/, ""));
      expect(pairs.filter((pair) => pair.startsWith("latchkey.") && tagOf(pair) !== victimTag())).toEqual([]);
    }
  });

  test("with planted cookies, a server action updates the victim's session", async () => {
    const home = await victim.open(`${world.base}/home`);
    const action = /name="(\$ACTION_ID_[0-9a-f]+)"/.exec(home.body)?.[1] as string;
    const boundary = "----edge";
    for (const cookie of [`\u00a0${attacker}`, `\u00a0${END}=1`, END].flatMap(withPlanted)) {
      const response = await sendRequest(`${world.base}/home`, {
        method: "POST",
        headers: {
          cookie,
          origin: world.origin,
          "sec-fetch-mode": "navigate",
          "content-type": `multipart/form-data; boundary=${boundary}`,
        },
        body: `--${boundary}\r\ncontent-disposition: form-data; name="${action}"\r\n\r\n\r\n--${boundary}--\r\n`,
      });
      expect([cookie, response.status]).toEqual([cookie, 200]);
      expect(response.body).toContain("Hello Ada");
      expect(response.setCookies.some((line) => line.includes(`.${victimTag()}.id.`))).toBe(true);
      expect(writtenTags(response)).toEqual([victimTag()]);
    }
  });

  test("latchkey's cookies are read as the browser sent them: an encoded or duplicated identity cookie is no session", async () => {
    const [identity, id] = [identityOf(victim.cookies(world.base)), victimTag()];
    const rest = victim
      .cookies(world.base)
      .split("; ")
      .filter((pair) => pair !== identity);
    const [first, value] = identity.split(/=(.*)/s) as [string, string];
    const encoded = `${first}=%${value.charCodeAt(0).toString(16)}${value.slice(1)}`;
    for (const changed of [encoded, `${identity}; ${identity}`, `${first}; ${encoded}`]) {
      for (const path of ["/look", "/handler"]) {
        const response = await get(path, [...rest, changed].join("; "));
        expect([changed, id, (path === "/look" ? (jsonIn(response) as Seen) : JSON.parse(response.body)).user]).toEqual(
          [changed, id, null],
        );
      }
    }
  });
});
