/**
 * better-auth as an OpenID Provider, with the pages that its users write themselves. It is a process of its own: `node
 * better-auth-server.js` with the port, the user and the clients as JSON in the variable SETTINGS.
 */
import { createServer } from "node:http";
import { oauthProvider } from "@better-auth/oauth-provider";
import { betterAuth } from "better-auth";
import { memoryAdapter } from "better-auth/adapters/memory";
import { toNodeHandler } from "better-auth/node";
import { jwt } from "better-auth/plugins";

const { port, user, clients } = JSON.parse(process.env.SETTINGS);
const origin = `http://localhost:${port}`;
const next = { id: "", secret: "" };
const tables = [
  "user",
  "session",
  "account",
  "verification",
  "jwks",
  "rateLimit",
  "oauthClient",
  "oauthRefreshToken",
  "oauthAccessToken",
  "oauthConsent",
  "oauthClientResource",
  "oauthResource",
  "oauthClientAssertion",
];
const database = Object.fromEntries(tables.map((name) => [name, []]));

const auth = betterAuth({
  baseURL: origin,
  secret: "only for the tests: at least thirty-two characters",
  database: memoryAdapter(database),
  emailAndPassword: { enabled: true },
  rateLimit: { enabled: false },
  telemetry: { enabled: false },
  disabledPaths: ["/token"],
  plugins: [
    jwt({ jwks: { keyPairConfig: { alg: "RS256", modulusLength: 2048 } } }),
    oauthProvider({
      loginPage: "/sign-in",
      consentPage: "/consent",
      scopes: ["openid", "profile", "email", "offline_access"],
      generateClientId: () => next.id,
      generateClientSecret: () => next.secret,
      silenceWarnings: { oauthAuthServerConfig: true, openidConfig: true },
    }),
  ],
});

const { headers: signedUp } = await auth.api.signUpEmail({ body: user, returnHeaders: true });
const headers = new Headers({
  cookie: signedUp
    .getSetCookie()
    .map((line) => line.replace(/;.*/, ""))
    .join("; "),
});
for (const { id, secret, publicKey, redirectUri, postLogoutUri, backchannelUri } of clients) {
  Object.assign(next, { id, secret: secret ?? "" });
  await auth.api.adminCreateOAuthClient({
    headers,
    body: {
      redirect_uris: [redirectUri],
      post_logout_redirect_uris: [postLogoutUri],
      scope: "openid profile email offline_access",
      grant_types: ["authorization_code", "refresh_token"],
      token_endpoint_auth_method: publicKey ? "private_key_jwt" : secret ? "client_secret_basic" : "none",
      enable_end_session: true,
      // A web client may not have a redirect URI on this machine.
      application_type: "native",
      ...(publicKey ? { jwks: { keys: [publicKey] } } : {}),
    },
  });
  // The registration refuses a URI on this machine, and one without TLS.
  const row = database.oauthClient.find(({ clientId }) => clientId === id);
  if (backchannelUri)
    Object.assign(row, { backchannelLogoutUri: backchannelUri, backchannelLogoutSessionRequired: true });
}

/** A page with one form, whose fields a script sends as JSON, with the query that better-auth signed. */
const page = (title, fields, path, values) => `<!doctype html><title>${title}</title>
<form id="${title}">${fields}<button>${title}</button></form>
<script type="module">
const form = document.querySelector("form");
form.onsubmit = async (event) => {
  event.preventDefault();
  const body = { ...Object.fromEntries(new FormData(form)), ...${JSON.stringify(values)}, oauth_query: location.search.slice(1) };
  const response = await fetch("/api/auth/${path}", { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) });
  const answer = await response.json();
  if (answer.url) location.href = answer.url;
  else document.body.append(JSON.stringify(answer));
};
</script>`;
const pages = {
  "/sign-in": page("sign-in", '<input name="email"><input name="password" type="password">', "sign-in/email", {}),
  "/consent": page("consent", "", "oauth2/consent", { accept: true }),
};

const handle = toNodeHandler(auth.handler);
createServer((req, res) => {
  const { pathname } = new URL(req.url, origin);
  if (pages[pathname]) return res.writeHead(200, { "content-type": "text/html" }).end(pages[pathname]);
  // The page's client is on another origin. better-auth leaves CORS to the server that it is mounted in.
  res.setHeader("access-control-allow-origin", req.headers.origin ?? "*");
  if (req.method === "OPTIONS")
    return res
      .writeHead(204, {
        "access-control-allow-headers": "authorization, content-type",
        "access-control-allow-methods": "GET, POST",
      })
      .end();
  return handle(req, res);
}).listen(port, "localhost");
