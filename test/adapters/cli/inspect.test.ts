import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createAuth } from "../../../adapters/edge.js";
import { createSessions } from "../../../adapters/index.js";
import { createCookieJar, createTestProvider, mintSession } from "../../../adapters/testing/index.js";
import { folderWith, runHere } from "../../support/cli.js";
import { runs } from "../../support/runs.js";

const SECRET = "canary-sealing-secret-of-thirty-two-characters";
const ISSUER = "https://op.example";
const OLDER = "canary-older-secret-of-at-least-32-characters";
const ENV = { LATCHKEY_SECRET: SECRET, LATCHKEY_ISSUER: ISSUER, LATCHKEY_CLIENT_ID: "client" };
const NOW = Date.UTC(2026, 0, 15, 12);
const ACCESS_TOKEN = `eyJhbGciOiJSUzI1NiJ9.${"canary".repeat(900)}.c2ln`;

const options = { issuer: ISSUER, clientId: "client", secret: SECRET, now: () => NOW };
const user = { sub: "alice", name: "Alice", groups: ["billing", "admin"] };
const minted = (more: object = {}) =>
  mintSession({
    ...options,
    user,
    data: { cart: ["book"], apiToken: "canary-of-the-app" },
    tokens: { accessToken: ACCESS_TOKEN, refreshToken: "canary-refresh", expiresAt: NOW + 3_600_000 },
    session: { maxCookieBytes: 16_384 },
    ...more,
  });

/** Runs `latchkey inspect`. Nothing that it prints may hold a secret or a token. */
async function inspect(
  input: string,
  { env = {}, now = NOW, args = [] }: { env?: Record<string, string>; now?: number; args?: string[] } = {},
) {
  const run = (...more: string[]) =>
    runHere(["inspect", ...more, ...args], { input, env, now: () => now, folder: folderWith() });
  const [words, json] = await Promise.all([run(), run("--json")]);
  expect(words.out + words.err + json.out + json.err).not.toContain("canary");
  return { ...words, report: json.code === 0 ? JSON.parse(json.out) : undefined };
}

describe("without a secret", () => {
  test("names, kinds, parts, sizes and days are shown", async () => {
    const header = `theme=dark; ${await minted()}; other=1`;
    const { out, code, report } = await inspect(header);
    expect(code).toBe(0);
    expect(report.others).toEqual([
      { name: "theme", bytes: 10 },
      { name: "other", bytes: 7 },
    ]);
    expect(report.latchkey.bytes).toBe(header.length - "theme=dark; ".length - "; other=1".length);
    const [{ prefix, tag, values }] = report.groups;
    expect(prefix).toBe("__Host-latchkey");
    const bytes = (suffix: string) =>
      header
        .split("; ")
        .filter((pair) => pair.includes(`.${tag}.${suffix}`))
        .reduce((sum, pair) => sum + pair.length, 0);
    expect(values).toEqual(
      [
        {
          kind: "tokens",
          cookies: [0, 1].map((part) => `${prefix}.${tag}.tok.${part}`),
          bytes: bytes("tok"),
          sealedOn: "2026-01-15",
        },
        { kind: "session", cookies: [`${prefix}.${tag}.id.0`], bytes: bytes("id"), sealedOn: "2026-01-15" },
      ].sort((one, other) => header.indexOf(one.cookies[0] as string) - header.indexOf(other.cookies[0] as string)),
    );
    expect(out).toContain("of at most 7,600 bytes");
    expect(out).toMatch(/tokens \S+: [\d,]+ bytes in 2 parts, sealed on 2026-01-15/);
    expect(out).toContain("with --secret or LATCHKEY_SECRET, this command opens them");
  });

  test.each([
    ["torn", (header: string) => header.replace(/[^ ]+tok\.1=[^;]*;? ?/, "")],
    ["duplicated", (header: string) => `${header}; ${header.split("; ").find((pair) => pair.includes(".id."))}`],
    ["surplus", (header: string) => header.replace(/(\S+\.tok\.)1=([^;]*)/, "$11=$2; $17=$2")],
  ])("a value that is %s is told", async (reason, change) => {
    const { report, out } = await inspect(change(await minted()));
    expect(report.groups[0].values.map((each: { refused: string }) => each.refused)).toContain(reason);
    expect(out).toContain(`${reason}: `);
  });

  test.each([
    ["the header alone", (header: string) => header],
    ["a line of developer tools", (header: string) => `Cookie: ${header}`],
    [
      "the output of curl -v",
      (header: string) => `* Connected\n> GET / HTTP/1.1\n> Cookie: ${header}\n> Accept: */*\n< HTTP/1.1 200\n`,
    ],
    [
      "a curl command",
      (header: string) =>
        `curl 'https://app.example/' \\\n  -H 'accept: */*' \\\n  -H 'cookie: ${header}' \\\n  --compressed`,
    ],
    [
      "a curl command of Chrome",
      (header: string) => `curl 'https://app.example/' \\\n  -b '${header}' \\\n  --compressed`,
    ],
    [
      "the lines of a response",
      (header: string) =>
        header
          .split("; ")
          .map((pair) => `< set-cookie: ${pair}; Path=/; Secure`)
          .join("\n"),
    ],
  ])("%s is understood", async (_name, form) => {
    const header = await minted();
    const { report } = await inspect(form(header));
    expect(report.groups).toEqual((await inspect(header)).report.groups);
    expect(report.others).toEqual([]);
  });

  test("the header may be an argument, or a flag", async () => {
    const header = await minted();
    const expected = (await inspect(header)).out;
    for (const args of [[header], ["--cookie", header]])
      expect((await runHere(["inspect", ...args])).out.trim()).toBe(expected.trim());
    expect((await runHere(["inspect"], { isInteractive: true })).code).toBe(2);
    expect((await runHere(["inspect", ...header.split(" ")])).code).toBe(2);
  });
});

