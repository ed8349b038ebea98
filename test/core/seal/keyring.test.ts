import { afterAll, describe, expect, test, vi } from "vitest";
import { DAY, NOW, OLDER, SECRET } from "./arbitraries.js";

vi.mock("#aead", async (original) => {
  const real = await original<typeof import("#aead")>();
  return { ...real, importKey: vi.fn(real.importKey) };
});
// Other test files load the keyring with the real engine, before this file and after it.
vi.resetModules();
const engine = await import("#aead");
const { createKeyring, HEADER } = await import("../../../core/seal/keyring.js");
const { createRawSealer: createSealer } = await import("./raw-sealer.js");
afterAll(() => {
  vi.doUnmock("#aead");
  vi.resetModules();
});

const watchImports = () => vi.mocked(engine.importKey).mockClear();
const headersOf = async (secret: string, days: number[]) => {
  const keyring = createKeyring([secret], "test", 60);
  return Promise.all(days.map(async (day) => (await keyring.toSeal(day * DAY)).key.header));
};

describe("a key is derived only for a header of latchkey whose key has not expired", () => {
  test("S33, S34: any header but latchkey's own, byte for byte, is refused", async () => {
    const spy = watchImports();
    const keyring = createKeyring([SECRET], "test", 86_400);
    const [sealedHeader = ""] = await headersOf(SECRET, [Math.floor(NOW / DAY)]);
    spy.mockClear();
    const json = Buffer.from(sealedHeader, "base64url").toString();
    const kid = json.slice(36, 46);
    for (const other of [
      json.replace('"dir"', '"Dir"'),
      json.replace("256", "128"),
      json.replace('{"alg":"dir","enc":"A256GCM"', '{"enc":"A256GCM","alg":"dir"'),
      json.replace(kid, kid.toUpperCase()),
      json.replace(kid, `${kid.slice(0, 6)}${kid.slice(7)} `),
      json.replace(kid, `${kid.slice(0, 6)}+${kid.slice(7)}`),
      json.replace(kid, `${kid.slice(0, 6)} ${kid.slice(7)}`),
      json.replace("}", " "),
      `${json.slice(0, 46)}",`,
    ]) {
      const header = Buffer.from(other).toString("base64url").slice(0, HEADER);
      expect(await keyring.toOpen(header, NOW)).toMatch(/^(malformed|unknown_key|expired_key)$/);
    }
    expect(spy).not.toHaveBeenCalled();
    expect(await keyring.toOpen(sealedHeader, NOW)).toMatchObject({ stale: false });
  });

  test("a header of an unknown secret, of a day before maxAge or of a day after tomorrow is refused", async () => {
    const today = Math.floor(NOW / DAY);
    const headers = await headersOf(SECRET, [today - 3, today - 2, today, today + 1, today + 2]);
    const [unknown = ""] = await headersOf(OLDER, [today]);
    const spy = watchImports();
    const keyring = createKeyring([SECRET], "test", 2 * 86_400);
    const answers = await Promise.all(headers.map((header) => keyring.toOpen(header, NOW)));
    expect(answers.map((answer) => typeof answer)).toEqual(["string", "object", "object", "object", "string"]);
    expect(answers[0]).toBe("expired_key");
    expect(await keyring.toOpen(unknown, NOW)).toBe("unknown_key");
    expect(spy).toHaveBeenCalledTimes(3);
  });

  test("a key is derived once, for any number of sealed values", async () => {
    const sealed = await createSealer({ secret: SECRET, purpose: "test" }).seal(1, NOW);
    const spy = watchImports();
    const sealer = createSealer({ secret: [OLDER, SECRET], purpose: "test" });
    for (let count = 0; count < 5; count++) expect(await sealer.open(sealed, NOW)).toMatchObject({ payload: 1 });
    expect(await sealer.open(`${sealed.slice(0, -1)}-`, NOW)).toMatchObject({ ok: false });
    expect(spy).toHaveBeenCalledTimes(1);
  });

  test("a key that is in memory is refused after it has expired", async () => {
    const sealer = createSealer({ secret: SECRET, purpose: "test", maxAge: 60 });
    const sealed = await sealer.seal(1, NOW);
    expect(await sealer.open(sealed, NOW)).toMatchObject({ ok: true });
    expect(await sealer.open(sealed, NOW + DAY)).toEqual({ ok: false, reason: "expired_key" });
  });
});

