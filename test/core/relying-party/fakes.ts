import type { Emit, LatchkeyEvent, UntimedEvent } from "../../../core/events.js";
import type { Provider } from "../../../core/provider/provider.js";
import type { AppConfig, RelyingPartyConfig } from "../../../core/relying-party/config.js";
import { RelyingPartyRequest } from "../../../core/relying-party/relying-party-request.js";
import { type App, type RequestContext, refusalFor } from "../../../core/relying-party/request-context.js";
import { createUserSessions } from "../../../core/relying-party/user-sessions.js";
import type { Reply, ReplyWriter } from "../../../core/request/response.js";
import { packed } from "../../../core/seal/payload.js";
import { createSealer } from "../../../core/seal/sealer.js";
import { readSession } from "../../../core/session/reading.js";
import { clientKey } from "../../../core/store/client-key.js";

export const ORIGIN = "https://app.example";
export const ISSUER = "https://op.example";
const SECRET = "a secret for tests of at least thirty-two characters";

export interface Data {
  readonly cart?: readonly string[];
}

/** A response writer that records the cookies, the reply and the tasks. `isOpen`: whether the headers were not sent yet. */
export class FakeWriter implements ReplyWriter<Reply> {
  readonly lines: string[] = [];
  isRead = false;
  isOpen = true;
  readonly sent: Reply[] = [];
  readonly tasks: Array<() => void> = [];
  canWrite = () => this.isOpen;
  markSessionRead = () => {
    this.isRead = true;
  };
  setCookies = (lines: readonly string[]) => {
    if (this.isOpen) this.lines.push(...lines);
    return this.isOpen;
  };
  onSent = (task: () => void) => void this.tasks.push(task);
  send = (reply: Reply) => {
    this.sent.push(reply);
    return reply;
  };
}

/** The issuer of a provider: of the only one, or of the one with this name. */
export const issuerOf = (name?: string): string => (name === undefined ? ISSUER : `${ISSUER}/${name}`);

/**
 * A browser with its cookies, an app, and a provider whose functions a test can replace.
 * @param names of several providers; `provider` is the first one
 * @param cookies of the browser, for an app that was deployed anew
 */
