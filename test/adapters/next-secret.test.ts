import { expect, test } from "vitest";
import { createAuth } from "../../adapters/edge.js";
import { createCookieJar, createTestProvider } from "../../adapters/testing/index.js";

const [OLD, NEW] = ["the old secret: at least 32 characters", "the new secret: at least 32 characters"];

/** What the machines of an app have while its secret is changed (docs/guides/operations.md), by the step of their deployment. */
const steps = {
  before: { secret: OLD },
  "step 1": { secret: OLD, nextSecret: NEW },
  "step 2": { secret: [NEW, OLD] },
  "step 3": { secret: NEW },
};
type Step = keyof typeof steps;

/** Begins a sign-in on one machine and ends it on another. Resolves to whether each of the two then opens the session. */
async function signInAcross(begin: Step, end: Step): Promise<{ readonly status: number; readonly opens: boolean[] }> {
  const provider = await createTestProvider();
  const machine = (step: Step) =>
    createAuth({
      issuer: provider.issuer,
      clientId: provider.clientId,
      clientSecret: provider.clientSecret,
      baseUrl: "https://app.example",
      fetch: provider.fetch,
      ...steps[step],
    });
  const [first, second] = [machine(begin), machine(end)];
  const jar = createCookieJar();
  const send = async (auth: typeof first, url: string) => {
    const response = await auth.handler(new Request(url, { headers: { cookie: jar.header(url) } }));
    jar.store(response, url);
    return response;
  };
  const login = await send(first, "https://app.example/auth/login");
  const { url } = await provider.authorize(String(login.headers.get("location")));
  const { status } = await send(second, url);
  const page = () => new Request("https://app.example/", { headers: { cookie: jar.header("https://app.example/") } });
  const opens = await Promise.all([first, second].map(async (auth) => (await auth.getSession(page())) !== null));
  return { status, opens };
}

test.each<[Step, Step]>([
  ["before", "step 1"],
  ["step 1", "before"],
  ["step 1", "step 2"],
  ["step 2", "step 1"],
])("while machines are deployed, a sign-in that begins on one at %s ends on one at %s", async (begin, end) => {
  expect(await signInAcross(begin, end)).toEqual({ status: 302, opens: [true, true] });
});

test.each<[Step, Step]>([
  ["before", "step 2"],
  ["before", "step 3"],
])("without the step between, it does not: from %s to %s", async (begin, end) => {
  const { status, opens } = await signInAcross(begin, end);
  expect([status, opens[0]]).not.toEqual([302, true]);
});
