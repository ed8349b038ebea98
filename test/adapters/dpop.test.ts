import { exportJWK, generateKeyPair, SignJWT } from "jose";
import { beforeEach, describe, expect, test } from "vitest";
import { type DpopOptions, dpop } from "../../adapters/dpop.js";
import { verifyAccessToken } from "../../adapters/edge.js";
import { createMemoryStore } from "../../adapters/index.js";
import { createClock, createTestProvider, type FixedClock, type TestProvider } from "../../adapters/testing/index.js";
import { sha256 } from "../../core/bytes.js";

const API = "https://api.example";
const [OLD, NEW] = ["an old secret of thirty-two characters", "a new secret of thirty-two characters!"];

let clock: FixedClock;
let provider: TestProvider;
let proof: (claims?: object) => Promise<string>;
let token: string;
beforeEach(async () => {
  clock = createClock();
  provider = await createTestProvider({ clock });
  const { publicKey, privateKey } = await generateKeyPair("ES256", { extractable: true });
  const { kty, crv, x, y } = await exportJWK(publicKey);
  const now = Math.floor(clock.now() / 1000);
  const cnf = { jkt: await sha256(JSON.stringify({ crv, kty, x, y })) };
  token = await provider.sign({ iss: provider.issuer, sub: "alice", aud: API, exp: now + 9000, cnf });
  let count = 0;
  proof = async (claims = {}) => {
    const iat = Math.floor(clock.now() / 1000);
    const own = { htm: "GET", htu: `${API}/`, iat, jti: `${count++}`, ath: await sha256(token) };
    return new SignJWT({ ...own, ...claims })
      .setProtectedHeader({ alg: "ES256", typ: "dpop+jwt", jwk: { kty, crv, x, y } as never })
      .sign(privateKey);
  };
});

/** A machine that serves an API. */
function machine(options: Partial<DpopOptions> = {}) {
  const { issuer, fetch } = provider;
  const value = dpop({ baseUrl: API, ...options });
  const api = verifyAccessToken({ issuer, audience: API, fetch, now: clock.now, dpop: value, onRefused: () => {} });
  return async (dpopHeader: string) => {
    const headers = { authorization: `DPoP ${token}`, dpop: dpopHeader };
    const { response } = await api.verify(new Request(API, { headers }));
    return response;
  };
}

describe("the memory of proofs", () => {
  test("is of one process; a store makes it one for all machines", async () => {
    const [one, other] = [machine(), machine()];
    const alone = await proof();
    expect([(await one(alone))?.status, (await other(alone))?.status]).toEqual([undefined, undefined]);
    const store = createMemoryStore({ now: clock.now });
    const [first, second] = [machine({ store }), machine({ store })];
    const shared = await proof();
    expect([(await first(shared))?.status, (await second(shared))?.status]).toEqual([undefined, 401]);
  });

  test("forgets a proof only when it is too old", async () => {
    const send = machine();
    const sent = await proof();
    await send(sent);
    clock.advance(89);
    expect((await send(sent))?.status).toBe(401);
  });

  test("of a store that fails or does not answer leads to 503", async () => {
    for (const add of [() => Promise.reject(new Error("down")), () => new Promise<string>(() => {})]) {
      const response = await machine({ store: { add } })(await proof());
      expect([response?.status, response?.headers.get("retry-after")]).toEqual([503, "5"]);
    }
  });
});

describe("the nonces of several machines", () => {
  const nonceFrom = async (send: ReturnType<typeof machine>) =>
    (await send(await proof()))?.headers.get("dpop-nonce") ?? "";

  test("with one secret are good on each, for five minutes", async () => {
    const [one, other] = [machine({ nonceSecret: NEW }), machine({ nonceSecret: NEW })];
    const nonce = await nonceFrom(one);
    clock.advance(299);
    expect(await other(await proof({ nonce }))).toBeUndefined();
    clock.advance(1);
    const late = await other(await proof({ nonce }));
    expect([late?.status, late?.headers.get("dpop-nonce")]).toEqual([401, expect.not.stringContaining(nonce)]);
  });

  test("of an old secret are good while the secret is listed", async () => {
    const nonce = await nonceFrom(machine({ nonceSecret: OLD }));
    expect(await machine({ nonceSecret: [NEW, OLD] })(await proof({ nonce }))).toBeUndefined();
    expect((await machine({ nonceSecret: NEW })(await proof({ nonce })))?.status).toBe(401);
  });

  test.each<unknown>([
    "",
    ".",
    "zzzzzzzz.AAAA",
    "NaN",
    "Infinity.x",
    "0.AAAA",
    null,
    {},
    [],
    { toString: 1, valueOf: 1 },
  ])("%j is none", async (nonce) => {
    const response = await machine({ nonceSecret: NEW })(await proof({ nonce }));
    expect([response?.status, response?.headers.get("dpop-nonce")]).toEqual([401, expect.any(String)]);
  });

  test("of a machine whose clock is a minute ahead or more are refused", async () => {
    const send = machine({ nonceSecret: NEW });
    const nonce = await nonceFrom(send);
    clock.advance(-59);
    expect(await send(await proof({ nonce }))).toBeUndefined();
    clock.advance(-2);
    expect((await send(await proof({ nonce })))?.status).toBe(401);
  });
});
