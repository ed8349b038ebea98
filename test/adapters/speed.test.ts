import { IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { setFlagsFromString } from "node:v8";
import { describe, expect, test } from "vitest";
import { auth } from "../../adapters/express.js";
import { createSealer, createSessions } from "../../adapters/index.js";
import { createNodeWriter } from "../../adapters/lib/node-writer.js";
import { mintSession } from "../../adapters/testing/index.js";
import { plain } from "../../bench/peers/by-hand.js";
import { session, tokens, user } from "../../bench/reference.js";
import { createJar } from "../../core/cookie/jar.js";
import { shareOf } from "../support/stopwatch.js";

// Each limit is two to three times the ratio that `npm run bench` measures, so that a slow code path fails and a busy machine does not.
const SECRET = "a secret of at least thirty-two characters";
const byHand = plain.create(session);
const sealedByHand = byHand.seal();
const openByHand = () => byHand.open(sealedByHand);

const sealer = createSealer({ secret: SECRET, purpose: "speed" });
const sealed = await sealer.seal(session, Date.now());

const options = {
  issuer: "https://issuer.example",
  clientId: "speed",
  clientSecret: "speed",
  secret: SECRET,
  baseUrl: "https://app.example",
};

/** Makes a function that reads the session of a new request through the Express middleware, without Express. */
async function createReader(cookie: string): Promise<() => unknown> {
  const middleware = auth(options);
  return () =>
    new Promise((resolve, reject) => {
      const req = new IncomingMessage(undefined as unknown as Socket);
      Object.assign(req, { method: "GET", url: "/", headers: { host: "app.example", cookie } });
      middleware(req as never, new ServerResponse(req) as never, (error?: unknown) =>
        error ? reject(error) : resolve((req as unknown as { auth: { session: unknown } }).auth.session),
      );
    });
}

describe("speed, compared with hand-written code over node:crypto that runs in the same rounds", () => {
  test("the measurement notices three times the work", async () => {
    const thrice = () => [openByHand(), openByHand(), openByHand()];
    expect(await shareOf(thrice, openByHand)).toBeGreaterThan(2);
  });

  test("sealing", async () => {
    expect(await shareOf(() => sealer.seal(session, Date.now()), byHand.seal)).toBeLessThan(1.8);
  });

  test("opening", async () => {
    const open = () => sealer.open(sealed, Date.now());
    expect(await open()).toEqual({ ok: true, payload: session, stale: false });
    expect(await shareOf(open, openByHand)).toBeLessThan(1.8);
  });

  test("loading a session, which is synchronous on Node", async () => {
    const sessions = createSessions<{ user: unknown }>({ secret: SECRET });
    const requestSession = await sessions.load(null);
    requestSession.update({ user });
    const cookie = (await requestSession.commit()).map((line) => line.split(";", 1)[0]).join("; ");
    await sessions.load(cookie);
    const load = () => sessions.load(cookie);
    expect(load()).toHaveProperty("session.data.user", user);
    expect(await shareOf(load, openByHand)).toBeLessThan(2);
  });

  test("reading the session of a request in Express", async () => {
    const cookie = await mintSession({ ...options, user, tokens: { ...tokens, expiresAt: tokens.expiresAt * 1000 } });
    const read = await createReader(cookie);
    expect(await read()).toMatchObject({ user });
    expect(await shareOf(read, openByHand)).toBeLessThan(2.2);
  });
});

test("objects made for each request have no getters of their own", async () => {
  const sessions = createSessions<{ user: unknown }>({ secret: SECRET });
  const requestSession = await sessions.load(null);
  const jar = createJar("", "", { secure: true, sameSite: "lax" });
  // V8 gives each object with its own getter a hidden class, and keeps that until a full garbage collection.
  for (const object of [requestSession, jar]) {
    const properties = Object.values(Object.getOwnPropertyDescriptors(object));
    expect(properties.filter(({ get }) => get)).toEqual([]);
  }
});

test("a response of Express whose headers have left is a dictionary, with which Node works faster than with a class of its own", () => {
  setFlagsFromString("--allow-natives-syntax");
  const isFast = new Function("object", "return %HasFastProperties(object)") as (object: object) => boolean;
  setFlagsFromString("--no-allow-natives-syntax");
  const req = new IncomingMessage(undefined as unknown as Socket);
  const res = new ServerResponse(req);
  // As Express does.
  Object.assign(Object.setPrototypeOf(res, Object.create(ServerResponse.prototype)), { locals: {} });
  createNodeWriter(res, req);
  expect(isFast(res)).toBe(true);
  res.writeHead(200);
  expect(isFast(res)).toBe(false);
});
