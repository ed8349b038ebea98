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

/** What jose throws when the issuer does not answer, answers too late, or answers with something else than keys. */
const keysUnavailable = ["none", "ERR_JOSE_GENERIC", "ERR_JWKS_TIMEOUT", "ERR_JWKS_INVALID"];

/**
 * Starts the protected API: GET /shows for whoever brings an access token that the issuer signed for this API (RFC 9068)
 * with the scope `read:shows`. Its own origin is its resource indicator and audience (RFC 8707).
 * @param {{ issuer: () => string, port?: number, host?: string, allowOrigin?: string | undefined }} options `issuer` is asked at
 *   the first request, since the provider must know the API's address before it starts; pages of `allowOrigin` may call it
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
  const decide = async (authorization) => {
    const token = /^Bearer ([\w.~+/-]+=*)$/i.exec(authorization ?? "")?.[1];
    if (token === undefined) return { status: 401, challenge: "Bearer" };
    try {
      const { sub, scope } = await verify(token);
      if (String(scope).split(" ").includes("read:shows")) return { status: 200, body: { sub, shows } };
      return { status: 403, challenge: 'Bearer error="insufficient_scope", scope="read:shows"' };
    } catch (error) {
      // RFC 6750 3.1: what is wrong with a token is `invalid_token`. Keys that cannot be fetched are not the token's fault.
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
    const found = request.method === "GET" && request.url === "/shows";
    const { status, challenge, body } = found ? await decide(request.headers.authorization) : { status: 404 };
    if (challenge) response.setHeader("www-authenticate", challenge);
    response.writeHead(status, { "content-type": "application/json", "cache-control": "no-store" });
    response.end(JSON.stringify(body ?? { error: status }));
  });
  return { origin, close: () => close(server) };
}
