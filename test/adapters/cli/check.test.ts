import { afterEach, beforeAll, describe, expect, test } from "vitest";
import type { SetupFinding, SetupReport } from "../../../adapters/check/index.js";
import { auth } from "../../../adapters/node.js";
import {
  bundleCli,
  folderWith,
  runCli,
  runHere,
  type ServeProviderOptions,
  serve,
  serveProvider,
} from "../../support/cli.js";
import { freePort } from "../../support/process.js";

let cli: string;
beforeAll(async () => {
  cli = await bundleCli();
});

const servers: Array<{ close(): Promise<void> }> = [];
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.close()));
});
const open = async <Server extends { close(): Promise<void> }>(starting: Promise<Server>): Promise<Server> => {
  const server = await starting;
  servers.push(server);
  return server;
};

const CLIENT_SECRET = "canary-client-secret-48151623";
const SECRET = "canary-sealing-secret-of-thirty-two-characters";

type Variables = Record<string, string>;
type World = Awaited<ReturnType<typeof world>>;

/** A provider and an app, and the variables of the app. */
async function world(options: ServeProviderOptions = {}) {
  const { provider, ...op } = await open(serveProvider({ clientSecret: CLIENT_SECRET, ...options }));
  let middleware: ReturnType<typeof auth> | undefined;
  const app = await open(
    serve((req, res) =>
      (middleware as ReturnType<typeof auth>)(req, res, () => res.writeHead(404).end("no such page")),
    ),
  );
  const variables: Variables = {
    LATCHKEY_ISSUER: provider.issuer,
    LATCHKEY_CLIENT_ID: provider.clientId,
    LATCHKEY_CLIENT_SECRET: CLIENT_SECRET,
    LATCHKEY_SECRET: SECRET,
    LATCHKEY_BASE_URL: app.url,
  };
  middleware = auth({
    issuer: provider.issuer,
    clientId: provider.clientId,
    clientSecret: CLIENT_SECRET,
    secret: SECRET,
    baseUrl: app.url,
  });
  return { provider, op, app, variables };
}

/** A world whose provider knows one redirect URI: that of the app. */
async function strictWorld(options: ServeProviderOptions = {}): Promise<World> {
  const redirectUris: string[] = [];
  const made = await world({ redirectUris, ...options });
  redirectUris.push(`${made.app.url}/auth/callback`);
  return made;
}

/** Runs `latchkey check`, also with `--json`, in this process. Nothing that it prints may hold a secret. */
async function check(
  variables: Variables,
  ...args: string[]
): Promise<SetupReport & { code: number | null; text: string }> {
  const [json, words] = await Promise.all([
    runHere(["check", "--json", ...args], { env: variables }),
    runHere(["check", ...args], { env: variables }),
  ]);
  for (const printed of [json.out, json.err, words.out, words.err]) expect(printed).not.toMatch(/canary/);
  expect(words.code).toBe(json.code);
  const report = JSON.parse(json.out) as SetupReport;
  for (const { message } of report.findings) expect(words.out).toContain(message);
  return { ...report, code: json.code, text: words.out };
}

const failed = ({ findings }: SetupReport): SetupFinding[] => findings.filter(({ status }) => status === "failed");

