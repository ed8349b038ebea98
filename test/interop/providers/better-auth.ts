import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { freePort, startServer } from "../../support/process.js";
import { noFormPost, noPar } from "../exceptions.js";
import type { Provider } from "../provider.js";

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));
const manifest = here("../node_modules/@better-auth/oauth-provider/package.json");
const USER = { email: "alice@example.com", password: "a password of alice", name: "Alice" };

/** better-auth and its plugin for OAuth 2.1 and OpenID Connect, written in TypeScript. */
export const betterAuth: Provider = {
  name: "better-auth",
  missing: existsSync(manifest) ? undefined : "npm ci in test/interop",
  version: () => JSON.parse(readFileSync(manifest, "utf8")).version,
  user: { name: USER.name, email: USER.email },
  options: { scope: "openid profile email offline_access", userinfo: true },
  exceptions: { par: noPar, formPost: noFormPost },
  async start(clients) {
    const port = await freePort();
    const SETTINGS = JSON.stringify({ port, user: USER, clients });
    const child = await startServer([process.execPath, [here("better-auth-server.js")]], port, { SETTINGS });
    return {
      issuer: `http://localhost:${port}/api/auth`,
      pages: {
        password: {
          selector: "#sign-in",
          async answer(page) {
            await page.fill("[name=email]", USER.email);
            await page.fill("[name=password]", USER.password);
            await page.click("button");
          },
        },
        consent: { selector: "#consent", answer: (page) => page.click("button") },
      },
      async stop() {
        const ended = new Promise((resolve) => child.once("exit", resolve));
        child.kill();
        await ended;
      },
    };
  },
};
