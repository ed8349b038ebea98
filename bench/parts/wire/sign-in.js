import { Auth } from "@auth/core";
import { Auth0Client } from "@auth0/nextjs-auth0/server";
import { betterAuth } from "better-auth";
import { genericOAuth } from "better-auth/plugins";
import express from "express";
import openidConnect from "express-openid-connect";
import { NextRequest } from "next/server.js";
import { createAuth } from "../../../dist/edge.js";
import { ORIGIN } from "./browser.js";
import { overHttp } from "./http.js";
import { CLIENT_ID, CLIENT_SECRET, ISSUER, SCOPE } from "./provider.js";

const secret = "a secret for the bench of at least thirty-two characters";

/** latchkey at the edge; the same bytes as with Express and Next. */
export function latchkey({ fetch }) {
  const auth = createAuth({
    issuer: ISSUER,
    clientId: CLIENT_ID,
    clientSecret: CLIENT_SECRET,
    secret,
    baseUrl: ORIGIN,
    scope: SCOPE,
    fetch,
    now: () => Date.now(),
  });
  const handle = auth.wrap((_request, { session }) => new Response(session?.user.sub ?? "no user"));
  return { handle, signIn: { path: "/auth/login" } };
}

/** The library's middleware before a page that reads the session. */
export function nextjsAuth0() {
  const auth0 = new Auth0Client({
    domain: new URL(ISSUER).host,
    clientId: CLIENT_ID,
    clientSecret: CLIENT_SECRET,
    secret,
    appBaseUrl: ORIGIN,
    authorizationParameters: { scope: SCOPE },
  });
  async function handle(request) {
    const nextRequest = new NextRequest(request.clone());
    const response = await auth0.middleware(nextRequest);
    if (!response.headers.has("x-middleware-next")) return response;
    const session = await auth0.getSession(nextRequest);
    return new Response(session?.user.sub ?? "no user", { headers: response.headers });
  }
  return { handle, signIn: { path: "/auth/login" } };
}

export async function expressOpenidConnect() {
  const app = express();
  const options = {
    issuerBaseURL: ISSUER,
    baseURL: ORIGIN,
    clientID: CLIENT_ID,
    clientSecret: CLIENT_SECRET,
    secret,
    authRequired: false,
    authorizationParams: { response_type: "code", scope: SCOPE },
  };
  app.use(openidConnect.auth(options));
  app.get("/", (req, res) => res.send(req.oidc.user?.sub ?? "no user"));
  return { ...(await overHttp(app)), signIn: { path: "/login" } };
}

const REQUESTS_PER_PAGE = 10;

/** As in the library's documentation, the `jwt` callback keeps the tokens; `/session` sets the session cookie again. */
export function authCore() {
  const config = {
    basePath: "/auth",
    secret,
    trustHost: true,
    providers: [
      {
        id: "auth0",
        name: "Auth0",
        type: "oidc",
        issuer: ISSUER,
        clientId: CLIENT_ID,
        clientSecret: CLIENT_SECRET,
        checks: ["pkce", "state", "nonce"],
        authorization: { params: { scope: SCOPE } },
      },
    ],
    callbacks: { jwt: keepTokens, session: ({ session, token }) => ({ ...session, user: token.user }) },
  };
  const handle = async (request) => {
    const { pathname } = new URL(request.url);
    if (pathname !== "/") return Auth(request, config);
    // A page that reads the session as @auth/express does: without passing cookies on.
    const headers = { cookie: request.headers.get("cookie") ?? "" };
    return new Response(await (await Auth(new Request(`${ORIGIN}/auth/session`, { headers }), config)).text());
  };
  return {
    handle: withCsrfToken(handle),
    signIn: { path: "/auth/signin/auth0", form: "" },
    pathOf: (index) => (index % REQUESTS_PER_PAGE === 0 ? "/auth/session" : "/"),
  };
}

function keepTokens({ token, account, profile }) {
  if (!account) return token;
  const { sub, name, given_name, family_name, nickname, email, email_verified, picture, updated_at } = profile;
  return {
    user: { sub, name, given_name, family_name, nickname, email, email_verified, picture, updated_at },
    accessToken: account.access_token,
    idToken: account.id_token,
    refreshToken: account.refresh_token,
    expiresAt: account.expires_at,
  };
}

/** Handles a sign-in by a form with a CSRF token, which it fetches first. */
const withCsrfToken = (handle) => async (request) => {
  if (request.method !== "POST") return handle(request);
  const issued = await handle(new Request(`${ORIGIN}/auth/csrf`));
  const { csrfToken } = await issued.json();
  const cookie = issued.headers.getSetCookie().map((line) => line.split(";")[0]);
  const headers = { ...Object.fromEntries(request.headers), cookie: cookie.join("; ") };
  const response = await handle(
    new Request(request.url, {
      method: "POST",
      headers,
      body: new URLSearchParams({ csrfToken, callbackUrl: ORIGIN }),
    }),
  );
  const withCsrfCookies = new Response(response.body, response);
  for (const line of issued.headers.getSetCookie()) withCsrfCookies.headers.append("set-cookie", line);
  return withCsrfCookies;
};

/** Without a database: session, user and tokens in three cookies. */
export function betterAuthStateless() {
  const text = { type: "string", required: false };
  const auth = betterAuth({
    baseURL: ORIGIN,
    secret,
    telemetry: { enabled: false },
    logger: { disabled: true },
    rateLimit: { enabled: false },
    user: { additionalFields: { sub: text, givenName: text, familyName: text, nickname: text } },
    plugins: [
      genericOAuth({
        config: [
          {
            providerId: "auth0",
            clientId: CLIENT_ID,
            clientSecret: CLIENT_SECRET,
            discoveryUrl: `${ISSUER}.well-known/openid-configuration`,
            scopes: SCOPE.split(" "),
            pkce: true,
            mapProfileToUser: ({ sub, given_name, family_name, nickname }) => ({
              sub,
              givenName: given_name,
              familyName: family_name,
              nickname,
            }),
          },
        ],
      }),
    ],
  });
  async function handle(request) {
    const { pathname } = new URL(request.url);
    if (pathname !== "/") return auth.handler(asJson(request));
    const { headers, response } = await auth.api.getSession({ headers: request.headers, returnHeaders: true });
    return new Response(response?.user.sub ?? "no user", { headers });
  }
  return { handle, signIn: { path: "/api/auth/sign-in/social", form: "" } };
}

const asJson = (request) =>
  request.method === "GET"
    ? request
    : new Request(request.url, {
        method: "POST",
        headers: { ...Object.fromEntries(request.headers), "content-type": "application/json" },
        body: JSON.stringify({ provider: "auth0", callbackURL: "/" }),
      });