describe("an app whose settings are right", () => {
  test.each([
    ["a provider with pushed requests", { offer: { par: true } }],
    ["a provider without pushed requests", {}],
    ["a provider whose issuer ends in a slash", { path: "/" }],
    ["a provider with EdDSA", { signingAlg: "EdDSA" as const }],
  ])("passes with %s", async (_name, options) => {
    const { variables } = await strictWorld(options);
    const flags = "signingAlg" in options ? ["--id-token-signing-alg", "EdDSA"] : [];
    const { ok, code, findings, text } = await check(variables, ...flags);
    expect(findings.filter(({ status }) => status !== "ok")).toEqual([]);
    expect([ok, code]).toEqual([true, 0]);
    expect(findings.map((finding) => finding.check)).toEqual([
      "options",
      "clock",
      "issuer",
      "endpoints",
      "keys",
      "client",
      "authorization",
      "base_url",
    ]);
    expect(text).toMatch(/^✓ the provider is http/m);
    expect(text).toMatch(/^All is well\.$/m);
  });

  test("that does not run yet passes with a warning", async () => {
    const { variables } = await world();
    const port = await freePort();
    const { ok, findings, text } = await check({ ...variables, LATCHKEY_BASE_URL: `http://localhost:${port}` });
    expect(ok).toBe(true);
    expect(findings.find(({ status }) => status === "warning")).toMatchObject({
      check: "base_url",
      option: "baseUrl",
      variable: "LATCHKEY_BASE_URL",
      message: `nothing listens at http://localhost:${port}: start your app, or check baseUrl (LATCHKEY_BASE_URL)`,
    });
    expect(text).toMatch(/^All is well, 1 warning\.$/m);
  });

  test("may have its variables in files; the shell wins over these, and flags over both", async () => {
    const { variables } = await strictWorld();
    const lines = Object.entries(variables).map(([name, value]) => `export ${name}="${value}" # a comment`);
    const folder = folderWith({ ".env": lines.join("\n"), ".env.local": "LATCHKEY_CLIENT_ID='wrong'\n" });
    const run = (env: Variables, ...args: string[]) => runCli(cli, ["check", ...args], { folder, env });
    expect((await run({})).out).toContain("does not know the client wrong");
    const { out, code } = await run({ LATCHKEY_CLIENT_ID: "client" });
    expect([code, out.split("\n")[0]]).toEqual([0, "Variables of .env, .env.local and of the shell"]);
    expect((await run({ LATCHKEY_CLIENT_ID: "shell" }, "--client-id", "client")).code).toBe(0);
    expect((await run({}, "--env-file", ".env")).code).toBe(0);
  });
});

