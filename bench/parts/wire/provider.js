import { createSign, generateKeyPairSync, randomUUID } from "node:crypto";
import { tokens, user } from "../../reference.js";

const decoded = (jwt, part) => JSON.parse(Buffer.from(jwt.split(".")[part], "base64url").toString());
const segment = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");

const header = decoded(tokens.idToken, 0);
const claims = decoded(tokens.idToken, 1);

/** The issuer and the client of the reference tokens. */
export const ISSUER = claims.iss;
export const CLIENT_ID = claims.aud;
export const CLIENT_SECRET = "the client secret of the bench";
export const SCOPE = tokens.scope;
/** The time when the reference tokens were issued, in milliseconds. */
export const ISSUED_AT = claims.iat * 1000;

/**
 * The provider of the reference session, as a `fetch`: it issues the reference tokens. Only the ID Token is signed again, with
 * the nonce of the sign-in, by a key of the same size and id, so that it has as many bytes.
 */
export function createProvider() {
  const { publicKey, privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const jwks = { keys: [{ ...publicKey.export({ format: "jwk" }), kid: header.kid, alg: "RS256", use: "sig" }] };
  const nonces = new Map();

  function idToken(nonce) {
    const unsigned = `${segment(header)}.${segment({ ...claims, nonce })}`;
    return `${unsigned}.${createSign("RSA-SHA256").update(unsigned).sign(privateKey, "base64url")}`;
  }

  const redeem = (code) => ({
    access_token: tokens.accessToken,
    id_token: idToken(nonces.get(code)),
    refresh_token: tokens.refreshToken,
    scope: tokens.scope,
    token_type: "Bearer",
    expires_in: tokens.expiresAt - claims.iat,
  });

  return {
    async fetch(input, init) {
      const request = new Request(input, init);
      const { origin, pathname } = new URL(request.url);
      if (`${origin}/` !== ISSUER) throw new TypeError(`no network here: ${request.url}`);
      if (pathname === "/.well-known/openid-configuration") return Response.json(METADATA);
      if (pathname === "/jwks") return Response.json(jwks);
      if (pathname === "/userinfo") return Response.json(user);
      return Response.json(redeem(new URLSearchParams(await request.text()).get("code")));
    },
    /** The browser's next request after the user signed in at the provider. @returns {{ url: string, form?: string }} */
    authorize(url) {
      const parameters = new URL(url).searchParams;
      const code = randomUUID();
      nonces.set(code, parameters.get("nonce") ?? undefined);
      const response = new URLSearchParams({ code, state: parameters.get("state") });
      const back = parameters.get("redirect_uri");
      return parameters.get("response_mode") === "form_post"
        ? { url: back, form: `${response}` }
        : { url: `${back}?${response}` };
    },
  };
}

const METADATA = {
  issuer: ISSUER,
  authorization_endpoint: `${ISSUER}authorize`,
  token_endpoint: `${ISSUER}token`,
  userinfo_endpoint: `${ISSUER}userinfo`,
  jwks_uri: `${ISSUER}jwks`,
  response_types_supported: ["code"],
  response_modes_supported: ["query", "form_post"],
  subject_types_supported: ["public"],
  id_token_signing_alg_values_supported: ["RS256"],
  token_endpoint_auth_methods_supported: ["client_secret_basic", "client_secret_post"],
  code_challenge_methods_supported: ["S256"],
};
