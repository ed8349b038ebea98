import {
  CookieTooLargeError,
  ExchangeError,
  exchangeToken,
  hasScope,
  MisuseError,
  refreshUser,
  type SessionRequirement,
  stepUp,
  type User,
} from "../../adapters/edge.js";
import { createSealer } from "../../adapters/index.js";
import type { RequestAuth } from "../../adapters/lib/request-auth.js";
import type { Awaitable } from "../../core/awaitable.js";

/** The view of the request that every adapter gives a handler; `login` and `logout` return different types of response. */
type Present = RequestAuth<Record<string, unknown>, unknown>;

/** Whether the runtime uses the synchronous crypto engine, once a key is derived. */
async function sealsAtOnce(): Promise<boolean> {
  const sealer = createSealer({ secret: "only to find out the engine: 32 characters", purpose: "engine" });
  await sealer.seal("warm-up", Date.now());
  return typeof sealer.seal("measured", Date.now()) === "string";
}

/** The routes that answer with JSON, the same in every app under test. */
export const routes: Readonly<Record<string, (auth: Present, query: URLSearchParams) => Awaitable<unknown>>> = {
  "/": ({ session, reason }) => ({ session, reason }),
  "/private": ({ session }) => ({ sub: session?.user.sub }),
  "/guarded": ({ session }) => ({ sub: session?.user.sub, data: session?.data, acr: session?.acr }),
  async "/token"(auth, query) {
    const audience = query.get("audience");
    const token = await auth.getAccessToken({ refresh: query.has("force"), ...(audience && { audience }) });
    if (query.has("throw")) throw new Error("the app's own");
    return { token };
  },
  async "/user/refresh"(auth, query) {
    await refreshUser(
      auth,
      query.has("shape") ? ({ user }) => ({ user: { ...user, shaped: true }, data: { seen: 1 } }) : undefined,
    );
    return { user: auth.session?.user, data: auth.session?.data };
  },
  "/exchange": (auth, query) => exchangeToken(auth, JSON.parse(query.get("options") ?? "{}")),
  async "/update"(auth, query) {
    const patch = Object.fromEntries(query);
    await auth.update(query.has("as") ? (data) => ({ ...data, ...patch }) : patch);
    return { data: auth.session?.data };
  },
  async "/api"(auth, query) {
    const answer = await auth.fetch(query.get("to") ?? "https://op.example/userinfo");
    return { status: answer.status, said: await answer.json() };
  },
  "/engine": async () => ({ sealsAtOnce: await sealsAtOnce() }),
};

/** The options for `login` or `logout` that a request of the tests carries. */
export const optionsIn = (query: URLSearchParams): object => JSON.parse(query.get("options") ?? "{}");

/** The requirement of the guard at `/guarded`, from JSON: `allow` names the only subject, or `scope: ` and scopes. */
export function requirementIn(query: URLSearchParams): SessionRequirement<Record<string, unknown>> {
  const { allow = "", stepUp: options, ...requirement } = JSON.parse(query.get("requirement") ?? "{}");
  if (options) return { ...requirement, stepUp: stepUp(options) };
  if (allow.startsWith("scope: ")) return { ...requirement, allow: hasScope(allow.slice(7)) };
  return allow ? { ...requirement, allow: async ({ sub }: User) => sub === allow } : requirement;
}

/** The status and body that an app can derive from the type of an error. */
export function describeError(error: unknown): { status: number; body: object } {
  if (error instanceof CookieTooLargeError) {
    const { code, bytes, limit, largest } = error;
    return { status: 413, body: { error: code, bytes, limit, largest } };
  }
  if (error instanceof ExchangeError) return { status: error.status, body: { error: error.code } };
  const isMisuse = error instanceof MisuseError;
  return { status: isMisuse ? 400 : 500, body: { error: isMisuse ? error.code : String(error) } };
}

/** The audience of the tests' access tokens. */
export const API = "https://api.example";

/** Cookies of the app itself, on a response that the app marks as cacheable. */
export const ownCookies = ["theme=dark; Path=/", "language=en; Path=/"];
export const cacheable = "public, s-maxage=31536000";

/** Milliseconds between the two pieces of a streamed response. */
export const PAUSE = 150;