describe("each mistake names the option to change", () => {
  /** The mistake, what the provider is like, the variables that it changes, flags, and the finding. */
  const mistakes: Array<
    [
      name: string,
      options: ServeProviderOptions,
      change: (world: World) => Variables | Promise<Variables>,
      finding: (world: World) => Partial<Omit<SetupFinding, "message">> & { message: string | RegExp },
      ...flags: string[],
    ]
  > = [
    [
      "issuer with a slash too many",
      {},
      ({ op }) => ({ LATCHKEY_ISSUER: `${op.url}/` }),
      ({ op }) => ({
        check: "issuer",
        variable: "LATCHKEY_ISSUER",
        value: op.url,
        message: `the issuer is "${op.url}/" here, and the provider says "${op.url}" (the slash at the end counts): set issuer (LATCHKEY_ISSUER) to "${op.url}"`,
      }),
    ],
    [
      "issuer with a slash too few",
      { path: "/" },
      ({ op }) => ({ LATCHKEY_ISSUER: op.url }),
      ({ op }) => ({ check: "issuer", value: `${op.url}/`, message: /the slash at the end counts/ }),
    ],
    [
      "the URL of the discovery document as issuer",
      {},
      ({ op }) => ({ LATCHKEY_ISSUER: `${op.url}/.well-known/openid-configuration` }),
      ({ op }) => ({ check: "issuer", value: op.url, message: /not the URL of the discovery document/ }),
    ],
    [
      "127.0.0.1 for localhost",
      {},
      ({ op }) => ({ LATCHKEY_ISSUER: `http://127.0.0.1:${op.port}` }),
      ({ op }) => ({ check: "issuer", value: op.url, message: /127\.0\.0\.1 is not localhost/ }),
    ],
    [
      "a wrong path",
      {},
      ({ op }) => ({ LATCHKEY_ISSUER: `${op.url}/oauth2/default` }),
      ({ op }) => ({ check: "issuer", value: op.url, message: /and the provider says/ }),
    ],
    [
      "https for http",
      {},
      ({ op }) => ({ LATCHKEY_ISSUER: `https://localhost:${op.port}` }),
      ({ op }) => ({ check: "issuer", value: op.url, message: /http is not https/ }),
    ],
    [
      "a provider that is down",
      {},
      async () => ({ LATCHKEY_ISSUER: `http://localhost:${await freePort()}` }),
      () => ({ check: "issuer", option: "issuer", message: /^the provider cannot be reached: nothing listens at/ }),
    ],
    [
      "a host name that does not exist",
      {},
      () => ({ LATCHKEY_ISSUER: "https://no-such-tenant.test" }),
      () => ({
        check: "issuer",
        option: "issuer",
        message: /^the provider cannot be reached: the host name no-such-tenant\.test does not resolve/,
      }),
    ],
    [
      "a wrong client id",
      {},
      () => ({ LATCHKEY_CLIENT_ID: "another" }),
      () => ({
        check: "client",
        variable: "LATCHKEY_CLIENT_ID",
        message:
          'the provider does not know the client another ("invalid_client"): check clientId (LATCHKEY_CLIENT_ID)',
      }),
    ],
    [
      "a wrong client id, with pushed requests",
      { offer: { par: true } },
      () => ({ LATCHKEY_CLIENT_ID: "another" }),
      () => ({ check: "client", variable: "LATCHKEY_CLIENT_ID", message: /does not know the client another/ }),
    ],
    [
      "a wrong secret",
      {},
      () => ({ LATCHKEY_CLIENT_SECRET: "canary-wrong" }),
      () => ({
        check: "client",
        variable: "LATCHKEY_CLIENT_SECRET",
        message:
          'the provider knows the client client, and refuses its secret ("invalid_client"): check clientSecret (LATCHKEY_CLIENT_SECRET)',
      }),
    ],
    [
      "a wrong secret, with pushed requests",
      { offer: { par: true } },
      () => ({ LATCHKEY_CLIENT_SECRET: "canary-wrong" }),
      () => ({ check: "client", variable: "LATCHKEY_CLIENT_SECRET", message: /knows the client client, and refuses/ }),
    ],
    [
      "a client that is registered as public, where it has a secret",
      {},
      () => ({ LATCHKEY_CLIENT_SECRET: "" }),
      () => ({ check: "client", option: "clientAuthentication", message: /wants the client client to authenticate/ }),
      "--client-authentication",
      "none",
    ],
    [
      "a redirect URI that is not registered",
      {},
      () => ({ LATCHKEY_BASE_URL: "http://localhost:1" }),
      () => ({
        check: "authorization",
        variable: "LATCHKEY_BASE_URL",
        message:
          "the provider refuses the redirect URI http://localhost:1/auth/callback (an error page with status 400): register it for the client client, or change baseUrl (LATCHKEY_BASE_URL)",
      }),
    ],
    [
      "a redirect URI that is not registered, with pushed requests",
      { offer: { par: true } },
      ({ app }) => ({ LATCHKEY_BASE_URL: app.url.replace("localhost", "127.0.0.1") }),
      () => ({ check: "authorization", variable: "LATCHKEY_BASE_URL", message: /refuses the redirect URI/ }),
    ],
    [
      "one of two redirect URIs that is not registered",
      {},
      ({ app }) => ({ LATCHKEY_BASE_URL: `${app.url}, https://no-such-app.test` }),
      () => ({
        check: "authorization",
        message: /refuses the redirect URI https:\/\/no-such-app\.test\/auth\/callback/,
      }),
    ],
    [
      "another algorithm",
      { signingAlg: "ES256" },
      () => ({}),
      () => ({
        check: "keys",
        option: "idTokenSigningAlg",
        value: "ES256",
        message: /does not sign ID Tokens with RS256/,
      }),
    ],
    [
      "a clock that is 10 minutes behind",
      { ahead: 600_000 },
      () => ({}),
      () => ({ check: "clock", option: "clockTolerance", message: /^the clock of this machine is 10 minutes behind/ }),
    ],
    [
      "https for http in the base URL",
      {},
      ({ app }) => ({ LATCHKEY_BASE_URL: `https://localhost:${app.port}` }),
      ({ app }) => ({
        check: "base_url",
        variable: "LATCHKEY_BASE_URL",
        value: app.url,
        message: /the app answers at/,
      }),
    ],
    [
      "a path that the app is not under",
      {},
      ({ app }) => ({ LATCHKEY_BASE_URL: `${app.url}/shop` }),
      ({ app }) => ({ check: "base_url", value: app.url, message: /not under \/shop: set baseUrl/ }),
    ],
    [
      "a wrong port, at which another program listens",
      {},
      ({ op }) => ({ LATCHKEY_BASE_URL: op.url }),
      () => ({ check: "base_url", variable: "LATCHKEY_BASE_URL", message: /answers 404, and not as latchkey does/ }),
    ],
    [
      "a wrong mount",
      {},
      () => ({}),
      () => ({ check: "base_url", message: /mount is another path/ }),
      "--mount",
      "/api/auth",
    ],
    [
      "a short secret",
      {},
      () => ({ LATCHKEY_SECRET: "canary-short" }),
      () => ({
        check: "options",
        variable: "LATCHKEY_SECRET",
        message: /^secret \(LATCHKEY_SECRET\) must be 32 characters/,
      }),
    ],
    [
      "a scope without openid",
      {},
      () => ({ LATCHKEY_SCOPE: "profile" }),
      () => ({ check: "options", variable: "LATCHKEY_SCOPE", message: "scope (LATCHKEY_SCOPE) must contain openid" }),
    ],
    [
      "text of the documents",
      {},
      () => ({ LATCHKEY_ISSUER: "https://your-provider.example/" }),
      () => ({ check: "options", variable: "LATCHKEY_ISSUER", message: /still has the text of the documents/ }),
    ],
  ];

  test.each(mistakes)("%s", async (name, options, change, finding, ...flags) => {
    const made = await (name.includes("redirect") ? strictWorld : world)(options);
    const { code, ...report } = await check({ ...made.variables, ...(await change(made)) }, ...flags);
    const { message, ...rest } = finding(made);
    const expected = typeof message === "string" ? message : expect.stringMatching(message);
    expect(failed(report)).toContainEqual(expect.objectContaining({ ...rest, message: expected }));
    expect(code).toBe(1);
  });
});

