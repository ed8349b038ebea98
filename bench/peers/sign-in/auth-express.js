// With the refresh-token rotation of the library's guide, in the jwt callback. Tokens are read through /auth/session, which
// writes cookies: the library's `getSession` for Express does not, and would lose the new refresh token each time.
import { ExpressAuth } from "@auth/express";
import express from "express";

const scope = "openid profile email offline_access";

export function createApp({ issuer, clientId, clientSecret, secret }) {
  const authorization = `Basic ${Buffer.from(`${clientId}:${clientSecret}`).toString("base64")}`;

  async function refreshed(token) {
    const body = new URLSearchParams({ grant_type: "refresh_token", refresh_token: token.refreshToken });
    const answer = await fetch(`${issuer}/token`, { method: "POST", headers: { authorization }, body });
    if (!answer.ok) return { ...token, error: "RefreshTokenError" };
    const { access_token, expires_in, refresh_token = token.refreshToken } = await answer.json();
    return {
      ...token,
      accessToken: access_token,
      refreshToken: refresh_token,
      expiresAt: Math.floor(Date.now() / 1000) + expires_in,
      error: undefined,
    };
  }

  const configFor = (isRefresh) => ({
    trustHost: true,
    secret,
    providers: [
      {
        id: "bench",
        name: "Bench",
        type: "oidc",
        issuer,
        clientId,
        clientSecret,
        checks: ["pkce", "state", "nonce"],
        authorization: { params: { scope } },
      },
    ],
    logger: { error() {}, warn() {} },
    callbacks: {
      async jwt({ token, account }) {
        if (account) {
          const { access_token, refresh_token, expires_at } = account;
          return { ...token, accessToken: access_token, refreshToken: refresh_token, expiresAt: expires_at };
        }
        return isRefresh || Date.now() >= token.expiresAt * 1000 ? refreshed(token) : token;
      },
      session: ({ session, token }) => ({ ...session, token: token.error ? undefined : token.accessToken }),
    },
  });

  const usual = ExpressAuth(configFor(false));
  const forced = ExpressAuth(configFor(true));
  const app = express();
  app.use("/auth", (request, response, next) => ("refresh" in request.query ? forced : usual)(request, response, next));
  return app;
}
