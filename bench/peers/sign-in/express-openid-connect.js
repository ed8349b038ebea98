import express from "express";
import openidConnect from "express-openid-connect";

export function createApp({ issuer, clientId, clientSecret, secret, baseUrl }) {
  const app = express();
  app.use(
    openidConnect.auth({
      issuerBaseURL: issuer,
      baseURL: baseUrl,
      clientID: clientId,
      clientSecret,
      secret,
      authRequired: false,
      // By default the library requests only an ID Token, by form_post.
      authorizationParams: { response_type: "code", scope: "openid profile email offline_access" },
    }),
  );
  app.get("/token", async (request, response) => {
    const { accessToken } = request.oidc;
    const isDue = "refresh" in request.query || accessToken.isExpired();
    response.json({ token: (isDue ? await accessToken.refresh() : accessToken).access_token });
  });
  return app;
}
