import { afterEach } from "vitest";
import { createAuth, type LatchkeyEvent, type SignIn } from "../../adapters/edge.js";
import type { ProviderOptions } from "../../adapters/lib/auth-options.js";
import { createCookieJar } from "../../adapters/testing/index.js";
import { playProvider, type Quirks } from "./fake-provider.js";

const APP = "https://app.example";

/** An app with this provider, which is played over HTTP, and one browser. */
export async function start(quirks: Quirks, options: ProviderOptions) {
  const provider = await playProvider(quirks);
  const events: LatchkeyEvent[] = [];
  const signIns: SignIn[] = [];
  const app = createAuth({
    provider: options,
    secret: "a secret of at least thirty-two characters",
    baseUrl: APP,
    fetch: provider.fetch,
    onEvent: (event) => void events.push(event),
    onSignIn(signIn) {
      signIns.push(signIn);
      return undefined;
    },
  });
  const jar = createCookieJar();
  async function visit(url: string, init: RequestInit = {}) {
    const response = await app.handler(
      new Request(url, { ...init, headers: { ...init.headers, cookie: jar.header(url) } }),
    );
    jar.store(response, url);
    return response;
  }
  const failures = () => events.flatMap((event) => (event.type === "failed" ? [event.error] : []));
  return {
    provider,
    signIns,
    /** Signs in; the code of the failure, or undefined. */
    async signIn(): Promise<string | undefined> {
      const login = await visit(`${APP}/auth/login`);
      const authorizationUrl = login.headers.get("location");
      if (!authorizationUrl) return failures().at(-1)?.code;
      const page = await provider.fetch(authorizationUrl);
      if (page.status === 302) await visit(page.headers.get("location") ?? "");
      else {
        const { action, form, problem } = (await page.json()) as Record<string, string>;
        if (problem) return problem;
        const headers = { "content-type": "application/x-www-form-urlencoded" };
        const bounced = await visit(`${action}`, { method: "POST", body: form ?? "", headers });
        await visit(bounced.headers.get("location") ?? "");
      }
      return failures().at(-1)?.code;
    },
    cause: () => failures().at(-1)?.cause,
    async user() {
      const response = await visit(`${APP}/auth/me`);
      return ((await response.json()) as { user: Record<string, unknown> | null }).user;
    },
    /** Refreshes the access token. */
    async refresh(): Promise<string> {
      const request = new Request(`${APP}/page`, { headers: { cookie: jar.header(`${APP}/page`) } });
      let said = "";
      const response = await app.wrap(async (_request, auth) => {
        said = await auth.getAccessToken({ refresh: true }).then(
          () => "refreshed",
          (error: { code: string }) => error.code,
        );
        return new Response();
      })(request);
      jar.store(response, `${APP}/page`);
      return said;
    },
    /** Signs out, and follows the browser to the provider: where it comes back to, or what the provider says. */
    async signOut(): Promise<unknown> {
      const response = await visit(`${APP}/auth/logout`, { method: "POST", headers: { origin: APP } });
      const location = response.headers.get("location") ?? "";
      if (location.startsWith(APP)) return { local: location };
      const page = await provider.fetch(location);
      return page.status === 302 ? { back: page.headers.get("location") } : await page.json();
    },
    /** The parameters of the requests to a URL. */
    sentTo: (url: string) => provider.requests.filter((each) => each.url === url).map(({ parameters }) => parameters),
    close: provider.close,
  };
}

const begun: Array<{ close(): void }> = [];
afterEach(() => {
  for (const each of begun.splice(0)) each.close();
});

/** As `start`, until the end of the test. */
export async function begin(quirks: Quirks, options: ProviderOptions) {
  const app = await start(quirks, options);
  begun.push(app);
  return app;
}
