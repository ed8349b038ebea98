// As in the library's README, with iron-session for the session, and the metadata fetched once. By default openid-client does
// not check the signature of an ID Token from the token endpoint (OpenID Connect Core 3.1.3.7, 6).
import express from "express";
import { getIronSession } from "iron-session";
import * as client from "openid-client";

const scope = "openid profile email offline_access";

/** The part of a token response that the session stores. */
const storedTokens = (tokens, before = {}) => ({
  accessToken: tokens.access_token,
  refreshToken: tokens.refresh_token ?? before.refreshToken,
  expiresAt: Date.now() + tokens.expires_in * 1000,
});

export function createApp({ issuer, clientId, clientSecret, secret, baseUrl, isSignatureChecked = false }) {
  const app = express();
  const redirectUri = `${baseUrl}/callback`;
  const sessionOf = (request, response) =>
    getIronSession(request, response, {
      password: secret,
      cookieName: "session",
      cookieOptions: { secure: false },
    });
  let discovered;
  const configuration = () => {
    discovered ??= client.discovery(new URL(issuer), clientId, undefined, client.ClientSecretBasic(clientSecret), {
      execute: [client.allowInsecureRequests, ...(isSignatureChecked ? [client.enableNonRepudiationChecks] : [])],
    });
    return discovered;
  };

  app.get("/login", async (request, response) => {
    const session = await sessionOf(request, response);
    const verifier = client.randomPKCECodeVerifier();
    session.transaction = { verifier, state: client.randomState(), nonce: client.randomNonce() };
    await session.save();
    const url = client.buildAuthorizationUrl(await configuration(), {
      redirect_uri: redirectUri,
      scope,
      code_challenge: await client.calculatePKCECodeChallenge(verifier),
      code_challenge_method: "S256",
      state: session.transaction.state,
      nonce: session.transaction.nonce,
    });
    response.redirect(url.href);
  });

  app.get("/callback", async (request, response) => {
    const session = await sessionOf(request, response);
    const { verifier, state, nonce } = session.transaction;
    const tokens = await client.authorizationCodeGrant(await configuration(), new URL(request.originalUrl, baseUrl), {
      pkceCodeVerifier: verifier,
      expectedState: state,
      expectedNonce: nonce,
      idTokenExpected: true,
    });
    session.transaction = undefined;
    session.user = tokens.claims();
    session.tokens = storedTokens(tokens);
    await session.save();
    response.redirect("/");
  });

  app.get("/token", async (request, response) => {
    const session = await sessionOf(request, response);
    if ("refresh" in request.query || session.tokens.expiresAt <= Date.now()) {
      const tokens = await client.refreshTokenGrant(await configuration(), session.tokens.refreshToken);
      session.tokens = storedTokens(tokens, session.tokens);
      await session.save();
    }
    response.json({ token: session.tokens.accessToken });
  });
  return app;
}
