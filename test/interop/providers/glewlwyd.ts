import { execFileSync } from "node:child_process";
import { generateKeyPairSync } from "node:crypto";
import { copyFileSync, cpSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { freePort, startServer } from "../../support/process.js";
import { encodedForm, glewlwydSignOut, noAuthTime, noExpiry, noPublicRevocation, rawSecrets } from "../exceptions.js";
import { type ClientRegistration, debianVersion, hasProgram, type Provider, temporaryFolder } from "../provider.js";

const SHARE = "/usr/share/glewlwyd";
const SCHEMA = "/usr/share/dbconfig-common/data/glewlwyd/install/sqlite3";
const SCOPE = "openid profile email";
const USER = { username: "alice", password: "a password of alice", name: "Alice", email: "alice@example.com" };

/** The settings of Debian's package, with a database of one file. The pages of the package expect a copy of `config.json` beside them. */
function writeFiles(folder: string, port: number): string {
  const database = join(folder, "glewlwyd.db");
  execFileSync("sqlite3", [database], { input: readFileSync(SCHEMA) });
  const pages = join(folder, "pages");
  cpSync(join(SHARE, "webapp"), pages, {
    recursive: true,
    dereference: true,
    filter: (path) => !path.endsWith("/config.json"),
  });
  copyFileSync(join(SHARE, "templates/config.json"), join(pages, "config.json"));
  const settings = readFileSync(join(SHARE, "templates/glewlwyd-debian.conf.properties"), "utf8")
    .replace("port=4593", `port=${port}\nbind_address="127.0.0.1"\nstatic_files_path="${pages}/"`)
    .replace("_G_EXTRNAL_URL_", `http://localhost:${port}`)
    .replace('log_mode="file"', 'log_mode="console"')
    .replace(/@include .*/, `database = { type = "sqlite3" path = "${database}" };`);
  const file = join(folder, "glewlwyd.conf");
  writeFileSync(file, settings);
  return file;
}

/** The parameters of the OpenID Connect plugin. */
const plugin = (issuer: string) => ({
  module: "oidc",
  name: "oidc",
  display_name: "OpenID Connect",
  enabled: true,
  parameters: {
    iss: issuer,
    "jwks-show": true,
    "jwks-private": JSON.stringify({
      keys: [
        {
          ...generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey.export({ format: "jwk" }),
          kid: "1",
          alg: "RS256",
        },
      ],
    }),
    "access-token-duration": 3600,
    "refresh-token-duration": 86_400,
    "code-duration": 60,
    "refresh-token-one-use": "always",
    "auth-type-code-enabled": true,
    "auth-type-refresh-enabled": true,
    "allowed-scope": SCOPE.split(" "),
    "name-claim": "mandatory",
    "name-claim-scope": [],
    "email-claim": "mandatory",
    "email-claim-scope": [],
    "pkce-allowed": true,
    "pkce-required": true,
    "oauth-as-iss-id": true,
    "oauth-par-allowed": true,
    "oauth-par-duration": 90,
    "oauth-par-request_uri-prefix": "urn:ietf:params:oauth:request_uri:",
    "request-parameter-allow": true,
    "introspection-revocation-allowed": true,
    "introspection-revocation-allow-target-client": true,
    "session-management-allowed": true,
    "session-cookie-name": "GLEWLWYD2_OIDC_SID",
    "session-cookie-expiration": 86_400,
    "back-channel-logout-allowed": true,
    // The page of a sign-out needs it, also where no client has such a URI.
    "front-channel-logout-allowed": true,
    "client-jwks-parameter": "jwks",
  },
});

const client = ({ id, secret, publicKey, redirectUri, postLogoutUri, backchannelUri }: ClientRegistration) => ({
  client_id: id,
  name: `app-${id}`,
  enabled: true,
  confidential: secret !== undefined || publicKey !== undefined,
  redirect_uri: [redirectUri],
  post_logout_redirect_uris: [postLogoutUri],
  authorization_type: ["code", "refresh_token"],
  token_endpoint_auth_method: publicKey
    ? ["private_key_jwt"]
    : secret
      ? ["client_secret_basic", "client_secret_post"]
      : ["none"],
  ...(secret ? { client_secret: secret } : {}),
  ...(publicKey ? { jwks: { keys: [publicKey] } } : {}),
  ...(backchannelUri ? { backchannel_logout_uri: backchannelUri, backchannel_logout_session_required: "true" } : {}),
});

/** Configures the running server as its administrator. */
async function configure(api: string, issuer: string, clients: readonly ClientRegistration[]): Promise<void> {
  let cookie = "";
  const send = async (method: string, path: string, body?: object) => {
    const headers = { "content-type": "application/json", cookie };
    const response = await fetch(`${api}${path}`, { method, headers, ...(body ? { body: JSON.stringify(body) } : {}) });
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`);
    return response;
  };
  const [line = ""] = (
    await send("POST", "/auth/", { username: "admin", password: "password" })
  ).headers.getSetCookie();
  cookie = line.replace(/;.*/, "");
  // The package's schema has only one post-logout redirect URI for each client, under a name that the plugin does not read.
  const module = (await (await send("GET", "/mod/client/database")).json()) as {
    parameters: { "data-format": object };
  };
  Object.assign(module.parameters["data-format"], {
    post_logout_redirect_uris: { multiple: true, read: true, write: true },
  });
  await send("PUT", "/mod/client/database", module);
  await send("PUT", "/mod/client/database/reset");
  for (const name of ["profile", "email"])
    await send("POST", "/scope/", {
      name,
      display_name: name,
      description: name,
      password_required: true,
      password_max_age: 0,
    });
  await send("PUT", "/scope/openid", {
    display_name: "openid",
    description: "openid",
    password_required: true,
    password_max_age: 0,
  });
  await send("POST", "/user/", { ...USER, enabled: true, scope: SCOPE.split(" ") });
  for (const each of clients) await send("POST", "/client/", client(each));
  await send("POST", "/mod/plugin/", plugin(issuer));
}

/** Glewlwyd, written in C. */
export const glewlwyd: Provider = {
  name: "glewlwyd",
  missing: hasProgram("glewlwyd") && hasProgram("sqlite3") ? undefined : "apt-get install glewlwyd sqlite3",
  version: () => debianVersion("glewlwyd"),
  user: { name: USER.name, email: USER.email },
  options: { clientAuthentication: "client_secret_post" },
  logoutParams: { state: "any" },
  // Glewlwyd takes an assertion for the URL of the endpoint, and not for its issuer as RFC 9126 2 says.
  keyOptions: { audience: "endpoint" },
  exceptions: {
    basic: rawSecrets,
    signOut: glewlwydSignOut,
    backchannel: noExpiry,
    formPost: encodedForm,
    maxAge: noAuthTime,
  },
  pageExceptions: { revocation: noPublicRevocation },
  async start(clients) {
    const [folder, port] = [temporaryFolder(), await freePort()];
    const issuer = `http://localhost:${port}/api/oidc`;
    const child = await startServer(["glewlwyd", [`--config-file=${writeFiles(folder, port)}`]], port, {});
    const stop = async () => {
      const ended = new Promise((resolve) => child.once("exit", resolve));
      child.kill();
      await ended;
      rmSync(folder, { recursive: true, force: true });
    };
    try {
      await configure(`http://localhost:${port}/api`, issuer, clients);
    } catch (error) {
      await stop();
      throw error;
    }
    return {
      issuer,
      pages: {
        password: {
          selector: "#passwordForm",
          async answer(page) {
            await page.fill("#username", USER.username);
            await page.fill("#password", USER.password);
            await page.click("#loginbut");
          },
        },
        consent: {
          selector: "#grant-profile:not(:checked)",
          async answer(page) {
            for (const scope of ["profile", "email"]) await page.check(`#grant-${scope}`);
            await page.click("button:has-text('Grant access')");
          },
        },
        "sign-out": {
          // The page names the client when it has loaded what it needs for the sign-out.
          selector: '.card-body h4:has-text("app-")',
          answer: (page) => page.click(".card-body button.btn-danger:not(.dropdown-toggle)"),
        },
        continue: { selector: ".card-footer .btn-success", answer: (page) => page.click(".card-footer .btn-success") },
      },
      stop,
    };
  },
};