export function createWorld(
  change: Partial<RelyingPartyConfig<Data>> = {},
  names: readonly (string | undefined)[] = [undefined],
  cookies = new Map<string, string>(),
) {
  const clock = { now: 1_750_000_000_000 };
  const events: Array<LatchkeyEvent | UntimedEvent> = [];
  /** When each cookie ends. Milliseconds since the epoch. */
  const ends = new Map<string, number>();
  let drawn = 0;
  /** The tokens that each provider received, by its name. */
  const received: Array<readonly [name: string | undefined, what: string, token: unknown]> = [];
  const createProvider = (name: string | undefined): Provider => ({
    client: undefined as never,
    metadata: async () => ({ issuer: issuerOf(name), issRequired: true }),
    authorizationUrl: async (parameters) =>
      `${issuerOf(name)}/authorize?${new URLSearchParams(JSON.parse(JSON.stringify(parameters)))}`,
    redeem: async ({ code }) => {
      received.push([name, "code", code]);
      return { accessToken: "at", refreshToken: "rt", idToken: "id", requestedAt: clock.now, expiresIn: 600 };
    },
    verifyIdToken: async () => ({ iss: issuerOf(name), sub: "alice", name: "Alice", nonce: nonceOf() }),
    refresh: async ({ refreshToken }) => {
      received.push([name, "refresh token", refreshToken]);
      return {
        accessToken: "at2",
        requestedAt: clock.now,
        expiresIn: 600,
        refreshToken: `${refreshToken}2`,
        release: () => void released.push(refreshToken),
        isOthers: false,
      };
    },
    userinfo: async (_token, sub) => ({ sub, email: "alice@example.org" }),
    async revoke(token) {
      received.push([name, "revoked", token]);
      revoked.push(token);
    },
    endSessionUrl: async ({ params }) =>
      `${issuerOf(name)}/logout${params ? `?${new URLSearchParams(params as Record<string, string>)}` : ""}`,
  });
  const revoked: string[] = [];
  const released: string[] = [];
  let nonceOf = () => "";
  const emit: Emit = (event) => {
    events.push(event);
    return event;
  };
  const ports = {
    now: () => clock.now,
    random: (bytes: number) => new Uint8Array(bytes).fill(++drawn),
    fetch: async () => new Response(null, { status: 200 }),
  };
  const site = { origin: ORIGIN, path: "", secure: true };
  const configOf = (name: string | undefined) => ({
    ...(name === undefined ? {} : { name }),
    provider: {
      issuer: issuerOf(name),
      clientId: "client",
      clientAuthentication: "none" as const,
      clientSecret: undefined,
      idTokenSigningAlg: "RS256",
      httpTimeout: 5,
      clockTolerance: 30,
    },
    scope: "openid profile",
    responseMode: "query" as const,
    authorizationParams: {},
    userinfo: false,
    logout: "provider" as const,
    ...change,
  });
  const providerConfigs = names.map(configOf) as unknown as AppConfig<Data>["providers"];
  const config: AppConfig<Data> = {
    providers: providerConfigs,
    sites: [site],
    mount: "/auth",
    trailingSlash: false,
    allowedParams: ["ui_locales"],
    apiOrigins: ["https://api.example"],
    postLogoutPath: "/",
    session: { secret: SECRET },
    onSignIn: undefined,
    onEvent: undefined,
    ...change,
  };
  const app: App<Data> = {
    config,
    ports,
    emit,
    store: undefined,
    providers: providerConfigs.map((each) => ({
      config: { ...config, ...each },
      exchange: { ...each, ...each.provider },
      provider: createProvider(each.name),
      source: each.name === undefined ? {} : { provider: each.name, client: clientKey(each.provider) },
      emit: <Event extends UntimedEvent>(event: Event) => {
        emit(each.name === undefined ? event : { ...event, provider: each.name });
        return event;
      },
    })),
    transactionSealer: createSealer(SECRET, "transaction", 900, packed),
  };
  const [{ provider }] = app.providers as [App<Data>["providers"][0]];
  const refusalOf = refusalFor(app);
  const sessions = createUserSessions({ ...config.session, refusalOf }, undefined, ports, emit);

  /** Opens a request of the browser, with the headers of a navigation unless `headers` replaces them. */
  async function open(
    url: string,
    {
      method = "GET",
      headers = {},
      body = "",
    }: { method?: string; headers?: Record<string, string>; body?: string } = {},
  ) {
    const writer = new FakeWriter();
    const all: Record<string, string> = {
      "sec-fetch-mode": "navigate",
      "sec-fetch-site": method === "POST" ? "same-origin" : "none",
      ...headers,
    };
    const work: Array<Promise<unknown>> = [];
    const request = {
      method,
      url,
      headers: { get: (name: string) => all[name] ?? null },
      text: async () => body,
      waitUntil: (promise: Promise<unknown>) => void work.push(promise),
    };
    for (const [name, end] of ends) if (clock.now >= end) cookies.delete(name);
    const header = [...cookies].map(([name, value]) => `${name}=${value}`).join("; ");
    const auth = new RelyingPartyRequest(app, sessions, request, writer, site, await readSession(sessions, header));
    return { auth, writer, work, context: RelyingPartyRequest.contextOf(auth) as RequestContext<Data> };
  }

  /** Puts the cookies of a response into the browser. */
  function store({ lines }: FakeWriter): void {
    for (const line of lines) {
      const [name = "", value = ""] = (line.split(";", 1)[0] as string).split(/=(.*)/s);
      const maxAge = Number(/Max-Age=(\d+)/i.exec(line)?.[1] ?? Infinity);
      if (maxAge === 0) cookies.delete(name);
      else cookies.set(name, value);
      ends.set(name, clock.now + maxAge * 1_000);
    }
  }

  /** Sends a request to a route, and stores the cookies of its response. */
  async function visit(...args: Parameters<typeof open>): Promise<Reply & { readonly writer: FakeWriter }> {
    const { auth, writer } = await open(...args);
    const reply = await auth.route();
    if (!reply) throw new Error(`${args[0]} is no route`);
    store(writer);
    return { ...reply, writer };
  }

  /** Starts a sign-in. Returns the callback to which the provider would redirect the browser. */
  async function begin(url = "/auth/login"): Promise<string> {
    const { headers } = await visit(url);
    const parameters = new URL(String(headers["location"])).searchParams;
    nonceOf = () => String(parameters.get("nonce"));
    const state = String(parameters.get("state"));
    const [iss = ""] = String(headers["location"]).split("/authorize?");
    const { pathname } = new URL(String(parameters.get("redirect_uri")));
    return `${pathname}?${new URLSearchParams({ state, code: "code", iss })}`;
  }

  const signIn = async (url?: string) => visit(await begin(url));
  const typesOf = () => events.map(({ type }) => type).filter((type) => type !== "transition");
  return {
    app,
    clock,
    events,
    typesOf,
    cookies,
    provider,
    received,
    revoked,
    released,
    open,
    store,
    visit,
    begin,
    signIn,
  };
}
