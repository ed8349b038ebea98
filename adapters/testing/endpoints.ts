import { createAuthorization, echoState, PUSHED_LIFETIME } from "./authorization.js";
import { createAuthenticate } from "./client.js";
import type { Endpoint, EndpointFaults } from "./faults.js";
import { createGrants } from "./grants.js";
import type { AuthorizationResponse, TestProviderOptions } from "./provider-options.js";
import type { Claims, SigningAlg, SigningKeys } from "./tokens.js";

/** One request to an endpoint. */
export interface EndpointRequest {
  readonly method: string;
  /** The form of a POST, else the query. */
  readonly form: URLSearchParams;
  readonly authorization: string | null;
  readonly faults: EndpointFaults;
}

interface EndpointsOptions extends TestProviderOptions {
  readonly issuer: string;
  /** The issuer without a slash at its end. */
  readonly base: string;
  readonly clientId: string;
  readonly clientSecret: string;
  readonly user: Readonly<Claims>;
  readonly clock: { now(): number };
  readonly keys: SigningKeys;
  readonly signingAlg: SigningAlg;
}

/** The path of each endpoint, below the issuer. */
export const paths: Readonly<Record<Endpoint, string>> = {
  discovery: "/.well-known/openid-configuration",
  jwks: "/jwks",
  authorize: "/authorize",
  par: "/par",
  token: "/token",
  userinfo: "/userinfo",
  revocation: "/revoke",
  end_session: "/logout",
};

const refuse = (status: number, error: string, challenge?: string): Response =>
  Response.json({ error }, { status, headers: challenge ? { "www-authenticate": challenge } : {} });

const page = (html: string, status = 200): Response =>
  new Response(`<!doctype html><meta charset="utf-8">${html}`, { status, headers: { "content-type": "text/html" } });

/** The endpoints; the authorization, which the user and the test also act on; and `revoke`, which only the test calls. */
export async function createEndpoints(options: EndpointsOptions) {
  const { issuer, base, clientId, keys, clock } = options;
  const { offer = {}, accessTokenLifetime = 3600, rotateRefreshTokens = true } = options;
  const seconds = () => Math.floor(clock.now() / 1000);
  const grants = createGrants({ ...options, accessTokenLifetime, rotateRefreshTokens, seconds });
  const sendIss = offer.iss !== false;
  const authorization = createAuthorization({ ...options, sendIss, seconds, issueCode: grants.issueCode });
  const audiences = [issuer, base + paths.token, base + paths.par, base + paths.revocation];
  const isClient = await createAuthenticate({
    ...options,
    publicKey: options.clientPublicKey,
    audiences,
    now: clock.now,
  });

  /** Serves a request only if it is a POST (RFC 6749 3.2) of the authenticated client. */
  const fromClient =
    (serve: (request: EndpointRequest) => Response | Promise<Response>) => async (request: EndpointRequest) => {
      if (request.method !== "POST") return refuse(405, "invalid_request");
      const isRefused =
        request.faults.commits("invalid_client") || !(await isClient(request.form, request.authorization));
      // RFC 6749 5.2: the response names the scheme that the client used.
      if (isRefused) return refuse(401, "invalid_client", request.authorization === null ? undefined : "Basic");
      return serve(request);
    };

  const serve: Record<Endpoint, (request: EndpointRequest) => Response | Promise<Response>> = {
    discovery: ({ faults }) => Response.json(metadataOf(options, faults)),
    jwks: async ({ faults }) => Response.json(await keys.publicKeys(faults)),
    authorize({ form, faults }) {
      try {
        return toHttp(authorization.authorize(form, {}, faults));
      } catch (error) {
        const { name, message } = error as Error;
        if (name !== "TypeError") throw error;
        return page(`<title>This request cannot be served</title><p>${encode(message)}</p>`, 400);
      }
    },
    par: fromClient(({ form }) => {
      const error = authorization.pushError(form);
      if (error) return refuse(400, error);
      return Response.json({ request_uri: authorization.push(form), expires_in: PUSHED_LIFETIME }, { status: 201 });
    }),
    token: fromClient(({ form, faults }) => grants.token(form, faults)),
    userinfo({ authorization: header, faults }) {
      const token = /^Bearer +([^ ]+)$/i.exec(header ?? "")?.[1];
      // RFC 6750 3.1: a request without a token gets no error code in the challenge.
      if (token === undefined) return refuse(401, "invalid_request", "Bearer");
      const user = grants.userOf(token);
      if (!user) return refuse(401, "invalid_token", 'Bearer error="invalid_token"');
      return Response.json(faults.commits("userinfo_of_another_subject") ? { ...user, sub: `${user["sub"]}1` } : user);
    },
    revocation: fromClient(({ form }) => {
      grants.revoke(form.get("token") ?? "");
      return new Response(null);
    }),
    /** RP-Initiated Logout 2 and 3. */
    async end_session({ form, faults }) {
      const hint = form.get("id_token_hint");
      const target = form.get("post_logout_redirect_uri");
      const isFromClient = hint === null ? form.get("client_id") === clientId : await isOwnHint(hint);
      if (!isFromClient || (target !== null && !URL.canParse(target)))
        return page("<title>This request cannot be served</title>", 400);
      authorization.signOut();
      if (target === null) return page("<title>You are signed out</title>");
      const back = new URL(target);
      echoState(back.searchParams, form, faults);
      return redirect(back.href);
    },
  };
  const isOwnHint = (hint: string) => keys.isOwn(hint, { issuer, audience: clientId });

  return { serve, authorization, revoke: grants.revoke };
}

