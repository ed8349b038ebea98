import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Answer, ask, type Client, isOurs, printed, signedIn } from "./client.js";
import { startWorld, type World } from "./world.js";

/** What a page saw. */
interface Seen {
  user: string | null;
  header: string | null;
}

/** The pair of a browser's session identity: its name and value. */
const identityOf = (cookies: string) => cookies.split("; ").find((pair) => pair.includes(".id.")) as string;
const tagOf = (pair: string) => pair.split(".", 2)[1] as string;

/** An `end` later than every session here. */
const END = `latchkey.end.${Date.now() + 3_600_000}`;

/** What a sibling sub-domain may set; a no-break space as the byte that browsers keep and send. */
const behind = (pair: string) => [`\u00a0${pair}`, `\u00a0\u00a0${pair}`, `\u00c2\u00a0${pair}`, `"${pair}`];

describe.each(["main-15", "main-16", "bare-15", "bare-16"])("%s:", (name) => {
  const hasProxy = name.startsWith("main");
  let world: World;
  let victim: Client;
  let attacker: string;
  beforeAll(async () => {
    // The proxy, where there is one, writes on each request; so do API routes.
    world = await startWorld(name, { options: { session: { rollAfter: 0 } } });
    victim = await signedIn(world, "ada");
    // Began later: were it read, it would count.
    attacker = identityOf((await signedIn(world, "bob")).cookies(world.base));
  });
  afterAll(() => world?.stop());

  const get = (path: string, cookie: string) =>
    ask(world.base + path, { headers: { cookie, "sec-fetch-mode": "navigate", "sec-fetch-site": "same-origin" } });
  /** The victim's cookies, and what was tossed: before and after, as the order of a Cookie header is not to be relied on. */
  const around = (tossed: string) => [
    `${tossed}; ${victim.cookies(world.base)}`,
    `${victim.cookies(world.base)}; ${tossed}`,
  ];
  const writtenTags = ({ setCookies }: Answer) => [
    ...new Set(setCookies.filter((line) => isOurs(line)).map((line) => tagOf(line.split("=", 1)[0] as string))),
  ];
  const mine = () => tagOf(identityOf(victim.cookies(world.base)));
  const kinds = () => [...behind(attacker), ...behind(`${END}=1`), END, `=${END}`, `=${attacker}`];

  test("a page, a handler, getServerSideProps and an API route see the victim, whatever stands beside the prefix", async () => {
    for (const cookie of kinds().flatMap(around)) {
      const seen = printed(await get("/look", cookie)) as Seen;
      expect([cookie, seen.user]).toEqual([cookie, "ada"]);
      for (const path of ["/handler", "/gssp", "/api/private"]) {
        const answer = await get(path, cookie);
        expect([path, cookie, answer.status, /ada/i.test(answer.body)]).toEqual([path, cookie, 200, true]);
        expect(writtenTags(answer).filter((tag) => tag !== mine())).toEqual([]);
      }
      if (!hasProxy) continue;
      const shown = (seen.header ?? "").split("; ").map((pair) => pair.replace(/^[^\w]+/, ""));
      expect(shown.filter((pair) => pair.startsWith("latchkey.") && tagOf(pair) !== mine())).toEqual([]);
    }
  });

  test("a server action writes into the victim's session", async () => {
    const home = await victim.open(`${world.base}/home`);
    const action = /name="(\$ACTION_ID_[0-9a-f]+)"/.exec(home.body)?.[1] as string;
    const boundary = "----edge";
    for (const cookie of [`\u00a0${attacker}`, `\u00a0${END}=1`, END].flatMap(around)) {
      const answer = await ask(`${world.base}/home`, {
        method: "POST",
        headers: {
          cookie,
          origin: world.origin,
          "sec-fetch-mode": "navigate",
          "content-type": `multipart/form-data; boundary=${boundary}`,
        },
        body: `--${boundary}\r\ncontent-disposition: form-data; name="${action}"\r\n\r\n\r\n--${boundary}--\r\n`,
      });
      expect([cookie, answer.status]).toEqual([cookie, 200]);
      expect(answer.body).toContain("Hello Ada");
      expect(answer.setCookies.some((line) => line.includes(`.${mine()}.id.`))).toBe(true);
      expect(writtenTags(answer)).toEqual([mine()]);
    }
  });

  test("cookies of ours count as the browser sent them: not decoded, and not when sent twice", async () => {
    const [identity, id] = [identityOf(victim.cookies(world.base)), mine()];
    const rest = victim
      .cookies(world.base)
      .split("; ")
      .filter((pair) => pair !== identity);
    const [first, value] = identity.split(/=(.*)/s) as [string, string];
    const encoded = `${first}=%${value.charCodeAt(0).toString(16)}${value.slice(1)}`;
    for (const changed of [encoded, `${identity}; ${identity}`, `${first}; ${encoded}`]) {
      for (const path of ["/look", "/handler"]) {
        const answer = await get(path, [...rest, changed].join("; "));
        expect([changed, id, (path === "/look" ? (printed(answer) as Seen) : JSON.parse(answer.body)).user]).toEqual([
          changed,
          id,
          null,
        ]);
      }
    }
  });
});
