import { createRemoteJWKSet } from "jose/jwks/remote";
import { jwtVerify } from "jose/jwt/verify";
import { close, listen } from "./listen.js";

const shows = [
  { id: 1, title: "The Sky Tonight", hall: "Dome", minutes: 45 },
  { id: 2, title: "Black Holes, Slowly", hall: "Dome", minutes: 60 },
  { id: 3, title: "Mars for Beginners", hall: "Studio", minutes: 30 },
];

/** The claims that RFC 9068 2.2 requires of an access token. */
const requiredClaims = ["exp", "iat", "sub", "jti", "client_id"];

/** The codes of jose's errors when the issuer cannot be reached, times out, or returns something other than a key set. */
const keysUnavailable = ["none", "ERR_JOSE_GENERIC", "ERR_JWKS_TIMEOUT", "ERR_JWKS_INVALID"];

/**
 * Starts the protected API. GET /shows requires an access token that the issuer signed for this API (RFC 9068), with the
 * scope `read:shows`. The API's origin is its resource indicator and the audience of its tokens (RFC 8707).
 * @param {{ issuer: () => string, port?: number, host?: string, allowOrigin?: string | undefined }} options `issuer` is a
 *   function, called at the first request, because the provider starts after the API; `allowOrigin`: pages of this origin
 *   may call the API (CORS)
 */
export async function startApi({ issuer, port = 0, host = "localhost", allowOrigin }) {
  const { server, origin } = await listen(host, port);
  /** @type {ReturnType<typeof createRemoteJWKSet> | undefined} */
  let keys;

  /** @param {string} token */
  const verify = async (token) => {
    keys ??= createRemoteJWKSet(new URL("/jwks", issuer()));
    const options = { issuer: issuer(), audience: origin, typ: "at+jwt", algorithms: ["RS256"], requiredClaims };
    return (await jwtVerify(token, keys, options)).payload;
  };

  /** @param {string | undefined} authorization */
  const authorize = async (authorization) => {
    const token = /^Bearer ([\w.~+/-]+=*)$/i.exec(authorization ?? "")?.[1];
    if (token === undefined) return { status: 401, challenge: "Bearer" };
    try {
      const { sub, scope } = await verify(token);
      if (String(scope).split(" ").includes("read:shows")) return { status: 200, body: { sub, shows } };
      return { status: 403, challenge: 'Bearer error="insufficient_scope", scope="read:shows"' };
    } catch (error) {
      // RFC 6750 3.1: a bad token is `invalid_token`. If the keys cannot be fetched, the token is not to blame: 503.
      const code = error instanceof Error && "code" in error ? String(error.code) : "none";
      if (keysUnavailable.includes(code)) return { status: 503 };
      return { status: 401, challenge: 'Bearer error="invalid_token"' };
    }
  };

  server.on("request", async (request, response) => {
    if (allowOrigin) {
      response.setHeader("access-control-allow-origin", allowOrigin);
      response.setHeader("access-control-allow-headers", "authorization");
      if (request.method === "OPTIONS") return response.writeHead(204).end();
    }
    const isShows = request.method === "GET" && request.url === "/shows";
    const { status, challenge, body } = isShows ? await authorize(request.headers.authorization) : { status: 404 };
    if (challenge) response.setHeader("www-authenticate", challenge);
    response.writeHead(status, { "content-type": "application/json", "cache-control": "no-store" });
    response.end(JSON.stringify(body ?? { error: status }));
  });
  return { origin, close: () => close(server) };
}
