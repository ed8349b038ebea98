import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import express, { type Request, type Response } from "express";
import { afterEach, describe, expect, test } from "vitest";
import { auth } from "../../adapters/express.js";
import { mintSession } from "../../adapters/testing/index.js";
import { plainRequest } from "../support/app.js";
import { BLANKS, NO_BLANK } from "../support/blanks.js";
import { launch } from "../support/chromium.js";
import { firefoxIsMissing, openFirefox } from "../support/firefox.js";

/**
 * A sibling sub-domain plants cookies for an app that uses latchkey/express twice: the outer one writes at each request and
 * passes the Cookie header on to the inner one. Browsers treat http on *.localhost as trustworthy, so `__Host-` cookies work.
 */

/** A request that the app served. */
interface Served {
  /** The method of the request, and the kind of the planted cookie. */
  readonly what: string;
  /** The Cookie header as the browser sent it. */
  readonly cookie: string;
  outer?: string | undefined;
  inner?: string | undefined;
  data?: unknown;
  setCookies?: string[];
}

const ended: Array<() => unknown> = [];
afterEach(async () => {
  for (const end of ended.splice(0)) await end();
});

/** The pairs of a Cookie header, as name and value. */
const pairsOf = (cookie: string) => cookie.split("; ").map((pair) => pair.split(/=(.*)/s) as [string, string]);

async function startApp() {
  const served: Served[] = [];
  const app = express();
  const server = createServer(app);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  ended.push(() => server.close().closeAllConnections());
  const { port } = server.address() as AddressInfo;
  const url = `http://127.0.0.1:${port}`;
  const at = (host: string, path: string) => `http://${host}.site.localhost:${port}${path}`;
  const options = {
    issuer: "https://op.example/",
    clientId: "client",
    clientSecret: "secret",
    secret: "a secret of at least thirty-two characters",
    baseUrl: `https://app.site.localhost:${port}`,
    session: { rollAfter: 0 },
  };
  const now = Date.now();
  const victim = await mintSession({ ...options, now: () => now - 2000, user: { sub: "victim" } });
  // The attacker's session began later, so it would win if it were read.
  const attacker = await mintSession({ ...options, now: () => now - 1000, user: { sub: "attacker" } });
  const [[name, value]] = pairsOf(attacker) as [[string, string]];
  const end = `__Host-latchkey.end.${now - 500}`;
  const planted: Record<string, string> = {
    unchanged: `${name}=${value}`,
    "without a name": `=${name}=${value}`,
    "without a name or a value": end,
    "without a name, after a blank": `= ${name}=${value}`,
    "after a tab": `\t${name}=${value}`,
    "after a no-break space": `\u00a0${name}=${value}`,
    "after two no-break spaces": `\u00a0 \u00a0${name}=${value}`,
    "after a no-break space, in UTF-8": `\u00c2\u00a0${name}=${value}`,
    "after a byte order mark, in UTF-8": `\u00ef\u00bb\u00bf${name}=${value}`,
    "after a next line": `\u0085${name}=${value}`,
    "in quotes": `"${name}=${value}"`,
    "with a no-break space after its name": `${name}\u00a0=${value}`,
    "an end, after a no-break space": `\u00a0${end}=1`,
    "an end, after a no-break space, without a value": `\u00a0${end}`,
  };
  const kinds = Object.keys(planted);

  app.get("/start", (_req, res) => {
    for (const pair of victim.split("; ")) res.append("set-cookie", `${pair}; Path=/; Secure; HttpOnly; SameSite=Lax`);
    res.redirect(at("evil", "/toss/0"));
  });
  app.get("/toss/:index", (req, res) => {
    const index = Number(req.params.index);
    const lineOf = (kind: string | undefined, rest: string) =>
      kind && res.append("set-cookie", `${planted[kind]}; Domain=site.localhost; Path=/; Secure${rest}`);
    lineOf(kinds[index - 1], "; Max-Age=0");
    lineOf(kinds[index], "");
    // Without a body: with one, Node encodes the headers like the body, and changes their bytes.
    res.writeHead(302, { location: at("app", `/page/${index}`) }).end();
  });

  const record = (what: string, req: Request, res: Response) => {
    const entry: Served = { what, cookie: req.headers.cookie ?? "" };
    served.push(entry);
    res.once("finish", () => {
      entry.setCookies = [res.getHeader("set-cookie") ?? []].flat().map(String);
    });
    return entry;
  };
  app.use(["/page/:index", "/card/:index"], (req, res, next) => {
    res.locals["served"] = record(`${req.method} ${kinds[Number(req.params["index"])]}`, req, res);
    next();
  });
  app.use(auth(options), (req, res, next) => {
    if (res.locals["served"]) res.locals["served"].outer = req.auth.session?.user.sub;
    next();
  });
  app.use(auth(options), (req, res, next) => {
    if (res.locals["served"]) res.locals["served"].inner = req.auth.session?.user.sub;
    next();
  });
  app.get("/page/:index", (req, res) => {
    const index = Number(req.params["index"]);
    const next = index + 1 < kinds.length ? at("evil", `/toss/${index + 1}`) : "/done";
    res.send(`<!doctype html><meta charset="utf-8"><link rel="icon" href="data:,"><script>
      fetch("/card/${index}", { method: "POST" }).then(() => location.assign("${next}"));
    </script>`);
  });
  app.post("/card/:index", async (req, res) => {
    await req.auth.update({ card: Number(req.params["index"]) });
    res.locals["served"].data = req.auth.session?.data;
    res.json({});
  });
  const isDone = new Promise<void>((resolve) => {
    app.get("/done", (_req, res) => {
      res.send("done");
      resolve();
    });
  });
  return { url, served, planted, victim, name, value, end, start: at("app", "/start"), isDone };
}