describe("one run finds all", () => {
  test("that is wrong with the options, although nothing can be tried at the provider", async () => {
    const variables = {
      LATCHKEY_ISSUER: "http://tenant.example.test",
      LATCHKEY_SECRET: "canary-short",
      LATCHKEY_BASE_URL: "app.example",
      LATCHKEY_SCOPE: "profile",
      LATCHKEY_CLIENT_IDD: "client",
      LATCHKEY_MOUNT: "/x",
    };
    const { findings, code } = await check(variables, "--http-timeout", "-1");
    const messages = findings.map(({ status, message }) => `${status} ${message}`).join("\n");
    for (const option of ["issuer", "secret", "baseUrl"])
      expect(messages).toMatch(new RegExp(`^failed ${option} \\(LATCHKEY_\\w+\\) must be`, "m"));
    expect(messages).toMatch(/^failed set clientId \(LATCHKEY_CLIENT_ID\)/m);
    expect(messages).toMatch(/^failed set clientSecret \(LATCHKEY_CLIENT_SECRET\), or clientAuthentication: "none"/m);
    expect(messages).toMatch(/^failed scope \(LATCHKEY_SCOPE\) must contain openid/m);
    expect(messages).toMatch(/^failed httpTimeout must be above 0/m);
    expect(messages).toContain("warning there is no variable LATCHKEY_CLIENT_IDD: did you mean LATCHKEY_CLIENT_ID?");
    expect(messages).toContain("warning there is no variable LATCHKEY_MOUNT: mount is an option of code alone");
    expect(code).toBe(1);
  });

  test("that is wrong at the provider: issuer, algorithm, secret, redirect URI, base URL", async () => {
    const { variables, op, app } = await strictWorld({ signingAlg: "PS256" });
    const { findings } = await check({
      ...variables,
      LATCHKEY_ISSUER: `${op.url}/`,
      LATCHKEY_CLIENT_SECRET: "canary-wrong",
      LATCHKEY_BASE_URL: `${app.url}/shop`,
    });
    const mistakes = findings.filter(({ status }) => status === "failed");
    expect(mistakes.map((finding) => [finding.check, finding.option])).toEqual([
      ["issuer", "issuer"],
      ["keys", "idTokenSigningAlg"],
      ["client", "clientSecret"],
      ["authorization", "baseUrl"],
      ["base_url", "baseUrl"],
    ]);
  });
});