describe("with the secret, the issuer and the client id", () => {
  test("the session is opened: times, user, data and sizes; tokens by their length", async () => {
    const { out, report } = await inspect(await minted(), { env: ENV });
    const [{ content, fields }] = report.groups;
    expect(report.verdicts).toEqual([{ prefix: "__Host-latchkey", verdict: "signed in" }]);
    expect(content).toEqual({
      began: "2026-01-15T12:00:00Z",
      lastActivity: "2026-01-15T12:00:00Z",
      ends: "2026-01-22T12:00:00Z",
      user,
      data: { cart: ["book"], apiToken: "<hidden, 17 characters>" },
      tokens: {
        accessToken: `<access token, ${ACCESS_TOKEN.length} characters>`,
        refreshToken: "<refresh token, 14 characters>",
        expiresAt: "2026-01-15T13:00:00Z",
      },
    });
    expect(fields[0]).toEqual({ field: "tokens.accessToken", bytes: ACCESS_TOKEN.length + 2 });
    expect(out).toContain("__Host-latchkey: signed in");
    expect(out).toContain('user: {"sub":"alice","name":"Alice","groups":["billing","admin"]}');
  });

  test.each([
    ["another secret", { ...ENV, LATCHKEY_SECRET: "another secret of at least 32 characters" }, NOW, "unknown_key"],
    ["another client id", { ...ENV, LATCHKEY_CLIENT_ID: "another" }, NOW, "tampered"],
    ["another issuer", { ...ENV, LATCHKEY_ISSUER: `${ISSUER}/` }, NOW, "tampered"],
    ["a day without activity", ENV, NOW + 90_000_000, "inactive"],
    ["eight days", ENV, NOW + 8 * 86_400_000, "expired_key"],
  ])("the reason is shown after %s", async (_name, env, now, reason) => {
    const { report, out } = await inspect(await minted(), { env, now });
    expect(report.verdicts).toEqual([{ prefix: "__Host-latchkey", verdict: reason }]);
    expect(out).toContain(`__Host-latchkey: ${reason}: `);
  });

  test("a session that is over is opened all the same", async () => {
    const { report } = await inspect(await minted(), { env: ENV, now: NOW + 30 * 86_400_000 });
    expect(report.groups[0].content.user).toEqual(user);
  });

  test("limits of the app are flags", async () => {
    const args = ["--inactivity-duration", "172800"];
    const { report } = await inspect(await minted(), { env: ENV, now: NOW + 90_000_000, args });
    expect(report.verdicts).toEqual([{ prefix: "__Host-latchkey", verdict: "signed in" }]);
  });

  test("an older secret and the next one open too", async () => {
    const header = await minted({ secret: OLDER });
    const older = await inspect(header, { env: { ...ENV, LATCHKEY_SECRET: `${SECRET}, ${OLDER}` } });
    expect(older.report.groups[0].content.secret).toContain("an older one");
    const next = await inspect(header, { env: { ...ENV, LATCHKEY_NEXT_SECRET: OLDER } });
    expect(next.report.groups[0].content.user).toEqual(user);
  });

  test("a sign-in in progress shows where it leads, and nothing that proves it", async () => {
    const provider = await createTestProvider();
    const app = createAuth({
      ...options,
      clientSecret: "canary-client-secret-48151623",
      baseUrl: "http://localhost:3000",
      fetch: provider.fetch,
    });
    const jar = createCookieJar();
    jar.store(
      await app.handler(new Request("http://localhost:3000/auth/login?returnTo=/shop")),
      "http://localhost:3000/",
    );
    const { report, out } = await inspect(jar.header("http://localhost:3000/auth/callback"), { env: ENV });
    const [{ prefix, values, content }] = report.groups;
    expect([prefix, values[0].kind]).toEqual(["latchkey", "sign-in in progress"]);
    expect(content).toMatchObject({
      began: "2026-01-15T12:00:00Z",
      returnTo: "/shop",
      state: expect.stringMatching(/^<state, \d+ characters>$/),
    });
    expect(out).toContain("no session: ");
  });

  test("sessions without sign-in open by their purpose", async () => {
    const sessions = createSessions<{ cart: string[] }>({ secret: SECRET, purpose: "shop", cookie: { secure: false } });
    const scope = await sessions.load(null);
    scope.begin({ cart: ["book"] });
    const header = (await scope.commit()).map((line) => line.split(";")[0]).join("; ");
    const { report } = await inspect(header, {
      env: { LATCHKEY_SECRET: SECRET },
      now: Date.now(),
      args: ["--purpose", "shop"],
    });
    expect(report.groups[0].content).toMatchObject({ cart: ["book"] });
    expect((await inspect(header, { env: ENV, now: Date.now() })).report.verdicts).toEqual([
      { prefix: "latchkey-session", verdict: "tampered" },
    ]);
  });

  test("a secret that is too short is a usage error, and is not printed", async () => {
    expect(await inspect(await minted(), { env: { ...ENV, LATCHKEY_SECRET: "canary" } })).toMatchObject({ code: 2 });
  });

  test("without the client, it says what is missing", async () => {
    const { out } = await inspect(await minted(), { env: { LATCHKEY_SECRET: SECRET } });
    expect(out).toContain("set LATCHKEY_ISSUER and LATCHKEY_CLIENT_ID too");
  });
});

