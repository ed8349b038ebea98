import { generateKeyPairSync } from "node:crypto";
import { existsSync, rmSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { freePort, startServer } from "../../support/process.js";
import {
  noBackchannel,
  noEndSession,
  noFormPost,
  noIss,
  noKeys,
  noPar,
  noRevocation,
  redirectedDiscovery,
  staysSignedIn,
} from "../exceptions.js";
import { debianVersion, type Provider, temporaryFolder } from "../provider.js";

const PACKAGE = "python3-django-oauth-toolkit";
const USER = { username: "alice", password: "a password of alice", first_name: "Alice", email: "alice@example.com" };
const program = fileURLToPath(new URL("django_app.py", import.meta.url));

/** django-oauth-toolkit, written in Python. */
export const django: Provider = {
  name: "django-oauth-toolkit",
  missing: existsSync("/usr/lib/python3/dist-packages/oauth2_provider") ? undefined : `apt-get install ${PACKAGE}`,
  version: () => debianVersion(PACKAGE),
  user: { name: USER.first_name, email: USER.email },
  options: { userinfo: true },
  exceptions: {
    discovery: redirectedDiscovery,
    iss: noIss,
    par: noPar,
    signOut: noEndSession,
    passwordAgain: staysSignedIn,
    revocation: noRevocation,
    backchannel: noBackchannel,
    formPost: noFormPost,
    privateKeyJwt: noKeys,
  },
  async start(clients) {
    const [folder, port] = [temporaryFolder(), await freePort()];
    const key = generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey.export({ type: "pkcs8", format: "pem" });
    const SETTINGS = JSON.stringify({ folder, port, key, user: USER, clients });
    const variables = { SETTINGS, PYTHONDONTWRITEBYTECODE: "1" };
    const child = await startServer(["/usr/bin/python3", [program]], port, variables);
    return {
      issuer: `http://localhost:${port}/o`,
      discoveryUrl: `http://localhost:${port}/packaged/.well-known/openid-configuration/`,
      pages: {
        password: {
          selector: "#login-form",
          async answer(page) {
            await page.fill("[name=username]", USER.username);
            await page.fill("[name=password]", USER.password);
            await page.click("[type=submit]");
          },
        },
        consent: { selector: "#authorizationForm", answer: (page) => page.click("[name=allow]") },
      },
      async stop() {
        const ended = new Promise((resolve) => child.once("exit", resolve));
        child.kill();
        await ended;
        rmSync(folder, { recursive: true, force: true });
      },
    };
  },
};
