import { expect, test } from "vitest";
import { verifyAccessToken } from "../../adapters/edge.js";
import { createEdgeAuth } from "../support/edge-auth.js";
import { API } from "../support/routes.js";

const LOGIN = "https://app.example/auth/login";

/** The execution context of Workers, whose `waitUntil` must be called as a method. */
class ExecutionContext {
  readonly work: Promise<unknown>[] = [];
  waitUntil(work: Promise<unknown>): void {
    this.work.push(work);
  }
}

test.each(["an argument of the handler", "an option"])(
  "`waitUntil` as %s keeps the work of a sign-in, a refresh and an API's key fetch alive",
  async (how) => {
    const context = new ExecutionContext();
    const isOption = how === "an option";
    const option = isOption ? { waitUntil: (work: Promise<unknown>) => context.waitUntil(work) } : {};
    const runtimeArguments = isOption ? [] : [{ KEY: "value" }, context];
    const { auth, provider, request, signIn } = await createEdgeAuth(option);
    await auth.handler(request(LOGIN), ...runtimeArguments);
    expect(context.work).toHaveLength(1);
    await signIn();
    context.work.length = 0;
    const refresh = auth.wrap(async (_request, { getAccessToken }, ..._rest: unknown[]) => {
      await getAccessToken({ refresh: true });
      return new Response();
    });
    await refresh(request(), ...runtimeArguments);
    expect(context.work).toHaveLength(1);
    const api = verifyAccessToken({ issuer: provider.issuer, audience: API, fetch: provider.fetch, ...option });
    const shows = api.wrap((_request, _access, ..._rest: unknown[]) => new Response());
    await shows(new Request(API, { headers: { authorization: "Bearer a.b.c" } }), ...runtimeArguments);
    expect(context.work).toHaveLength(2);
    expect(await Promise.allSettled(context.work)).toEqual(
      Array(2).fill(expect.objectContaining({ status: "fulfilled" })),
    );
  },
);

test.each([
  [
    "throws",
    () => {
      throw new TypeError("too late");
    },
  ],
  ["rejects", () => Promise.reject(new TypeError("too late"))],
])("a `waitUntil` that %s does not affect the request", async (_what, waitUntil) => {
  for (const option of [{ waitUntil: waitUntil as () => void }, {}]) {
    const { auth, request, signIn } = await createEdgeAuth(option);
    const runtimeArguments = [{}, { waitUntil }];
    expect((await auth.handler(request(LOGIN), ...runtimeArguments)).status).toBe(302);
    await signIn();
    const refresh = auth.wrap(
      async (_request, { getAccessToken }, ..._rest: unknown[]) =>
        new Response(await getAccessToken({ refresh: true })),
    );
    const response = await refresh(request(), ...runtimeArguments);
    expect([response.status, response.headers.getSetCookie().length > 0]).toEqual([200, true]);
  }
});

test("runtime arguments without a usable `waitUntil` are ignored", async () => {
  const throwing = {
    get waitUntil() {
      throw new Error("no waitUntil");
    },
  };
  const others = [undefined, null, 7, "text", {}, { waitUntil: "no function" }, Object.create(null), throwing];
  const { auth, request } = await createEdgeAuth();
  expect((await auth.handler(request(LOGIN), ...others)).status).toBe(302);
});

test("work that fails rejects the caller's promise, but not the one passed to `waitUntil`", async () => {
  const context = new ExecutionContext();
  const { auth, provider, request, signIn } = await createEdgeAuth();
  await signIn();
  provider.misbehave("invalid_grant", { endpoint: "token" });
  const handle = auth.wrap(async (_request, { getAccessToken }, _context: ExecutionContext) =>
    getAccessToken({ refresh: true }).then(
      () => new Response(),
      (error) => new Response(error.code),
    ),
  );
  expect(await (await handle(request(), context)).text()).toBe("refresh_conflict");
  expect(await Promise.all(context.work)).toEqual([undefined]);
});