type App = Awaited<ReturnType<typeof startApp>>;

/** Expects that outer and inner saw the victim, and that only cookies of the victim were written. */
function expectVictim({ served, victim }: App): void {
  const [, tag] = /latchkey\.([\w-]{6})\./.exec(victim) as unknown as [string, string];
  for (const { what, outer, inner, setCookies = [] } of served) {
    const names = setCookies.map((line) => line.slice(0, line.indexOf("=")));
    const isFor = (name: string) => name.startsWith(`__Host-latchkey.${tag}.`);
    expect({ what, outer, inner, others: names.filter((name) => !isFor(name)) }).toEqual({
      what,
      outer: "victim",
      inner: "victim",
      others: [],
    });
    expect([what, names.length]).toEqual([what, names.length || "a cookie that was written"]);
  }
}

describe("latchkey, and latchkey behind latchkey, ignore cookies that a sibling sub-domain sets beside the __Host- prefix", () => {
  test("in a plain request, after every byte that some parser treats as a blank", async () => {
    const app = await startApp();
    const bytes = [...BLANKS, ...NO_BLANK].flatMap((blank) => [blank, Buffer.from(blank).toString("latin1")]);
    const inHeaders = [...new Set(bytes)].filter((text) => !/[\n\v\f\r]|[^\0-\u00ff]| |\t/.test(text));
    expect(inHeaders.length).toBeGreaterThan(20);
    for (const before of [...inHeaders, "=", '"', "(", "\u00a0=", "\u00ef\u00bb\u00bf"]) {
      for (const pair of [`${app.name}=${app.value}`, `${app.end}=1`, app.end]) {
        const cookie = `${before}${pair}; ${app.victim}; ${before}${pair}`;
        for (const [method, path] of [
          ["GET", "/page/0"],
          ["POST", "/card/0"],
        ] as const)
          expect((await plainRequest(app.url, path, { method, headers: { cookie } })).status).toBe(200);
      }
    }
    expectVictim(app);
  });

  /** Expects that the browser sent the planted cookies that it is known to send, and that the app ignored them. */
  function expectProof(app: App): void {
    const kinds = Object.keys(app.planted);
    expect(app.served.map(({ what }) => what)).toEqual(kinds.flatMap((kind) => [`GET ${kind}`, `POST ${kind}`]));
    const isSent = (kind: string) =>
      app.served.some(
        ({ what, cookie }) => what.endsWith(` ${kind}`) && cookie.split("; ").includes(`${app.planted[kind]}`),
      );
    for (const kind of ["after a no-break space", "an end, after a no-break space"])
      expect([kind, isSent(kind)]).toEqual([kind, true]);
    for (const kind of ["unchanged", "without a name", "without a name or a value", "after a tab"])
      expect([kind, isSent(kind)]).toEqual([kind, false]);
    expectVictim(app);
    expect(app.served.filter(({ data }) => data).map(({ data }) => data)).toEqual(
      kinds.map((_, index) => ({ card: index })),
    );
  }

  test("in Chromium", async () => {
    const app = await startApp();
    const browser = await launch();
    ended.unshift(() => browser.close());
    await (await browser.newPage()).goto(app.start);
    await app.isDone;
    expectProof(app);
  });

  test.skipIf(firefoxIsMissing)(`in Firefox${firefoxIsMissing ? ` (${firefoxIsMissing})` : ""}`, async () => {
    const app = await startApp();
    ended.unshift(openFirefox(app.start));
    await app.isDone;
    expectProof(app);
  });
});