describe("a server in the place of the provider", () => {
  const answers: Array<[name: string, status: number, headers: Record<string, string>, body: string, message: RegExp]> =
    [
      ["a page", 200, { "content-type": "text/html" }, "<p>Hello", /no JSON object \(text\/html\): no OpenID Provider/],
      ["a list", 200, { "content-type": "application/json" }, "[]", /no JSON object/],
      [
        "other JSON",
        200,
        { "content-type": "application/json" },
        "{}",
        /not the discovery document of an OpenID Provider/,
      ],
      ["404", 404, {}, "", /there is no discovery document: .* answers 404; check issuer/],
      ["503", 503, {}, "", /the provider answers 503 .*: try again later/],
      ["a redirect", 302, { location: "https://elsewhere.test/" }, "", /redirects to https:\/\/elsewhere\.test/],
      ["300 kB", 200, {}, `{"a":"${"x".repeat(300_000)}"}`, /too large/],
      [
        "an issuer for many tenants",
        200,
        {},
        '{"issuer":"https://x.test/{tenantid}/v2.0","authorization_endpoint":"https://x.test/a"}',
        /the issuer of your tenant/,
      ],
      [
        "terminal codes",
        200,
        {},
        '{"issuer":"https://x.test/\\u001b[2J\\n✓ ok","authorization_endpoint":"https://x.test/a"}',
        /says "https:\/\/x\.test\/ \[2J ✓ ok"/,
      ],
    ];
  test.each(answers)("answers with %s", async (_name, status, headers, body, message) => {
    const { variables } = await world();
    const server = await open(serve((_req, res) => res.writeHead(status, headers).end(body)));
    const report = await check({ ...variables, LATCHKEY_ISSUER: server.url });
    expect(failed(report)).toContainEqual(
      expect.objectContaining({ check: "issuer", option: "issuer", message: expect.stringMatching(message) }),
    );
  });

  test("does not answer in time", async () => {
    const { variables } = await world();
    const server = await open(serve(() => {}));
    const report = await check({ ...variables, LATCHKEY_ISSUER: server.url }, "--http-timeout", "0.2");
    expect(failed(report)[0]?.message).toMatch(/did not answer in time \(200 ms\); check issuer/);
  });

  test("closes the connection", async () => {
    const { variables } = await world();
    const server = await open(serve((req) => req.socket.destroy()));
    expect(failed(await check({ ...variables, LATCHKEY_ISSUER: server.url }))[0]?.message).toMatch(
      /closed the connection without an HTTP response/,
    );
  });

  test.each([0, 190])(
    "repeats every secret and code that it gets, after %i characters: no part is printed",
    async (before) => {
      const { variables, provider } = await world();
      const sent: string[] = [];
      const server: Awaited<ReturnType<typeof serve>> = await open(
        serve(async (req, res) => {
          let body = "";
          for await (const chunk of req) body += chunk;
          if (req.url?.includes(".well-known")) {
            const endpoint = (path: string) => `${server.url}/${path}`;
            return void res.end(
              JSON.stringify({
                issuer: server.url,
                authorization_endpoint: endpoint("authorize"),
                token_endpoint: endpoint("token"),
                jwks_uri: endpoint("jwks"),
              }),
            );
          }
          const form = new URLSearchParams(body);
          const basic = Buffer.from(`${req.headers.authorization}`.slice(6), "base64").toString();
          sent.push(...["code", "code_verifier"].flatMap((name) => form.get(name) ?? []));
          const said = `${"-".repeat(before)}${basic.split(":")[1]} ${basic} ${body} ${[...form.values()].join(" ")}`;
          res.writeHead(400, { "content-type": "application/json" });
          res.end(JSON.stringify({ error: "server_error", error_description: said }));
        }),
      );
      const report = await check({ ...variables, LATCHKEY_ISSUER: server.url, LATCHKEY_CLIENT_ID: provider.clientId });
      expect(sent.length).toBeGreaterThan(1);
      for (const text of sent) expect(JSON.stringify(report)).not.toContain(text.slice(0, 20));
      expect(JSON.stringify(report)).toContain("***");
    },
  );
});

test("a base URL that speaks to strangers only after a sign-in of its own is a warning", async () => {
  const { variables } = await world();
  const server = await open(serve((_req, res) => res.writeHead(401).end("who are you?")));
  const report = await check({ ...variables, LATCHKEY_BASE_URL: server.url });
  expect(report.findings).toContainEqual(expect.objectContaining({ check: "base_url", status: "warning" }));
});
