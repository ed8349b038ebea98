import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { appleKey } from "../providers/keys.js";
import { clientKey } from "../support/client-key.js";
import { incompleteOptions, publicFunctions } from "../support/docstrings.js";
import { root, toJavaScript } from "../support/documents.js";

test("every option says what it does, and its default or that it is required", () => {
  expect(incompleteOptions()).toEqual([]);
});

test("every public function has an example", () => {
  const without = [...publicFunctions()].filter(([, examples]) => !examples.some(Boolean)).map(([name]) => name);
  expect(without).toEqual([]);
});

describe("the examples", () => {
  const examples = [...publicFunctions()].flatMap(([name, codes]) =>
    codes.map((code, index) => ({ name, code, file: `${name.replace(/\W+/g, "-")}-${index}` })),
  );
  let folder: string;

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "latchkey-examples-"));
    mkdirSync(join(folder, "node_modules"));
    symlinkSync(root, join(folder, "node_modules/latchkey"));
    for (const name of ["express", "react", "next", "ioredis", "pg", "@types"])
      symlinkSync(join(root, "node_modules", name), join(folder, "node_modules", name));
    writeFileSync(join(folder, "package.json"), '{ "type": "module" }');
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  test("compile under strict", () => {
    for (const { file, code } of examples) writeFileSync(join(folder, `${file}.tsx`), code);
    const compilerOptions = {
      strict: true,
      noEmit: true,
      skipLibCheck: true,
      target: "es2022",
      module: "esnext",
      moduleResolution: "bundler",
      moduleDetection: "force",
      jsx: "react-jsx",
      types: ["node"],
    };
    writeFileSync(join(folder, "tsconfig.json"), JSON.stringify({ compilerOptions, include: ["*.tsx"] }));
    const tsc = join(root, "node_modules/typescript/bin/tsc");
    expect(spawnSync(process.execPath, [tsc, "-p", folder], { encoding: "utf8" }).stdout).toBe("");
  });

  const VARIABLES = {
    API_SECRET: "a client secret",
    LATCHKEY_ISSUER: "http://127.0.0.1:1/",
    LATCHKEY_CLIENT_ID: "client",
    LATCHKEY_CLIENT_SECRET: "a client secret of at least thirty-two bytes",
    LATCHKEY_SECRET: "a secret of at least thirty-two characters",
    LATCHKEY_BASE_URL: "http://localhost:3000",
    CLIENT_KEY: clientKey(),
    APPLE_KEY: appleKey.pem,
  };
  /** The output of an example. An example of a page is only compiled, because it needs a browser. */
  const output = (name: string): string => {
    const example = examples.find((each) => each.name === name);
    if (!example) throw new Error(`${name} has no example`);
    writeFileSync(join(folder, `${example.file}.mjs`), toJavaScript(example.code));
    const env: Record<string, string | undefined> = { PATH: process.env["PATH"], ...VARIABLES };
    return execFileSync(process.execPath, [`${example.file}.mjs`], {
      cwd: folder,
      env: env as NodeJS.ProcessEnv,
      encoding: "utf8",
    });
  };

  test.each([
    ["latchkey createSealer", "{ email: 'alice@example.com' }\n"],
    ["latchkey createSessions", ""],
    ["latchkey createMemoryStore", ""],
    ["latchkey createStore", ""],
    ["latchkey auth0", ""],
    ["latchkey/express auth", ""],
    ["latchkey/express requireSession", ""],
    ["latchkey/express verifyAccessToken", ""],
    ["latchkey/express privateKeyJwt", ""],
    ["latchkey/express backchannelLogout", ""],
    ["latchkey/edge createAuth", ""],
    ["latchkey/edge verifyAccessToken", ""],
    ["latchkey/express introspection", ""],
    ["latchkey/express stepUp", ""],
    ["latchkey/express stepUpOf", ""],
    ["latchkey/express hasScope", ""],
    ["latchkey/express exchangeToken", ""],
    ["latchkey/express refreshUser", ""],
    ["latchkey/edge protectedResource", ""],
    ["latchkey/express protectedResource", ""],
    ["latchkey/dpop dpop", ""],
    ["latchkey/next createAuth", ""],
    ["latchkey/next initAuth0", ""],
    ["latchkey/providers auth0", ""],
    ["latchkey/providers okta", ""],
    ["latchkey/providers entra", ""],
    ["latchkey/providers google", ""],
    ["latchkey/providers apple", ""],
    ["latchkey/providers cognito", ""],
    ["latchkey/providers keycloak", ""],
    ["latchkey/providers zitadel", ""],
    ["latchkey/providers authentik", ""],
    ["latchkey/providers logto", ""],
    ["latchkey/providers workos", ""],
    ["latchkey/providers clerk", ""],
    ["latchkey/providers fusionauth", ""],
    ["latchkey/providers line", ""],
    ["latchkey/providers linkedin", ""],
    ["latchkey/providers gitlab", ""],
    ["latchkey/providers github", ""],
    ["latchkey/providers discord", ""],
    ["latchkey/providers facebook", ""],
    ["latchkey/providers slack", ""],
    ["latchkey/providers twitch", ""],
    ["latchkey/providers salesforce", ""],
    ["latchkey/providers adfs", ""],
    ["latchkey/providers ping", ""],
    ["latchkey/providers govUkOneLogin", ""],
    ["latchkey/providers loginGov", ""],
    ["latchkey/providers franceConnect", ""],
    ["latchkey/providers singpass", ""],
    ["latchkey/providers entraExternalId", ""],
    ["latchkey/providers azureB2c", ""],
    ["latchkey/providers clientSecretFrom", ""],
    ["latchkey/providers hs256IdTokens", ""],
    ["latchkey/providers encryptedIdTokens", ""],
    ["latchkey/providers clientSecretJwt", ""],
    ["latchkey/providers profile", ""],
    ["latchkey/providers appleUser", ""],
    ["latchkey/providers hasGroupsOverage", ""],
    // Clients connect at their first command.
    ["latchkey/redis redisStore", ""],
    ["latchkey/redis upstashStore", ""],
    ["latchkey/postgres postgresStore", ""],
    ["latchkey/postgres postgresSchema", ""],
    // A binding and a database that other runtimes give: the test of each store runs there.
    ["latchkey/durable-objects durableObjectStore", ""],
    ["latchkey/deno-kv denoKvStore", ""],
    ["latchkey/check checkSetup", ""],
    ["latchkey/testing checkStore", ""],
    ["latchkey/testing createClock", "60000\n"],
    ["latchkey/testing createCookieJar", "theme=dark\n"],
    ["latchkey/testing mintSession", "Alice\n"],
  ])("of %s runs", (name, prints) => {
    expect(output(name)).toBe(prints);
  });

  test("of latchkey/testing createTestProvider signs a user in", () => {
    expect(output("latchkey/testing createTestProvider")).toContain("sub: 'alice'");
  });
});