test("the day is read from the header, not searched for: a maxAge of a century takes no more time than one day", async () => {
  const today = Math.floor(NOW / DAY);
  const [sealedHeader = ""] = await headersOf(SECRET, [today]);
  const json = Buffer.from(sealedHeader, "base64url").toString();
  const dayAt = json.length - 6;
  const named = (day: string) => Buffer.from(json.slice(0, dayAt) + day + json.slice(-2)).toString("base64url");
  const spy = watchImports();
  for (const days of [1, 36_500, Number.MAX_SAFE_INTEGER]) {
    const keyring = createKeyring([SECRET], "test", days * 86_400);
    const started = performance.now();
    for (const day of ["zzzz", "ZZZZ", "    ", "\u0000\u0000\u0000\u0000", "-001", "0x00", "1e99", "....", "NaN "]) {
      expect([days, day, await keyring.toOpen(named(day), NOW)]).toEqual([days, day, "expired_key"]);
    }
    expect(performance.now() - started).toBeLessThan(200);
  }
  expect(spy).not.toHaveBeenCalled();
  const yesterday = (today - 1).toString(36).padStart(4, "0");
  for (const spelled of [yesterday.toUpperCase(), ` ${yesterday.slice(1)}`, `${yesterday.slice(0, 3)}.`]) {
    if (spelled === yesterday) continue;
    expect(await createKeyring([SECRET], "test", 3 * 86_400).toOpen(named(spelled), NOW)).toBe("expired_key");
  }
  expect(await createKeyring([SECRET], "test", 3 * 86_400).toOpen(named(yesterday), NOW)).toMatchObject({
    day: today - 1,
  });
});

test("the number of keys in memory is bounded, for any maxAge", async () => {
  const today = Math.floor(NOW / DAY);
  const days = Array.from({ length: 100 }, (_, back) => today - back);
  const headers = await headersOf(SECRET, days);
  const spy = watchImports();
  const keyring = createKeyring([SECRET], "test", 365 * 86_400);
  const openAll = async () => {
    for (const header of headers) expect(await keyring.toOpen(header, NOW)).toMatchObject({ stale: false });
  };
  await openAll();
  expect(spy).toHaveBeenCalledTimes(100);
  // The last 64 keys are still in memory; the earlier ones were dropped and are derived again.
  for (const header of headers.slice(-64)) await keyring.toOpen(header, NOW);
  expect(spy).toHaveBeenCalledTimes(100);
  await keyring.toOpen(headers[0] as string, NOW);
  expect(spy).toHaveBeenCalledTimes(101);
});

test("concurrent requests on a new day all get its key", async () => {
  const sealer = createSealer({ secret: SECRET, purpose: "test" });
  const payloads = Array.from({ length: 20 }, (_, index) => ({ index, token: `eyJ${"A".repeat(80)}.${index}` }));
  const sealed = await Promise.all(payloads.map((payload) => sealer.seal(payload, NOW)));
  const opened = await Promise.all(sealed.map((one) => sealer.open(one, NOW)));
  expect(opened.map((one) => one.ok && one.payload)).toEqual(payloads);
});

test("the payload is sealed as it was at the time of the call, even if the key must be derived first", async () => {
  const sealer = createSealer({ secret: SECRET, purpose: "test" });
  const payload = { name: "before" };
  const sealing = sealer.seal(payload, NOW);
  payload.name = "after";
  expect(await sealer.open(await sealing, NOW)).toMatchObject({ payload: { name: "before" } });
});