test("hostile input never throws, and no control character is printed", async () => {
  const name = fc.constantFrom(
    "__Host-latchkey.AbCdEf.id.0",
    "latchkey.AbCdEf.tok.1",
    "a.end.99999999999999",
    "x.tx.y",
    "latchkey.AbCdEf.seen",
    "__Secure-x.AbCdEf.wait",
    "__proto__.AbCdEf.id.0",
  );
  const piece = fc.oneof(
    fc.string({ unit: "binary" }),
    fc.tuple(name, fc.string()).map(([key, value]) => `${key}=${value}`),
    fc.constantFrom("cookie: ", "set-cookie: ", "-b '", "\n", "; ", "\u001b[2J"),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(piece, { maxLength: 12 }), async (pieces) => {
      for (const env of [{}, ENV]) {
        const { code, out } = await runHere(["inspect", "--cookie", `${pieces.join("")}x`], { env });
        expect(code).toBe(0);
        // biome-ignore lint/suspicious/noControlCharactersInRegex: these are looked for
        expect(out).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/);
      }
    }),
    runs(0.2),
  );
}, 300_000);

test.each([
  ["of cookies", "latchkey.AbCdEf.id.0=x; ".repeat(42_000)],
  ["of blanks after a quote", `cookie: a='${" ".repeat(1_000_000)}x`],
])("a million characters %s are inspected in a moment", async (_what, input) => {
  const started = Date.now();
  const { code } = await runHere(["inspect"], { input, env: ENV });
  expect(code).toBe(0);
  expect(Date.now() - started).toBeLessThan(20_000);
});
