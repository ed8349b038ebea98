import type { Emit, LatchkeyEvent, UntimedEvent } from "../../../core/events.js";
import type { Provider } from "../../../core/provider/provider.js";
import type { RelyingPartyConfig } from "../../../core/relying-party/config.js";
import { RelyingPartyRequest } from "../../../core/relying-party/relying-party-request.js";
import type { App, RequestContext } from "../../../core/relying-party/request-context.js";
import { createUserSessions } from "../../../core/relying-party/user-sessions.js";
import type { Reply, ReplyWriter } from "../../../core/request/response.js";
import { packed } from "../../../core/seal/payload.js";
import { createSealer } from "../../../core/seal/sealer.js";
import { readSession } from "../../../core/session/reading.js";

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

/** A browser with its cookies, an app, and a provider whose functions a test can replace. */
export function createWorld(change: Partial<RelyingPartyConfig<Data>> = {}) {
  const clock = { now: 1_750_000_000_000 };
  const events: Array<LatchkeyEvent | UntimedEvent> = [];
  const cookies = new Map<string, string>();
  /** When each cookie ends. Milliseconds since the epoch. */
  const ends = new Map<string, number>();
  let drawn = 0;
  const provider: Provider = {
    metadata: async () => ({ issuer: ISSUER, issRequired: true }),
    authorizationUrl: async (parameters) =>
      `${ISSUER}/authorize?${new URLSearchParams(JSON.parse(JSON.stringify(parameters)))}`,
    redeem: async () => ({
      accessToken: "at",
      refreshToken: "rt",
      idToken: "id",
      requestedAt: clock.now,
      expiresIn: 600,
    }),
    verifyIdToken: async () => ({ iss: ISSUER, sub: "alice", name: "Alice", nonce: nonceOf() }),
    refresh: async ({ refreshToken }) => ({
      accessToken: "at2",
      requestedAt: clock.now,
      expiresIn: 600,
      refreshToken: `${refreshToken}2`,
      release: () => void released.push(refreshToken),
      isOthers: false,
    }),
    userinfo: async (_token, sub) => ({ sub, email: "alice@example.org" }),
    revoke: async (token) => void revoked.push(token),
    endSessionUrl: async ({ params }) =>
      `${ISSUER}/logout${params ? `?${new URLSearchParams(params as Record<string, string>)}` : ""}`,
  };
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
  const config: RelyingPartyConfig<Data> = {
    provider: {
      issuer: ISSUER,
      clientId: "client",
      clientAuthentication: "none",
      clientSecret: undefined,
      idTokenSigningAlg: "RS256",
      httpTimeout: 5,
      clockTolerance: 30,
    },
    sites: [site],
    mount: "/auth",
    trailingSlash: false,
    scope: "openid profile",
    responseMode: "query",
    authorizationParams: {},
    allowedParams: ["ui_locales"],
    apiOrigins: ["https://api.example"],
    userinfo: false,
    logout: "provider",
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
    provider,
    exchange: { ...config, ...config.provider },
    transactionSealer: createSealer(SECRET, "transaction", 900, packed),
  };
  const sessions = createUserSessions(config.session, undefined, ports, emit);

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
    return `/auth/callback?${new URLSearchParams({ state, code: "code", iss: ISSUER })}`;
  }

  const signIn = async (url?: string) => visit(await begin(url));
  const typesOf = () => events.map(({ type }) => type).filter((type) => type !== "transition");
  return { app, clock, events, typesOf, cookies, provider, revoked, released, open, store, visit, begin, signIn };
}
