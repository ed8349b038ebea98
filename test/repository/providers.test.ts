import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { appleKey, clientKey } from "../providers/keys.js";
import { root, snippet } from "../support/documents.js";

/** The blocks of docs/providers. */
const names = [
  "provider-by-hand",
  "provider-hs256",
  "provider-secret",
  "provider-secret-jwt",
  "provider-encrypted",
  "provider-profile",
  "provider-auth0",
  "provider-okta",
  "provider-entra",
  "provider-google",
  "provider-apple",
  "provider-cognito",
  "provider-keycloak",
  "provider-zitadel",
  "provider-authentik",
  "provider-logto",
  "provider-workos",
  "provider-clerk",
  "provider-fusionauth",
  "provider-line",
  "provider-linkedin",
  "provider-gitlab",
  "provider-github",
  "provider-discord",
  "provider-facebook",
  "provider-slack",
  "provider-twitch",
  "provider-salesforce",
  "provider-adfs",
  "provider-ping",
  "provider-gov-uk-one-login",
  "provider-login-gov",
  "provider-france-connect",
  "provider-singpass",
];

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "latchkey-providers-"));
  mkdirSync(join(folder, "node_modules"));
  symlinkSync(root, join(folder, "node_modules/latchkey"));
  symlinkSync(join(root, "node_modules/express"), join(folder, "node_modules/express"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test("each block of the pages of providers starts an app with a provider", () => {
  const env: Record<string, string | undefined> = {
    PATH: process.env["PATH"],
    LATCHKEY_CLIENT_ID: "client",
    ID_TOKEN_KEY: JSON.stringify({ kty: "EC", crv: "P-256", alg: "ECDH-ES", d: "never used" }),
    LATCHKEY_CLIENT_SECRET: "a client secret of at least thirty-two characters",
    LATCHKEY_SECRET: "a secret of at least thirty-two characters",
    LATCHKEY_BASE_URL: "http://localhost:3000",
    CLIENT_KEY: JSON.stringify(clientKey),
    APPLE_KEY: appleKey.pem,
  };
  for (const name of names)
    writeFileSync(join(folder, `${name}.mjs`), `${snippet(name)}\nconsole.log(typeof app.listen);`);
  const imports = names.map((name) => `await import("./${name}.mjs");`).join("\n");
  writeFileSync(join(folder, "all.mjs"), imports);
  const output = execFileSync(process.execPath, ["all.mjs"], {
    cwd: folder,
    encoding: "utf8",
    env: env as NodeJS.ProcessEnv,
  });
  expect(output).toBe("function\n".repeat(names.length));
});