const redirect = (location: string): Response => new Response(null, { status: 303, headers: { location } });

/** Text in HTML. */
const encode = (text: string): string => text.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);

/** An authorization response as HTTP: a redirect, or a page that submits a form (OAuth 2.0 Form Post Response Mode 2). */
function toHttp({ url, body }: AuthorizationResponse): Response {
  if (body === undefined) return redirect(url);
  const inputs = [...new URLSearchParams(body)]
    .map(([name, value]) => `<input type="hidden" name="${encode(name)}" value="${encode(value)}">`)
    .join("");
  return page(
    `<title>Signing in</title><body onload="document.forms[0].submit()"><form method="post" action="${encode(url)}">${inputs}</form>`,
  );
}

/** The discovery document (OpenID Connect Discovery 3). */
function metadataOf(options: EndpointsOptions, faults: EndpointFaults): Claims {
  const { issuer, base, signingAlg, offer = {}, clientSecret, clientPublicKey } = options;
  const secretMethods = clientSecret === "" ? ["none"] : ["client_secret_basic", "client_secret_post"];
  const at = (endpoint: Endpoint, name: string, isOffered = true) =>
    isOffered ? { [name]: base + paths[endpoint] } : {};
  return {
    issuer: faults.commits("wrong_issuer_in_discovery") ? "https://another.example" : issuer,
    ...at("authorize", "authorization_endpoint"),
    ...at("token", "token_endpoint"),
    ...at("jwks", "jwks_uri"),
    ...at("userinfo", "userinfo_endpoint", offer.userinfo),
    ...at("revocation", "revocation_endpoint", offer.revocation),
    ...at("end_session", "end_session_endpoint", offer.endSession),
    ...at("par", "pushed_authorization_request_endpoint", offer.par === true),
    response_types_supported: ["code"],
    response_modes_supported: ["query", "form_post"],
    grant_types_supported: ["authorization_code", "refresh_token", "urn:ietf:params:oauth:grant-type:token-exchange"],
    subject_types_supported: ["public"],
    id_token_signing_alg_values_supported: [signingAlg],
    code_challenge_methods_supported: ["S256"],
    token_endpoint_auth_methods_supported: clientPublicKey ? ["private_key_jwt"] : secretMethods,
    ...(clientPublicKey ? { token_endpoint_auth_signing_alg_values_supported: [clientPublicKey["alg"]] } : {}),
    authorization_response_iss_parameter_supported: offer.iss !== false,
  };
}
