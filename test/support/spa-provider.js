import { createServer } from "node:http";
import { exportJWK, generateKeyPair } from "jose";
import Provider, { errors } from "oidc-provider";

export const SHOWS = "http://api.test/shows";
export const PAY = "http://api.test/pay";
const APIS = { [SHOWS]: "read:shows", [PAY]: "pay" };

/** One key for all providers of a process: making a key takes longer than a sign-in. @type {Promise<import("jose").JWK> | undefined} */
let signingKey;

/** @param {import("node:http").Server} server @returns {Promise<void>} */
const close = (server) =>
  new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });

/**
 * A real provider for a public client that runs in a page.
 * @param {import("./spa-provider.types.js").SpaProviderOptions} options
 * @returns {Promise<import("./spa-provider.types.js").SpaProvider>}
 */
export async function startSpaProvider(options) {
  const { origins, host = "localhost", accessTokenLifetime = 600, refreshTokens = false, thirdParty = false } = options;
  const server = createServer();
  await new Promise((resolve) => server.listen(0, host, resolve));
  const issuer = `http://${host}:${/** @type {import("node:net").AddressInfo} */ (server.address()).port}`;
  signingKey ??= generateKeyPair("RS256", { extractable: true }).then(({ privateKey }) => exportJWK(privateKey));
  const cookie = { httpOnly: true, sameSite: thirdParty ? "none" : "lax" };
  /** @type {string[]} */
  const grants = [];
  /** @type {any[]} */
  const issued = [];
  /** @type {string[]} */
  const authorizations = [];
  /** @type {string[]} */
  const urls = [];
  /** @type {Map<string, number>} */
  const delays = new Map();
  /** @type {Set<string>} */
  const broken = new Set();
  /** @type {Set<string>} */
  const sessions = new Set();
  const configuration = {
    jwks: { keys: [{ ...(await signingKey), kid: "k1", alg: "RS256", use: "sig" }] },
    cookies: { keys: ["only a test"], long: cookie, short: cookie },
    clients: ["spa", "other"].map((client_id) => ({
      client_id,
      application_type: "web",
      token_endpoint_auth_method: "none",
      grant_types: ["authorization_code", "refresh_token"],
      response_types: ["code"],
      redirect_uris: origins.flatMap((origin) =>
        ["/callback/", "/callback", "/callback/?other", "/silent.html", "/auth/callback"].map((path) => origin + path),
      ),
      post_logout_redirect_uris: origins.map((origin) => `${origin}/`),
    })),
    claims: { openid: ["sub"], email: ["email"], profile: ["name"] },
    conformIdTokenClaims: false,
    rotateRefreshToken: true,
    extraParams: ["audience"],
    issueRefreshToken: (_ctx, _client, code) => refreshTokens || code.scopes.has("offline_access"),
    // A public client's pages have the origins of its redirect URIs.
    clientBasedCORS: (_ctx, origin, client) => client.redirectUris.some((uri) => new URL(uri).origin === origin),
    features: {
      devInteractions: { enabled: true },
      revocation: { enabled: true },
      rpInitiatedLogout: {
        enabled: true,
        logoutSource: async (ctx, form) => {
          const field = '<input type="hidden" name="logout" value="yes"></form>';
          ctx.body = `<!doctype html><title>bye</title>${form.replace("</form>", field)}<script>document.forms[0].submit()</script>`;
        },
      },
      resourceIndicators: {
        enabled: true,
        useGrantedResource: () => true,
        // An audience is requested as at Auth0, one at a time; a refresh token is bound to the first one.
        defaultResource: async (ctx, _client, oneOf) =>
          oneOf?.[0] ?? Object.keys(APIS).find((api) => api === ctx.oidc.params?.audience),
        getResourceServerInfo: async (_ctx, id) => {
          const scope = APIS[id];
          if (!scope) throw new errors.InvalidTarget();
          return { scope, audience: id, accessTokenFormat: "jwt", accessTokenTTL: accessTokenLifetime };
        },
      },
    },
    ttl: {
      AccessToken: accessTokenLifetime,
      IdToken: 3600,
      Interaction: 900,
      RefreshToken: 86400,
      Session: 86400,
      Grant: 86400,
    },
    findAccount: async (_ctx, sub) => ({
      accountId: sub,
      claims: async () => ({ sub, name: sub, email: `${sub}@people.test` }),
    }),
    ...(options.consent
      ? {}
      : {
          // No consent page: a grant that was revoked is created again.
          async loadExistingGrant({ oidc }) {
            const { provider: op, client, session, result } = oidc;
            const id = result?.consent?.grantId ?? session.grantIdFor(client.clientId);
            const old = id && (await op.Grant.find(id));
            if (old) return old;
            const grant = new op.Grant({ clientId: client.clientId, accountId: session.accountId });
            grant.addOIDCScope("openid email profile offline_access");
            for (const [api, scope] of Object.entries(APIS)) grant.addResourceScope(api, scope);
            await grant.save();
            return grant;
          },
        }),
  };
  const provider = new Provider(issuer, configuration);
  provider.on("grant.success", (ctx) => {
    grants.push(String(ctx.oidc.params?.grant_type));
    issued.push(ctx.body);
  });
  provider.on("grant.error", (ctx) => void grants.push(`!${String(ctx.oidc.params?.grant_type)}`));
  for (const end of ["success", "error"]) {
    provider.on(`authorization.${end}`, (ctx) => void authorizations.push(ctx.oidc.params?.prompt ?? ""));
  }
  provider.on("session.saved", (session) => void sessions.add(session.jti));
  const handle = provider.callback();
  server.on("request", async (req, res) => {
    const { pathname } = new URL(req.url ?? "", issuer);
    urls.push(req.url ?? "");
    const { setHeader } = res;
    if (thirdParty) {
      res.setHeader = (name, value) =>
        name.toLowerCase() === "set-cookie"
          ? setHeader.call(
              res,
              name,
              [value].flat().map((line) => `${line}; secure`),
            )
          : setHeader.call(res, name, value);
    }
    if (options.openerPolicy) res.setHeader("cross-origin-opener-policy", options.openerPolicy);
    const delay = delays.get(pathname);
    const { end } = res;
    if (options.autoSignIn && pathname.startsWith("/interaction/") && req.method === "GET") {
      const script = `<script>
        const { login, password } = document.forms[0].elements;
        login.value = ${JSON.stringify(options.autoSignIn)};
        password.value = "x";
        document.forms[0].submit();
      </script>`;
      res.removeHeader("content-length");
      res.end = (body) => {
        res.removeHeader("content-length");
        return end.call(res, `${body}${script}`);
      };
    }
    if (delay) res.end = (...args) => void setTimeout(() => end.apply(res, args), delay);
    if (!broken.has(pathname)) return void handle(req, res);
    res.writeHead(503, { "access-control-allow-origin": "*" }).end();
  });
  return {
    issuer,
    grants,
    issued,
    authorizations,
    urls,
    delays,
    broken,
    async forgetSessions() {
      for (const id of sessions) await (await provider.Session.find(id))?.destroy();
    },
    stop: () => close(server),
  };
}
