import { afterEach, describe, expect, test } from "vitest";
import { type Framework, startApp, type TestApp } from "../support/app.js";
import { API } from "../support/routes.js";
import { runtimes } from "../support/runtimes.js";
import { resetsWithoutContext } from "./contract/rows/resets.js";

const HTTP_TIMEOUT = 2;

let app: TestApp;
afterEach(() => app?.close());

/** An access token that is valid by the clock of the test. */
function validToken(): Promise<string> {
  const now = Math.floor(app.clock.now() / 1000);
  const times = { iat: now, exp: now + 300 };
  const claims = { iss: app.provider.issuer, sub: "alice", aud: API, client_id: "client", jti: "1", ...times };
  return app.provider.sign({ ...claims, scope: "read:shows" }, { typ: "at+jwt" });
}

/** Resets a connection while its request waits for the provider, and checks that later requests to the API are answered in time. */
async function checkAfterReset(framework: Framework, headers: Record<string, string>): Promise<void> {
  app = await startApp({ framework, options: { httpTimeout: HTTP_TIMEOUT } });
  for (const endpoint of ["discovery", "jwks", "discovery", "jwks"] as const) {
    const stalled = app.stall(endpoint);
    const authorization = `Bearer ${await validToken()}`;
    await app.browser().abandon("/shows", stalled.reached, { headers: { ...headers, authorization } });
    await new Promise((resolve) => setTimeout(resolve, 100));
    stalled.end();
    const startedAt = performance.now();
    const responses = await Promise.all(
      Array.from({ length: 5 }, () => app.browser().fetch("/shows", { headers: { ...headers, authorization } })),
    );
    expect(responses.map(({ status }) => status)).toEqual(Array(5).fill(200));
    expect((performance.now() - startedAt) / 1000).toBeLessThan(HTTP_TIMEOUT + 1);
    app.clock.advance(601);
  }
}

test.each(Object.entries(runtimes))(
  "%s: if a connection is reset while its request waits for the provider, an API answers other requests in time",
  (_name, framework) => checkAfterReset(framework, {}),
);

describe.each(["workerd", "edge-runtime"] as const)(
  "%s, in an app that does not pass the runtime's other arguments on",
  (name) => {
    test("an API answers other requests in time", () =>
      checkAfterReset(runtimes[name], { "x-test-without-context": "1" }));

    test.each(resetsWithoutContext.map((row) => [row.name, row] as const))(
      "%s",
      async (_name, { options, provider, run }) => {
        app = await startApp({
          framework: runtimes[name],
          ...(provider && { provider }),
          options: { apiOrigins: ["https://op.example"], ...options },
        });
        await run(app);
      },
    );
  },
);
