import { IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { describe, expect, test } from "vitest";
import { auth } from "../../adapters/express.js";
import { createSealer, createSessions } from "../../adapters/index.js";
import { mintSession } from "../../adapters/testing/index.js";
import { plain } from "../../bench/peers/by-hand.js";
import { session, tokens, user } from "../../bench/reference.js";
import { createJar } from "../../core/cookie/jar.js";
import { shareOf } from "../support/stopwatch.js";

// Margins are two to three times what is measured (`npm run bench`): a path that got slow is noticed, a busy machine is not.
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

/** Reads the session of a request as Express would, without Express. */
async function readerOf(cookie: string): Promise<() => unknown> {
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

describe("beside a hand-written loop over node:crypto, in the same rounds", () => {
  test("the watch itself: three times the work is seen", async () => {
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

  test("loading a session, with nothing to wait for", async () => {
    const sessions = createSessions<{ user: unknown }>({ secret: SECRET });
    const scope = await sessions.load(null);
    scope.update({ user });
    const cookie = (await scope.commit()).map((line) => line.split(";", 1)[0]).join("; ");
    await sessions.load(cookie);
    const load = () => sessions.load(cookie);
    expect(load()).toHaveProperty("session.data.user", user);
    expect(await shareOf(load, openByHand)).toBeLessThan(2);
  });

  test("reading the session of a request in Express", async () => {
    const cookie = await mintSession({ ...options, user, tokens: { ...tokens, expiresAt: tokens.expiresAt * 1000 } });
    const read = await readerOf(cookie);
    expect(await read()).toMatchObject({ user });
    expect(await shareOf(read, openByHand)).toBeLessThan(2.2);
  });
});

test("what is made for each request has no hidden class of its own", async () => {
  const sessions = createSessions<{ user: unknown }>({ secret: SECRET });
  const one = await sessions.load(null);
  // An accessor in an object literal would be the object's own: V8 gives each such object a map that it keeps till a full collection.
  for (const made of [one, createJar("", "", { secure: true, sameSite: "lax" })]) {
    const own = Object.values(Object.getOwnPropertyDescriptors(made));
    expect(own.filter(({ get }) => get)).toEqual([]);
  }
});
