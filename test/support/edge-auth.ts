import { type Auth, createAuth, type EdgeOptions } from "../../adapters/edge.js";
import {
  createClock,
  createCookieJar,
  createTestProvider,
  type FixedClock,
  type TestProvider,
} from "../../adapters/testing/index.js";

/** The page that the test's browser requests by default. */
export const PAGE = "https://app.example/page";

/** The edge adapter without a server: the test calls its handlers with Requests, and keeps their cookies in a jar. */
export interface EdgeAuth {
  readonly auth: Auth<Record<string, unknown>>;
  readonly options: EdgeOptions;
  readonly clock: FixedClock;
  readonly provider: TestProvider;
  /** A request of the browser, with the cookies of its jar. */
  request(url?: string, headers?: Record<string, string>): Request;
  /** Stores the cookies of a response in the browser's jar. */
  store(response: Response): void;
  /** The Cookie header of the browser's next request. */
  cookieHeader(): string;
  /** Sends a request to a handler and stores the cookies of its response. */
  send(
    handle: (request: Request) => Promise<Response>,
    url?: string,
    headers?: Record<string, string>,
  ): Promise<Response>;
  signIn(): Promise<void>;
  /** How many requests the provider's token endpoint has received. */
  tokenRequests(): number;
}

/** Creates the edge adapter with a test provider, a clock and a browser's cookie jar. */
export async function createEdgeAuth(added: EdgeOptions = {}): Promise<EdgeAuth> {
  const clock = createClock();
  const provider = await createTestProvider({ clock });
  const jar = createCookieJar({ clock });
  const options: EdgeOptions = {
    issuer: provider.issuer,
    clientId: provider.clientId,
    clientSecret: provider.clientSecret,
    secret: "only for tests: at least thirty-two characters",
    baseUrl: "https://app.example",
    fetch: provider.fetch,
    now: clock.now,
    ...added,
  };
  const auth = createAuth(options);
  const request = (url = PAGE, headers: Record<string, string> = {}) =>
    new Request(url, { headers: { ...headers, cookie: jar.header(url) } });
  const store = (response: Response) => jar.store(response, PAGE);
  const send: EdgeAuth["send"] = async (handle, url, headers) => {
    const response = await handle(request(url, headers));
    store(response);
    return response;
  };
  return {
    auth,
    options,
    clock,
    provider,
    request,
    store,
    cookieHeader: () => jar.header(PAGE),
    send,
    async signIn() {
      const login = await send(auth.handler, "https://app.example/auth/login");
      const { url } = await provider.authorize(String(login.headers.get("location")));
      await send(auth.handler, url);
    },
    tokenRequests: () => provider.requests.filter(({ endpoint }) => endpoint === "token").length,
  };
}
