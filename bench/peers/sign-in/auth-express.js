// With the refresh-token rotation of the library's guide, in the jwt callback. Tokens are read through /auth/session, which
// writes cookies: the library's `getSession` for Express does not, and would lose the new refresh token each time.
import { ExpressAuth } from "@auth/express";
import express from "express";

const scope = "openid profile email offline_access";

export function createApp({ issuer, clientId, clientSecret, secret }) {
  const authorization = `Basic ${Buffer.from(`${clientId}:${clientSecret}`).toString("base64")}`;

  async function refreshTokens(token) {
    const body = new URLSearchParams({ grant_type: "refresh_token", refresh_token: token.refreshToken });
    const response = await fetch(`${issuer}/token`, { method: "POST", headers: { authorization }, body });
    if (!response.ok) return { ...token, error: "RefreshTokenError" };
    const { access_token, expires_in, refresh_token = token.refreshToken } = await response.json();
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
        return isRefresh || Date.now() >= token.expiresAt * 1000 ? refreshTokens(token) : token;
      },
      session: ({ session, token }) => ({ ...session, token: token.error ? undefined : token.accessToken }),
    },
  });

  const withoutRefresh = ExpressAuth(configFor(false));
  const withRefresh = ExpressAuth(configFor(true));
  const app = express();
  app.use("/auth", (request, response, next) =>
    ("refresh" in request.query ? withRefresh : withoutRefresh)(request, response, next),
  );
  return app;
}
